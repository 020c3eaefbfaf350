// Joins the parts: the place in the address, what the server says, and what is on the page.

import * as api from "./api.js";
import { Composer } from "./composer.js";
import { byId } from "./dom.js";
import { moment, nameOf } from "./format.js";
import { confirm, modal, pickEmoji } from "./layers.js";
import { MessageList } from "./list.js";
import { drawSide } from "./side.js";
import { drawWelcome } from "./welcome.js";
import { THREADS, World } from "./world.js";

const TYPING_MS = 10_000;
const MINUTE_MS = 30_000;
const RETRY_MS = 2_000;
const TOGETHER_MS = 60;
const PATIENCE_MS = 10_000;

class App {
  constructor() {
    this.world = new World();
    this.here = { guild: null, channelId: null, userId: null };
    this.dismissed = new Set();
    this.typing = new Map();
    this.examples = [];
    this.visit = 0;
    this.names = {
      user: (id) => this.world.userName(id),
      channel: (id) => this.world.channel(id)?.name,
      role: (id) => this.world.role(id)?.name,
      open: (id) => this.open(id),
      me: null,
    };
    this.list = new MessageList(byId("messages"), byId("scroller"), byId("to-end"), this.context());
    this.composer = new Composer(byId("composer"), this.context());
  }

  /** What drawing and typing may ask of the page. */
  context() {
    const layers = byId("layers");
    return {
      world: this.world,
      names: this.names,
      dismissed: this.dismissed,
      me: () => this.here.userId,
      guild: () => this.here.guild,
      here: () => ({ guild_id: this.here.guild?.id, channel_id: this.here.channelId, user_id: this.here.userId }),
      commands: () => this.world.commands(this.here.guild),
      resolver: () => ({ member: (text) => this.member(text), place: (text) => this.place(text) }),
      lastOwn: () => this.list.messages.findLast((message) => message.author.id === this.here.userId && [0, 19].includes(message.type)),
      open: (id) => this.open(id),
      jump: (id) => this.list.jumpTo(id),
      complain: (text) => this.complain(text),
      answered: (answer) => this.answered(answer),
      sent: () => this.begun(),
      settled: (known) => this.settled(known),
      react: (message, emoji, remove) => this.try(() => api.react({ ...this.at(message), emoji, ...(remove ? { remove: true } : {}) })),
      pickEmoji: (anchor, message) => pickEmoji(layers, anchor, (emoji) => this.try(() => api.react({ ...this.at(message), emoji }))),
      press: (message, customId, values, node) => this.press(message, customId, values, node),
      reply: (message) => this.composer.reply(message),
      edit: (message) => this.composer.edit(message),
      remove: (message) => confirm(layers, "Delete this message?", "Delete", () => this.try(() => api.removeMessage(message.channel_id, message.id, this.here.userId))),
      dismiss: (id) => {
        this.dismissed.add(id);
        this.list.remove(id);
      },
    };
  }

  at(message) {
    return { channel_id: message.channel_id, message_id: message.id, user_id: this.here.userId };
  }

  async start() {
    addEventListener("hashchange", () => this.moved());
    byId("menu").addEventListener("click", () => document.body.classList.toggle("side-open"));
    byId("main").addEventListener("click", (event) => event.target.closest("#menu") || document.body.classList.remove("side-open"));
    this.watchDrops(byId("main"));
    addEventListener("keydown", (event) => this.typedAnywhere(event));
    setInterval(() => this.refreshMoments(), MINUTE_MS);
    setInterval(() => this.botMissing() && this.reload(), RETRY_MS);
    api.examples().then((examples) => {
      this.examples = examples;
      this.drawFrame();
    });
    await this.reload();
    this.composer.focus();
  }

  /** Wait until the page knows where it is and `known()` holds, or a bot is there and it still does not. */
  async settled(known) {
    const end = Date.now() + PATIENCE_MS;
    while (Date.now() < end) {
      await this.reload();
      if (known() || (this.here.channelId && !this.botMissing())) return;
      this.complain("Waiting for the bot…");
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS / 4));
    }
  }

  botMissing() {
    return !this.world.bots.some((bot) => bot.connected && bot.commands?.length);
  }

  // Where one is. The address holds it, so that a reload shows the same place.

  link(change) {
    const place = { guild: this.here.guild?.id, channel: this.here.channelId, as: this.here.userId, ...change };
    const given = Object.entries(place).filter(([, value]) => value);
    return `#${new URLSearchParams(given)}`;
  }

  open(channelId) {
    location.hash = this.link({ guild: this.world.guildOf(channelId)?.id ?? this.here.guild?.id, channel: channelId });
  }

  /** Read the address; fall back to the first server, its owner, its first channel. */
  target() {
    const asked = new URLSearchParams(location.hash.slice(1));
    const guild = this.world.guildOf(asked.get("channel")) ?? this.world.guild(asked.get("guild")) ?? this.world.guilds[0] ?? null;
    const people = this.world.people(guild);
    const user = people.find((one) => one.id === asked.get("as")) ?? people.find((one) => one.id === guild?.owner_id) ?? people[0];
    const channel = this.world.channel(asked.get("channel")) ?? (guild ? this.world.places(guild)[0]?.channels[0] : null);
    return { guild, userId: user?.id ?? null, channelId: channel?.id ?? null };
  }

  /** Take up the place that the address names; does nothing twice. */
  async moved() {
    const before = this.here;
    this.here = this.target();
    this.names.me = this.here.userId;
    this.world.unread.delete(this.here.channelId);
    if (before.channelId !== this.here.channelId) {
      this.complain("");
      document.body.classList.remove("side-open");
    }
    this.drawFrame(before.channelId);
    if (before.userId !== this.here.userId) this.follow();
    if (before.userId !== this.here.userId || before.channelId !== this.here.channelId) await this.readMessages();
  }

  async readMessages() {
    this.visit += 1;
    const visit = this.visit;
    const { channelId, userId } = this.here;
    this.used = false;
    this.list.show([]);
    this.typing.clear();
    this.drawTyping();
    if (!channelId || !userId) return;
    try {
      this.arriving = [];
      const messages = await api.messages(channelId, userId);
      if (visit !== this.visit) return;
      for (const message of messages) this.world.meet(message.author);
      this.list.show(messages);
      if (messages.length) this.begun();
      for (const [name, payload] of this.arriving) this.messageEvent(name, payload);
    } catch (error) {
      if (visit === this.visit) this.complain(error.message);
    } finally {
      if (visit === this.visit) this.arriving = null;
    }
  }

  // What the server says

  async reload() {
    try {
      this.world.read(await api.state());
    } catch (error) {
      this.complain(error.message);
      return;
    }
    await this.moved();
  }

  /** Several changes at once are one look at the state. */
  reloadSoon() {
    clearTimeout(this.reloading);
    this.reloading = setTimeout(() => this.reload(), TOGETHER_MS);
  }

  follow() {
    this.unfollow?.();
    if (!this.here.userId) return;
    let lost = false;
    this.unfollow = api.follow(
      this.here.userId,
      (name, payload) => this.event(name, payload),
      (connected) => {
        byId("connection").textContent = connected ? "" : "Connection lost. Trying again…";
        if (connected && lost) this.reload().then(() => this.readMessages());
        lost = !connected;
      },
    );
  }

  event(name, payload) {
    if (name === "TYPING_START") this.typed(payload);
    else if (name.startsWith("MESSAGE_")) this.anyMessageEvent(name, payload);
    else if (name !== "INTERACTION_CREATE" && name !== "THREAD_MEMBERS_UPDATE") this.reloadSoon();
  }

  anyMessageEvent(name, payload) {
    if (name === "MESSAGE_CREATE") {
      this.world.meet(payload.author);
      if (!this.world.channel(payload.channel_id)) this.reloadSoon();
    }
    if (name === "MESSAGE_CREATE" || name === "MESSAGE_DELETE") this.countInThread(payload.channel_id, name.endsWith("CREATE") ? 1 : -1);
    if (payload.channel_id !== this.here.channelId) {
      if (name !== "MESSAGE_CREATE" || payload.author.id === this.here.userId) return;
      this.world.unread.add(payload.channel_id);
      this.drawFrame();
    } else if (this.arriving) {
      this.arriving.push([name, payload]);
    } else {
      this.messageEvent(name, payload);
    }
  }

  /** Once something was said here, the examples for newcomers leave. */
  begun() {
    if (this.used) return;
    this.used = true;
    this.drawFrame();
  }

  /** The card of a thread counts along; the server says the number only with other changes. */
  countInThread(channelId, step) {
    const channel = this.world.channel(channelId);
    if (!channel || !THREADS.has(channel.type)) return;
    channel.message_count = Math.max(0, (channel.message_count ?? 0) + step);
    if (channel.parent_id === this.here.channelId) this.list.refresh(channel.id);
  }

  messageEvent(name, payload) {
    switch (name) {
      case "MESSAGE_CREATE":
        this.begun();
        this.stoppedTyping(payload.author.id);
        this.list.put(payload);
        break;
      case "MESSAGE_UPDATE":
        if (this.list.find(payload.id)) this.list.put({ ...this.list.find(payload.id), ...payload });
        break;
      case "MESSAGE_DELETE":
        this.list.remove(payload.id);
        break;
      case "MESSAGE_DELETE_BULK":
        for (const id of payload.ids ?? []) this.list.remove(id);
        break;
      case "MESSAGE_REACTION_ADD":
      case "MESSAGE_REACTION_REMOVE":
        this.list.reacted(payload, name.endsWith("ADD"));
        break;
      case "MESSAGE_REACTION_REMOVE_ALL":
      case "MESSAGE_REACTION_REMOVE_EMOJI":
        this.list.cleared(payload.message_id, payload.emoji);
        break;
      default:
        break;
    }
  }

  typed({ channel_id: channel, user_id: user }) {
    if (channel !== this.here.channelId || user === this.here.userId) return;
    clearTimeout(this.typing.get(user));
    this.typing.set(user, setTimeout(() => this.stoppedTyping(user), TYPING_MS));
    this.drawTyping();
  }

  stoppedTyping(user) {
    clearTimeout(this.typing.get(user));
    if (this.typing.delete(user)) this.drawTyping();
  }

  // What a person does

  async try(work) {
    this.complain("");
    try {
      return await work();
    } catch (error) {
      this.complain(error.message);
      return null;
    }
  }

  async press(message, customId, values, node) {
    node?.classList.add("waiting");
    const answer = await this.try(() => api.press({ ...this.at(message), custom_id: customId, ...(values ? { values } : {}) }));
    node?.classList.remove("waiting");
    if (answer) this.answered(answer);
  }

  /** What a bot answered: a message comes by itself, a modal opens. */
  answered(answer) {
    if (answer?.error) this.complain(answer.error);
    const response = answer?.response;
    if (!response?.title || !response.components) return;
    modal(byId("layers"), response, this.names, async (values) => {
      this.answered(await api.submitModal({ interaction_id: answer.interaction_id, user_id: this.here.userId, values }));
    });
  }

  member(text) {
    const id = /^<@!?(\d+)>$|^(\d+)$/.exec(text);
    const name = text.replace(/^@/, "").toLowerCase();
    const fits = (user) => (id ? user.id === (id[1] ?? id[2]) : user.username.toLowerCase() === name || nameOf(user).toLowerCase() === name);
    return this.world.members(this.here.guild).find(fits)?.id;
  }

  place(text) {
    const id = /^<#(\d+)>$|^(\d+)$/.exec(text);
    const name = text.replace(/^#/, "").toLowerCase();
    const all = [...this.world.channels.values()];
    return all.find((channel) => (id ? channel.id === (id[1] ?? id[2]) : channel.name?.toLowerCase() === name))?.id;
  }

  /** Letters typed while nothing else wants them go into the message box. */
  typedAnywhere(event) {
    const plain = event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (plain && !document.querySelector("dialog[open]") && !event.target.closest?.("textarea, input, select")) this.composer.focus();
  }

  watchDrops(area) {
    area.addEventListener("dragover", (event) => {
      event.preventDefault();
      area.classList.add("dropping");
    });
    for (const name of ["dragover", "drop"]) addEventListener(name, (event) => event.preventDefault()); // a file beside it is not opened
    area.addEventListener("dragleave", (event) => area.contains(event.relatedTarget) || area.classList.remove("dropping"));
    area.addEventListener("drop", (event) => {
      event.preventDefault();
      area.classList.remove("dropping");
      this.composer.add(event.dataTransfer.files);
    });
  }

  // Drawing

  drawFrame(from = this.here.channelId) {
    const channel = this.world.channel(this.here.channelId);
    const thread = channel && THREADS.has(channel.type);
    drawSide(this.world, this.here, (change) => this.link(change), (id) => (location.hash = this.link({ as: id })));
    byId("title").textContent = channel ? `${thread ? "" : "# "}${channel.name}` : "";
    byId("topic").textContent = thread ? `in #${this.world.channel(channel.parent_id)?.name ?? "?"}` : channel?.topic ?? "";
    document.title = channel ? `${thread ? "" : "#"}${channel.name} – Playground` : "Playground";
    drawWelcome(
      byId("welcome"),
      { channel, commands: this.world.commands(this.here.guild), bots: this.world.bots, examples: this.used ? [] : this.examples },
      (text) => this.composer.put(text),
    );
    const writable = this.world.writable(channel);
    const label = writable ? `Message ${thread ? "" : "#"}${channel.name}` : "You cannot write here";
    this.composer.move(from, this.here.channelId, label, writable);
  }

  drawTyping() {
    const who = [...this.typing.keys()].map((id) => this.world.userName(id) ?? "Somebody");
    byId("typing").textContent = who.length ? `${who.join(", ")} ${who.length === 1 ? "is" : "are"} typing…` : "";
  }

  complain(text) {
    byId("alert").textContent = text;
  }

  refreshMoments() {
    for (const node of document.querySelectorAll("time[data-moment]")) {
      node.textContent = moment(new Date(Number(node.dataset.moment) * 1000), "R");
    }
  }
}

new App().start();
