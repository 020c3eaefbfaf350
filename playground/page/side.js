// The left side: servers, channels with their threads, and who one is.

import { byId, fill, h } from "./dom.js";
import { hue, nameOf } from "./format.js";
import { avatar } from "./message.js";

/** `here` is {guild, channelId, userId}; `link(change)` answers the address of a place; `onUser(id)`. */
export function drawSide(world, here, link, onUser) {
  const focus = document.activeElement?.closest("#side a")?.getAttribute("href");
  drawServers(world, here, link);
  byId("server-name").textContent = here.guild?.name ?? "";
  const channels = byId("channels");
  const scroll = channels.scrollTop;
  fill(channels, here.guild ? world.places(here.guild).map((group) => drawGroup(group, world, here, link)) : []);
  channels.scrollTop = scroll;
  if (focus) [...byId("side").querySelectorAll("a")].find((one) => one.getAttribute("href") === focus)?.focus();
  drawMe(world, here, onUser);
}

function drawServers(world, here, link) {
  const item = (guild) => {
    const current = guild.id === here.guild?.id;
    const initials = guild.name.split(/\s+/).map((word) => [...word][0]).slice(0, 2).join("").toUpperCase();
    const unread = (guild.channels ?? []).some((channel) => world.unread.has(channel.id) || (channel.threads ?? []).some((one) => world.unread.has(one.id)));
    const node = h("a", { href: link({ guild: guild.id, channel: null }), title: guild.name, "aria-label": guild.name, "aria-current": current && "true", class: unread ? "unread" : "" }, initials);
    node.style.setProperty("--hue", hue(guild.id));
    return h("li", {}, node);
  };
  fill(byId("servers"), world.guilds.map(item));
}

function drawGroup({ name, channels }, world, here, link) {
  const list = h("ul", { "aria-label": name ?? "Channels" }, ...channels.map((channel) => drawChannel(channel, world, here, link)));
  return [name ? h("h2", { class: "category" }, name) : null, list];
}

function drawChannel(channel, world, here, link) {
  const threads = [...(channel.threads ?? [])].reverse();
  const active = threads.filter((thread) => !thread.thread_metadata?.archived);
  const archived = threads.filter((thread) => thread.thread_metadata?.archived);
  const current = (list) => list.some((thread) => thread.id === here.channelId);
  return h(
    "li",
    {},
    place(channel, "#", world, here, link),
    active.length ? h("ul", { class: "threads", "aria-label": `Threads of ${channel.name}` }, ...active.map((one) => h("li", {}, place(one, "", world, here, link)))) : null,
    archived.length
      ? h("details", { class: "archived", open: current(archived) }, h("summary", {}, `Archived threads (${archived.length})`), h("ul", { class: "threads" }, ...archived.map((one) => h("li", {}, place(one, "", world, here, link)))))
      : null,
  );
}

function place(channel, sign, world, here, link) {
  const current = channel.id === here.channelId;
  const unread = !current && world.unread.has(channel.id);
  const content = [sign ? h("span", { class: "sign", "aria-hidden": "true" }, sign) : null, h("span", { class: "name" }, channel.name), unread ? h("span", { class: "dot", title: "New messages" }, "") : null];
  return h("a", { href: link({ channel: channel.id }), title: channel.name, class: unread ? "place unread" : "place", "aria-current": current && "page" }, ...content);
}

function drawMe(world, here, onUser) {
  const people = world.people(here.guild);
  const box = byId("me");
  const shown = JSON.stringify([here.userId, people.map((user) => [user.id, nameOf(user)])]);
  if (box.dataset.shown === shown) return; // an open list of people would close
  box.dataset.shown = shown;
  const select = h("select", { "aria-label": "Who you are", on: { change: (event) => onUser(event.target.value) } });
  for (const user of people) {
    const owner = user.id === here.guild?.owner_id ? " (owner)" : "";
    select.append(h("option", { value: user.id, selected: user.id === here.userId }, `${nameOf(user)}${owner}`));
  }
  const me = people.find((user) => user.id === here.userId);
  fill(box, me ? avatar(me) : null, h("div", {}, h("small", {}, "You are"), select));
}
