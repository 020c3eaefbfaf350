// The list above the message box: commands while their name is typed, then values to pick from.

import { fill, h } from "./dom.js";
import * as slash from "./slash.js";
import { nameOf } from "./format.js";

export class Suggestions {
  /** `pick(item)` is called with a chosen item; items are {label, note, insert(text) -> text}. */
  constructor(box, input, pick) {
    this.box = box;
    this.input = input;
    this.pick = pick;
    this.items = [];
    this.at = 0;
    this.moved = false; // whether the arrow keys chose: then Enter takes the item
  }

  get open() {
    return this.items.length > 0;
  }

  show(title, items) {
    this.items = items.slice(0, 25);
    this.at = 0;
    this.moved = false;
    this.title = title;
    this.draw();
  }

  close() {
    this.show("", []);
  }

  draw() {
    const rows = this.items.map((item, at) =>
      h(
        "li",
        { role: "option", id: `suggestion-${at}`, "aria-selected": String(at === this.at), on: { mousedown: (event) => this.choose(event, at) } },
        h("strong", {}, item.label),
        item.note ? h("span", {}, item.note) : null,
      ),
    );
    this.box.hidden = !rows.length;
    fill(this.box, rows.length ? [h("p", {}, this.title), h("ul", { role: "listbox", id: "suggestion-list", "aria-label": this.title }, ...rows)] : []);
    if (rows.length) {
      this.input.setAttribute("aria-controls", "suggestion-list");
      this.input.setAttribute("aria-activedescendant", `suggestion-${this.at}`);
      rows[this.at].scrollIntoView({ block: "nearest" });
    } else {
      this.input.removeAttribute("aria-activedescendant");
      this.input.removeAttribute("aria-controls");
    }
  }

  choose(event, at) {
    event.preventDefault();
    this.at = at;
    this.pick(this.items[at]);
  }

  /** Arrow keys, Tab and Escape; true when the key was used up. */
  key(event) {
    if (!this.open) return false;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const step = event.key === "ArrowDown" ? 1 : this.items.length - 1;
      this.at = (this.at + step) % this.items.length;
      this.moved = true;
      this.draw();
    } else if (event.key === "Tab") {
      this.pick(this.items[this.at]);
    } else if (event.key === "Escape") {
      this.close();
    } else {
      return false;
    }
    event.preventDefault();
    return true;
  }
}

/** Commands for a name that is still being typed. */
export function commandItems(text, commands) {
  return slash.candidates(text, commands).map((command) => ({
    label: `/${command.name}`,
    note: `${command.description} ${command.options.map((one) => (one.required ? `<${one.name}>` : `[${one.name}]`)).join(" ")}`.trim(),
    insert: () => `/${command.name} `,
    typed: `/${command.name}` === text.trim(),
  }));
}

/** Values for the option at the end of the text, where it has fixed ones. Null where the bot has to be asked. */
export function valueItems(text, command, guild, world) {
  const place = slash.current(text, command);
  if (!place) return [];
  const { option, typed, start } = place;
  if (option.autocomplete) return null;
  const insert = (value) => () => `${text.slice(0, start)}${value} `;
  const fits = (label) => label.toLowerCase().includes(typed.toLowerCase().replace(/^[@#]/, "")) && label !== typed;
  return values(option, guild, world)
    .filter((one) => fits(one.label))
    .map((one) => ({ ...one, insert: insert(one.label) }));
}

function values(option, guild, world) {
  if (option.choices?.length) return option.choices.map((one) => ({ label: one.name, note: "" }));
  switch (option.type) {
    case slash.BOOLEAN:
      return [{ label: "true" }, { label: "false" }];
    case slash.USER:
    case slash.MENTIONABLE:
      return world.members(guild).map((user) => ({ label: `@${user.username}`, note: nameOf(user) }));
    case slash.CHANNEL:
      return (guild?.channels ?? []).map((channel) => ({ label: `#${channel.name}` }));
    default:
      return [];
  }
}

/** Choices that the bot itself answered, as items. */
export function answeredItems(text, command, choices) {
  const place = slash.current(text, command);
  if (!place) return [];
  return choices.map((one) => ({
    label: String(one.name),
    note: String(one.value) === String(one.name) ? "" : String(one.value).slice(0, 60),
    insert: () => `${text.slice(0, place.start)}${one.value} `,
  }));
}
