// Buttons, selects and the newer layout components of a message. A press goes to the bot through the people API.

import { button, h } from "./dom.js";
import { nameOf } from "./format.js";
import { markdown } from "./markdown.js";
import { local } from "./parts.js";

const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link" };

/** `ctx.press(message, customId, values)` is called for each use. */
export function components(list, message, ctx) {
  return (list ?? []).map((one) => component(one, message, ctx)).filter(Boolean);
}

function component(one, message, ctx) {
  const inner = () => components(one.components, message, ctx);
  switch (one.type) {
    case 1:
      return h("div", { class: "row" }, ...inner());
    case 2:
      return pressable(one, message, ctx);
    case 3:
    case 5:
    case 6:
    case 7:
    case 8:
      return select(one, message, ctx);
    case 9:
      return h("div", { class: "section" }, h("div", {}, ...inner()), one.accessory && component(one.accessory, message, ctx));
    case 10:
      return h("div", { class: "text" }, ...markdown(one.content, ctx.names));
    case 11:
      return media(one.media?.url, one.description);
    case 12:
      return h("div", { class: "gallery" }, ...(one.items ?? []).map((item) => media(item.media?.url, item.description)));
    case 13:
      return fileLink(one);
    case 14:
      return h("hr", { class: one.divider === false ? "space" : "" });
    case 17:
      return container(one, inner());
    default:
      return h("p", { class: "unknown" }, `A component of type ${one.type} that this page does not show yet.`);
  }
}

function pressable(one, message, ctx) {
  const emoji = one.emoji ? `${one.emoji.id ? `:${one.emoji.name}:` : one.emoji.name} ` : "";
  const label = `${emoji}${one.label ?? ""}`.trim() || "Button";
  if (one.style === 5) {
    if (!/^https?:\/\//.test(one.url ?? "")) return h("span", { class: "button link" }, `${label} (${one.url})`);
    return h("a", { class: "button link", href: one.url, target: "_blank", rel: "noopener noreferrer nofollow" }, `${label} ↗`);
  }
  const press = (event) => ctx.press(message, one.custom_id, undefined, event.currentTarget);
  return button(label, press, { class: `button ${STYLES[one.style] ?? "secondary"}`, disabled: one.disabled });
}

function select(one, message, ctx) {
  const options = one.type === 3 ? one.options ?? [] : found(one.type, ctx);
  const many = (one.max_values ?? 1) > 1;
  const box = h("select", { class: "choice", multiple: many, disabled: one.disabled, "aria-label": one.placeholder ?? "Choose" });
  if (!many) box.append(h("option", { value: "", selected: true }, one.placeholder ?? "Choose…"));
  for (const option of options) {
    box.append(h("option", { value: option.value, selected: option.default }, option.label + (option.description ? ` – ${option.description}` : "")));
  }
  const send = () => ctx.press(message, one.custom_id, [...box.selectedOptions].map((option) => option.value).filter(Boolean), box);
  if (!many) {
    box.addEventListener("change", send);
    return box;
  }
  return h("div", { class: "row" }, box, button("Send choice", send, { class: "button primary" }));
}

function found(type, ctx) {
  const guild = ctx.guild();
  const users = ctx.world.members(guild).map((user) => ({ value: user.id, label: nameOf(user) }));
  const roles = (guild?.roles ?? []).map((role) => ({ value: role.id, label: `@${role.name}` }));
  const channels = (guild?.channels ?? []).map((channel) => ({ value: channel.id, label: `#${channel.name}` }));
  return { 5: users, 6: roles, 7: [...users, ...roles], 8: channels }[type] ?? [];
}

function media(url, description) {
  const href = local(url);
  if (!href) return h("p", { class: "unknown" }, "A picture from elsewhere, which this page does not load.");
  return h("a", { class: "picture", href, target: "_blank", rel: "noopener" }, h("img", { src: href, alt: description ?? "" }));
}

function fileLink(one) {
  const href = local(one.file?.url);
  const name = one.name ?? decodeURIComponent(href?.split("?")[0].split("/").at(-1) ?? "file");
  return href && h("a", { class: "file", href, download: name }, name);
}

function container(one, kids) {
  const box = h("div", { class: "embed" }, ...kids);
  if (one.accent_color) box.style.borderLeftColor = `#${one.accent_color.toString(16).padStart(6, "0")}`;
  return box;
}
