// The message box: text, files, replies, edits and slash commands.

import * as api from "./api.js";
import { button, fill, h } from "./dom.js";
import { nameOf, size } from "./format.js";
import * as slash from "./slash.js";
import { Suggestions, answeredItems, commandItems, valueItems } from "./suggest.js";

const MOST_FILES = 10;
const ASK_AFTER_MS = 250;
const COMMAND = /^\/[\p{L}\p{N}]/u;

export class Composer {
  constructor(form, ctx) {
    this.ctx = ctx;
    this.files = [];
    this.replyTo = null;
    this.editing = null;
    this.pending = 0;
    this.drafts = new Map();
    this.build(form);
  }

  build(form) {
    this.box = h("textarea", { id: "box", rows: "1", "aria-autocomplete": "list", enterkeyhint: "send", spellcheck: "true" });
    this.picker = h("input", { type: "file", multiple: true, hidden: true, tabindex: "-1", "aria-hidden": "true" });
    this.list = h("div", { class: "suggestions", hidden: true });
    this.bar = h("div", { class: "bar" });
    this.chips = h("ul", { class: "chips", "aria-label": "Files to send" });
    this.options = h("div", { class: "options", role: "group", "aria-label": "Options of the command" });
    const attach = button("+", () => this.picker.click(), { class: "icon-button", "aria-label": "Add files", title: "Add files" });
    this.send = h("button", { type: "submit", class: "icon-button send", "aria-label": "Send", title: "Send" }, "➤");
    form.append(this.list, this.bar, this.chips, this.options, h("div", { class: "line" }, attach, this.picker, this.box, this.send));
    this.suggestions = new Suggestions(this.list, this.box, (item) => this.picked(item));
    form.addEventListener("submit", (event) => this.submitted(event));
    this.box.addEventListener("keydown", (event) => this.key(event));
    this.box.addEventListener("input", () => this.typed());
    this.box.addEventListener("blur", () => this.suggestions.close());
    this.box.addEventListener("paste", (event) => this.pasted(event));
    this.picker.addEventListener("change", () => {
      this.add(this.picker.files);
      this.picker.value = "";
    });
  }

  /** Go to another channel; what was begun there comes back. */
  move(from, to, label, writable) {
    if (from && from !== to) {
      this.drafts.set(from, this.box.value);
      this.box.value = this.drafts.get(to) ?? "";
      this.cancel();
      this.clearFiles();
    }
    this.box.placeholder = label;
    this.box.setAttribute("aria-label", label);
    this.box.disabled = !writable;
    const known = this.ctx.commands().length;
    if (from !== to || known !== this.known) this.typed();
    else this.drawOptions(this.commandNow()); // open suggestions stay open while the frame around them changes
    this.known = known;
  }

  commandNow() {
    const text = this.box.value;
    return text.startsWith("/") && !this.editing ? slash.named(text, this.ctx.commands()) : null;
  }

  focus() {
    this.box.focus({ preventScroll: true });
  }

  put(text) {
    this.box.value = text;
    this.focus();
    this.box.setSelectionRange(text.length, text.length);
    this.typed();
  }

  reply(message) {
    this.cancel();
    this.replyTo = message;
    this.drawBar(`Replying to ${nameOf(message.author)}`);
    this.focus();
  }

  edit(message) {
    this.cancel();
    this.editing = message;
    this.put(message.content);
    this.drawBar("Editing your message");
  }

  cancel() {
    if (this.editing) this.box.value = "";
    this.replyTo = null;
    this.editing = null;
    fill(this.bar);
    this.grow();
  }

  drawBar(text) {
    fill(this.bar, h("span", {}, text), button("Cancel", () => this.cancel(), { class: "text-button" }));
  }

  // Files

  add(files) {
    for (const file of files) if (this.files.length < MOST_FILES) this.files.push(file);
    this.drawFiles();
    this.focus();
  }

  pasted(event) {
    const files = event.clipboardData?.files;
    if (!files?.length) return;
    event.preventDefault();
    this.add(files);
  }

  clearFiles() {
    this.files = [];
    this.drawFiles();
  }

  drawFiles() {
    const chip = (file, at) =>
      h("li", {}, h("span", {}, file.name), h("small", {}, size(file.size)), button("✕", () => this.drop(at), { "aria-label": `Remove ${file.name}` }));
    fill(this.chips, this.files.map(chip));
  }

  drop(at) {
    this.files.splice(at, 1);
    this.drawFiles();
  }

  // Typing

  key(event) {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.enter();
      return;
    }
    if (this.suggestions.key(event)) return;
    if (event.key === "Escape") this.cancel();
    if (event.key === "ArrowUp" && !this.box.value && !this.replyTo) {
      const last = this.ctx.lastOwn();
      if (last) {
        event.preventDefault();
        this.edit(last);
      }
    }
  }

  /** Enter finishes a name that is still incomplete; otherwise it sends. */
  enter() {
    const item = this.suggestions.open ? this.suggestions.items[this.suggestions.at] : null;
    const command = slash.named(this.box.value, this.ctx.commands());
    if (item && (!command || this.suggestions.moved)) this.picked(item);
    else this.submit();
  }

  picked(item) {
    this.put(item.insert());
  }

  typed() {
    this.grow();
    const text = this.box.value;
    const commands = this.ctx.commands();
    const command = this.commandNow();
    const naming = text.startsWith("/") && !this.editing && !(command && /\s/.test(text.slice(command.name.length + 1)));
    this.drawOptions(command);
    clearTimeout(this.asking);
    if (document.activeElement !== this.box) this.suggestions.close();
    else if (naming) this.suggestions.show("Commands", commandItems(text, commands).filter((item) => !item.typed));
    else if (command) this.suggestValues(text, command);
    else this.suggestions.close();
  }

  suggestValues(text, command) {
    const items = valueItems(text, command, this.ctx.guild(), this.ctx.world);
    if (items) {
      this.suggestions.show("Values", items);
      return;
    }
    this.suggestions.close();
    this.asking = setTimeout(() => this.askBot(text, command), ASK_AFTER_MS);
  }

  async askBot(text, command) {
    const place = slash.current(text, command);
    const { values } = slash.read(text, command, this.files, this.ctx.resolver());
    try {
      const body = { ...this.ctx.here(), name: command.name, option: place.option.name, value: place.typed, options: values };
      const answer = await api.autocomplete(body);
      const choices = Array.isArray(answer) ? answer : answer?.choices ?? [];
      if (this.box.value === text) this.suggestions.show("Values", answeredItems(text, command, choices));
    } catch {
      this.suggestions.close(); // a bot that offers nothing is no reason to stop typing
    }
  }

  drawOptions(command) {
    if (!command) {
      fill(this.options);
      return;
    }
    const chip = (option) => {
      const given = new RegExp(`\\s${option.name}:`).test(this.box.value);
      const insert = () => (option.type === slash.ATTACHMENT ? this.picker.click() : this.put(`${this.box.value.trimEnd()} ${option.name}:`));
      return button(option.required ? `${option.name} *` : option.name, insert, { class: `option${given ? " given" : ""}`, title: option.description });
    };
    fill(this.options, h("span", {}, command.description), command.options.map(chip));
  }

  grow() {
    this.box.style.height = "auto";
    this.box.style.height = `${Math.min(this.box.scrollHeight, 240)}px`;
  }

  // Sending

  submitted(event) {
    event.preventDefault();
    this.submit();
  }

  async submit() {
    const text = this.box.value;
    if (this.looking || (!text.trim() && !this.files.length)) return;
    const isCommand = !this.editing && COMMAND.test(text);
    let command = isCommand ? slash.named(text, this.ctx.commands()) : null;
    if ((isCommand && !command) || !this.ctx.here().channel_id) command = await this.lookFor(text);
    if (isCommand && !command) {
      this.ctx.complain(`There is no command ${text.split(/\s/)[0]}. Type / to see all commands.`);
      return;
    }
    await (command ? this.command(text, command) : this.message(text));
  }

  /** A command may be typed before the page has heard of it: right after opening, or while a bot logs in. */
  async lookFor(text) {
    this.looking = true;
    this.waiting(1);
    try {
      await this.ctx.settled(() => slash.named(text, this.ctx.commands()));
    } finally {
      this.looking = false;
      this.waiting(-1);
    }
    return COMMAND.test(text) ? slash.named(text, this.ctx.commands()) : null;
  }

  command(text, command) {
    const { values, problem } = slash.read(text, command, this.files, this.ctx.resolver());
    if (problem) {
      this.ctx.complain(problem);
      return null;
    }
    return this.sending(text, async (files) => {
      const answer = await api.command({ ...this.ctx.here(), name: command.name, options: values, files });
      this.ctx.answered(answer);
    });
  }

  message(text) {
    const { editing, replyTo } = this;
    const { channel_id: channel, user_id: user } = this.ctx.here();
    if (editing) return this.sending(text, () => api.editMessage(channel, editing.id, { user_id: user, content: text }));
    return this.sending(text, (files) =>
      api.post({ channel_id: channel, user_id: user, content: text, ...(replyTo ? { reply_to: replyTo.id } : {}), ...(files.length ? { files } : {}) }),
    );
  }

  /** Clear the box at once, do the work, and bring the text back if it failed. */
  async sending(text, work) {
    const { files, editing, replyTo } = this;
    this.box.value = "";
    this.editing = null;
    this.cancel();
    this.clearFiles();
    this.typed();
    this.ctx.complain("");
    this.ctx.sent();
    this.waiting(1);
    try {
      await work(await Promise.all(files.map(api.encoded)));
    } catch (error) {
      this.ctx.complain(error.message);
      if (!this.box.value) {
        this.put(text);
        this.files = files;
        this.drawFiles();
        if (editing) this.edit({ ...editing, content: text });
        else if (replyTo) this.reply(replyTo);
      }
    } finally {
      this.waiting(-1);
    }
  }

  waiting(step) {
    this.pending += step;
    this.send.classList.toggle("waiting", this.pending > 0);
  }
}
