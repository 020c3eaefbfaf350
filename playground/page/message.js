// One message as a list item.

import { button, h } from "./dom.js";
import { components } from "./components.js";
import { hue, moment, nameOf, when } from "./format.js";
import { markdown } from "./markdown.js";
import { attachments, embeds, reactions, reference, threadCard } from "./parts.js";

const EPHEMERAL = 1 << 6;
const LOADING = 1 << 7;
const ANSWERABLE = new Set([0, 19, 20, 23]);
const GROUP_MS = 7 * 60 * 1000;

/** Whether a message stands under its author's earlier one without a heading of its own. */
export function continues(message, before) {
  return Boolean(before)
    && before.author.id === message.author.id
    && ANSWERABLE.has(before.type)
    && message.type === 0
    && !message.interaction
    && new Date(message.timestamp) - new Date(before.timestamp) < GROUP_MS;
}

export function drawMessage(message, before, ctx) {
  const item = h("li", { class: "message", id: `m${message.id}`, data: { id: message.id } });
  if (!ANSWERABLE.has(message.type) && message.type !== 21) return system(item, message, ctx);
  const joined = continues(message, before);
  item.classList.toggle("joined", joined);
  item.classList.toggle("mentioned", (message.mentions ?? []).some((user) => user.id === ctx.me()) || message.mention_everyone);
  item.classList.toggle("ephemeral", Boolean(message.flags & EPHEMERAL));
  item.append(...[reference(message, ctx), joined ? null : avatar(message.author), joined ? sideTime(message) : heading(message, ctx), body(message, ctx), tools(message, ctx)].filter(Boolean));
  return item;
}

function body(message, ctx) {
  const shown = message.type === 21 ? message.referenced_message ?? message : message;
  return h(
    "div",
    { class: "body" },
    shown.flags & LOADING ? h("p", { class: "thinking" }, h("span", { class: "dots", "aria-hidden": "true" }, "•••"), " is thinking…") : null,
    shown.content ? h("div", { class: "text" }, ...markdown(shown.content, ctx.names), edited(shown)) : null,
    attachments(shown.attachments),
    ...embeds(shown.embeds, ctx.names),
    ...components(shown.components, shown, ctx),
    reactions(message, ctx),
    threadCard(message.thread, ctx),
    message.flags & EPHEMERAL ? onlyYou(message, ctx) : null,
  );
}

const edited = (message) =>
  message.edited_timestamp ? h("small", { class: "edited", title: moment(new Date(message.edited_timestamp), "F") }, " (edited)") : null;

function onlyYou(message, ctx) {
  return h("p", { class: "only-you" }, "Only you can see this • ", button("Dismiss message", () => ctx.dismiss(message.id), { class: "text-button" }));
}

export function avatar(user) {
  const node = h("span", { class: "avatar", "aria-hidden": "true" }, [...nameOf(user)][0]?.toUpperCase() ?? "?");
  node.style.backgroundColor = `hsl(${hue(user.id)} 45% 42%)`;
  return node;
}

function heading(message, ctx) {
  const date = new Date(message.timestamp);
  return h(
    "p",
    { class: "heading" },
    h("strong", { class: "author" }, ctx.world.userName(message.author.id) ?? nameOf(message.author)),
    message.author.bot ? h("span", { class: "badge" }, "bot") : null,
    h("time", { datetime: message.timestamp, title: moment(date, "F") }, when(date)),
  );
}

function sideTime(message) {
  const date = new Date(message.timestamp);
  return h("time", { class: "side-time", datetime: message.timestamp, title: moment(date, "F") }, moment(date, "t"));
}

/** What one can do with a message; shown when it is pointed at or has the focus. */
function tools(message, ctx) {
  if (message.flags & EPHEMERAL) return null;
  const mine = message.author.id === ctx.me();
  return h(
    "div",
    { class: "tools", role: "group", "aria-label": "Message actions" },
    button("React", (event) => ctx.pickEmoji(event.currentTarget, message)),
    button("Reply", () => ctx.reply(message)),
    mine ? button("Edit", () => ctx.edit(message)) : null,
    mine ? button("Delete", () => ctx.remove(message)) : null,
  );
}

function system(item, message, ctx) {
  const who = h("strong", {}, ctx.world.userName(message.author.id) ?? nameOf(message.author));
  item.classList.add("system");
  item.append(h("p", {}, ...systemWords(message, who, ctx), " ", h("time", { datetime: message.timestamp }, when(new Date(message.timestamp)))));
  const below = reactions(message, ctx);
  if (below) item.append(below);
  return item;
}

function systemWords(message, who, ctx) {
  switch (message.type) {
    case 1:
      return [who, " added somebody to the thread."];
    case 2:
      return [who, " removed somebody from the thread."];
    case 4:
      return [who, " changed the name to ", h("strong", {}, message.content), "."];
    case 6:
      return [who, " pinned a message."];
    case 7:
      return [who, " joined the server."];
    case 18: {
      const id = message.message_reference?.channel_id;
      return [who, " started a thread: ", id ? button(message.content, () => ctx.open(id), { class: "text-button" }) : message.content];
    }
    default:
      return [who, ` did something (message type ${message.type}). `, message.content];
  }
}
