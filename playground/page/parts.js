// The parts under a message's text: attachments, embeds, reactions, threads and references.

import { button, h } from "./dom.js";
import { nameOf, plural, size, moment } from "./format.js";
import { markdown } from "./markdown.js";

const PICTURES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"]);
const LARGEST = { width: 480, height: 340 };

/** The server's own files, under the name that the page was opened with; null for anything from elsewhere. */
export function local(address) {
  try {
    const url = new URL(address, location.href);
    return url.pathname.startsWith("/attachments/") ? location.origin + url.pathname + url.search : null;
  } catch {
    return null;
  }
}

export function attachments(list) {
  if (!list?.length) return null;
  return h("ul", { class: "attachments", "aria-label": "Attachments" }, ...list.map(attachment));
}

function attachment(file) {
  const href = local(file.url);
  const type = (file.content_type ?? "").split(";")[0];
  const link = h("a", { class: "file", href: href ?? "#", download: file.filename }, file.filename);
  const line = h("span", { class: "file-line" }, h("span", { class: "file-icon", "aria-hidden": "true" }, icon(file.filename)), link, h("small", {}, size(file.size)));
  return h("li", {}, href && PICTURES.has(type) ? picture(href, file.description || file.filename, file) : null, line);
}

const icon = (name) => (/\.([a-z0-9]{1,4})$/i.exec(name)?.[1] ?? "file").toLowerCase();

/** A picture inside the text column; its space is kept before it has loaded. */
function picture(href, description, { width, height }) {
  const image = h("img", { src: href, alt: description, width, height });
  if (width && height) {
    const scale = Math.min(1, LARGEST.width / width, LARGEST.height / height);
    image.style.width = `${Math.round(width * scale)}px`;
  }
  return h("a", { class: "picture", href, target: "_blank", rel: "noopener" }, image);
}

export function embeds(list, names) {
  return (list ?? []).map((embed) => oneEmbed(embed, names));
}

function oneEmbed(embed, names) {
  const box = h("article", { class: "embed" });
  if (embed.color) box.style.borderLeftColor = `#${embed.color.toString(16).padStart(6, "0")}`;
  const thumbnail = local(embed.thumbnail?.url);
  const image = local(embed.image?.url);
  box.append(
    ...[
      thumbnail && h("img", { class: "thumbnail", src: thumbnail, alt: "" }),
      embed.author?.name && h("p", { class: "embed-author" }, titled(embed.author.name, embed.author.url)),
      embed.title && h("h3", { class: "embed-title" }, titled(markdown(embed.title, names), embed.url)),
      embed.description && h("div", { class: "text" }, ...markdown(embed.description, names)),
      embed.fields?.length && h("dl", { class: "fields" }, ...embed.fields.map((field) => oneField(field, names))),
      image && picture(image, "", embed.image),
      footer(embed),
    ].filter(Boolean),
  );
  return box;
}

function titled(content, url) {
  if (!/^https?:\/\//.test(url ?? "")) return content;
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer nofollow" }, content);
}

function oneField(field, names) {
  return h("div", { class: field.inline ? "inline" : "" }, h("dt", {}, ...markdown(field.name, names)), h("dd", { class: "text" }, ...markdown(field.value, names)));
}

function footer(embed) {
  const parts = [embed.footer?.text, embed.timestamp && moment(new Date(embed.timestamp), "f")].filter(Boolean);
  return parts.length ? h("footer", {}, parts.join(" • ")) : null;
}

const emojiText = (emoji) => (emoji.id ? `:${emoji.name}:` : emoji.name);
export const emojiKey = (emoji) => (emoji.id ? `${emoji.name}:${emoji.id}` : emoji.name);

/** Reactions to press, and one more button that adds another emoji. */
export function reactions(message, ctx) {
  if (!message.reactions?.length) return null;
  const buttons = message.reactions.map((reaction) => oneReaction(message, reaction, ctx));
  const more = button("+", (event) => ctx.pickEmoji(event.currentTarget, message), { class: "reaction add", "aria-label": "Add a reaction", title: "Add a reaction" });
  return h("div", { class: "reactions" }, ...buttons, more);
}

function oneReaction(message, reaction, ctx) {
  const text = emojiText(reaction.emoji);
  const who = (reaction.users ?? []).map((id) => ctx.world.userName(id)).filter(Boolean);
  const title = who.length ? `${text} by ${who.slice(0, 6).join(", ")}${who.length > 6 ? " and others" : ""}` : text;
  return button(
    [h("span", { class: "emoji" }, text), h("span", { class: "count" }, String(reaction.count))],
    () => ctx.react(message, emojiKey(reaction.emoji), reaction.me),
    {
      class: `reaction${reaction.me ? " mine" : ""}`,
      "aria-label": `${text} ${plural(reaction.count, "reaction")}${reaction.me ? ", yours among them" : ""}`,
      "aria-pressed": String(Boolean(reaction.me)),
      title,
    },
  );
}

/** The card under a message that a thread was started from. */
export function threadCard(thread, ctx) {
  if (!thread) return null;
  const known = ctx.world.channel(thread.id) ?? thread;
  const count = plural(known.message_count ?? 0, "message");
  const label = known.thread_metadata?.archived ? "archived" : count;
  return button([h("strong", {}, known.name), h("span", {}, `${label} ›`)], () => ctx.open(thread.id), { class: "thread-card" });
}

/** How a message begins, as it is read: without marks, with names for mentions, spoilers kept. */
function beginning(content, names) {
  const before = (content.split("```")[0].trim() ? content.split("```")[0] : content).replace(/\|\|[\s\S]+?\|\|/g, "▮▮▮");
  return h("div", {}, ...markdown(before, names)).textContent.replace(/\s+/g, " ").trim().slice(0, 90);
}

/** The line above an answer: whom it answers, and how that began. */
export function reference(message, ctx) {
  const used = message.interaction;
  if (used) {
    return h("p", { class: "reference" }, h("strong", {}, nameOf(used.user)), " used ", h("span", { class: "mention" }, `/${used.name}`));
  }
  if (message.type !== 19 || !message.message_reference) return null;
  const target = message.referenced_message;
  if (!target) return h("p", { class: "reference" }, "Answers a message that was deleted");
  const start = beginning(target.content, ctx.names) || "a message without text";
  return h("p", { class: "reference" }, button([h("strong", {}, nameOf(target.author)), ` ${start}`], () => ctx.jump(target.id), { "aria-label": `Answers ${nameOf(target.author)}: ${start}` }));
}
