// What lies over the page for a moment: the emoji picker, a bot's modal, a question before deleting.

import { button, h } from "./dom.js";
import { markdown } from "./markdown.js";

const EMOJI = ["✅", "❌", "5️⃣", "🔁", "🛑", "💰", "👍", "👎", "1️⃣", "2️⃣", "3️⃣", "4️⃣", "❤️", "😂", "🎉", "👀", "🚀", "🔥", "🤔", "😮", "😢", "🙏", "👏", "💯"];

/** Emojis to react with, beside the button that asked for them. */
export function pickEmoji(layers, anchor, onPick) {
  const dialog = h("dialog", { class: "emoji-picker", "aria-label": "Pick an emoji" });
  const pick = (emoji) => {
    dialog.close();
    onPick(emoji);
  };
  dialog.append(...EMOJI.map((emoji) => button(emoji, () => pick(emoji))));
  open(layers, dialog);
  const place = anchor.getBoundingClientRect();
  const own = dialog.getBoundingClientRect();
  dialog.style.left = `${Math.max(8, Math.min(place.left, innerWidth - own.width - 8))}px`;
  dialog.style.top = `${place.top > own.height + 8 ? place.top - own.height - 4 : place.bottom + 4}px`;
}

/** Ask before something that cannot be undone. */
export function confirm(layers, question, yes, onYes) {
  const dialog = h("dialog", { class: "window", "aria-label": question });
  const go = () => {
    dialog.close();
    onYes();
  };
  const buttons = h("div", { class: "row end" }, button("Cancel", () => dialog.close(), { class: "button secondary" }), button(yes, go, { class: "button danger" }));
  dialog.append(h("p", {}, question), buttons);
  open(layers, dialog);
}

/** A bot's modal; `onSubmit(values)` gets custom_id -> value and answers a promise. */
export function modal(layers, { title, components }, names, onSubmit) {
  const dialog = h("dialog", { class: "window", "aria-label": title });
  const problem = h("p", { class: "problem", role: "alert" });
  const form = h("form", {}, h("h3", {}, title), ...(components ?? []).map((one) => field(one, names)), problem);
  form.append(h("div", { class: "row end" }, button("Cancel", () => dialog.close(), { class: "button secondary" }), h("button", { class: "button primary" }, "Submit")));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await onSubmit(valuesOf(form));
      dialog.close();
    } catch (error) {
      problem.textContent = error.message;
    }
  });
  dialog.append(form);
  open(layers, dialog);
}

function field(one, names) {
  if (one.type === 1) return h("div", {}, ...(one.components ?? []).map((inner) => field(inner, names)));
  if (one.type === 10) return h("div", { class: "text" }, ...markdown(one.content, names));
  if (one.type === 18) return labelled(one.label, one.description, one.component);
  return labelled(one.label, null, one);
}

function labelled(label, description, one) {
  const input = control(one);
  return h("label", { class: "field" }, h("span", {}, label ?? "", input?.required ? " *" : ""), description ? h("small", {}, description) : null, input);
}

function control(one) {
  const shared = { "data-field": one.custom_id, required: one.required !== false, placeholder: one.placeholder };
  if (one.type === 4) {
    const limits = { ...shared, minlength: one.min_length, maxlength: one.max_length };
    const input = one.style === 2 ? h("textarea", { ...limits, rows: "4" }) : h("input", { ...limits, type: "text" });
    input.value = one.value ?? "";
    return input;
  }
  if (one.type === 3) {
    const options = (one.options ?? []).map((option) => h("option", { value: option.value, selected: option.default }, option.label));
    return h("select", { ...shared, multiple: (one.max_values ?? 1) > 1 }, ...options);
  }
  return h("small", {}, `A field of type ${one.type} that this page does not show yet.`);
}

function valuesOf(form) {
  const inputs = [...form.querySelectorAll("[data-field]")];
  return Object.fromEntries(inputs.map((input) => [input.dataset.field, input.multiple ? [...input.selectedOptions].map((one) => one.value) : input.value]));
}

/** Show a dialog; it leaves the page when it closes, also by a press beside it. */
function open(layers, dialog) {
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("mousedown", (event) => event.target === dialog && outside(dialog, event) && dialog.close());
  layers.append(dialog);
  dialog.showModal();
}

function outside(dialog, { clientX: x, clientY: y }) {
  const box = dialog.getBoundingClientRect();
  return x < box.left || x > box.right || y < box.top || y > box.bottom;
}
