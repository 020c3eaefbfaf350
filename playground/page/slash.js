// Read what stands in the message box as a slash command. Pure: no page, no network.

export const STRING = 3;
export const INTEGER = 4;
export const BOOLEAN = 5;
export const USER = 6;
export const CHANNEL = 7;
export const ROLE = 8;
export const MENTIONABLE = 9;
export const NUMBER = 10;
export const ATTACHMENT = 11;

/** Commands that begin as the text does, while only its name is being typed. */
export function candidates(text, commands) {
  if (!text.startsWith("/") || text.includes("\n")) return [];
  const typed = text.slice(1).toLowerCase();
  const starting = commands.filter((one) => one.name.startsWith(typed));
  const holding = commands.filter((one) => !one.name.startsWith(typed) && typed && one.name.includes(typed));
  return [...starting, ...holding];
}

/** The command whose name stands at the front, the longest where several do. */
export function named(text, commands) {
  if (!text.startsWith("/")) return null;
  const typed = text.slice(1);
  const fitting = commands.filter((one) => typed === one.name || /^\s/.test(typed.slice(one.name.length)) && typed.startsWith(one.name));
  return fitting.sort((a, b) => b.name.length - a.name.length)[0] ?? null;
}

/**
 * The values of a command's options: `name:value` anywhere, and what stands free in front of them for the first
 * required option. `world.member(text)` and `world.place(text)` turn names into ids.
 * Answers {values, problem}: problem is a sentence, or null.
 */
export function read(text, command, files, world) {
  const rest = text.slice(command.name.length + 1).trim();
  const { free, given } = split(rest, command.options);
  const values = {};
  for (const [name, raw] of given) {
    const option = command.options.find((one) => one.name === name);
    const value = converted(raw, option, world);
    if (value === undefined) return { values, problem: `${name} should be ${kind(option)}, not “${raw}”.` };
    values[name] = value;
  }
  const problem = free ? placeFree(free, command, values, world) : null;
  return { values, problem: problem ?? missing(command, values, files) };
}

function split(rest, options) {
  const names = options.filter((one) => one.type !== ATTACHMENT).map((one) => one.name);
  if (!names.length) return { free: rest, given: [] };
  const mark = new RegExp(`(?:^|\\s)(${names.map(escaped).join("|")}):`, "gu");
  const found = [...rest.matchAll(mark)];
  const given = found.map((match, at) => {
    const end = found[at + 1]?.index ?? rest.length;
    return [match[1], rest.slice(match.index + match[0].length, end).trim()];
  });
  return { free: rest.slice(0, found[0]?.index ?? rest.length).trim(), given };
}

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

function placeFree(free, command, values, world) {
  const open = command.options.filter((one) => one.type !== ATTACHMENT && !(one.name in values));
  const flag = open.find((one) => one.type === BOOLEAN && one.name === free);
  if (flag) {
    values[flag.name] = true;
    return null;
  }
  const option = open.find((one) => one.required) ?? open.find((one) => one.type === STRING) ?? open[0];
  if (!option) return `/${command.name} takes no more than that.`;
  const value = converted(free, option, world);
  if (value === undefined) return `${option.name} should be ${kind(option)}, not “${free}”.`;
  values[option.name] = value;
  return null;
}

function missing(command, values, files) {
  const holes = command.options.filter((one) => one.required && !(one.name in values));
  const attachments = holes.filter((one) => one.type === ATTACHMENT);
  const hole = holes.find((one) => one.type !== ATTACHMENT) ?? attachments[files.length];
  if (hole) return `/${command.name} needs ${hole.name}: ${hole.description || kind(hole)}`;
  const places = command.options.filter((one) => one.type === ATTACHMENT).length;
  if (files.length > places) return `/${command.name} takes ${places ? `at most ${places} files` : "no files"}.`;
  return null;
}

function kind(option) {
  if (option.choices?.length) return `one of ${option.choices.map((one) => one.name).join(", ")}`;
  return {
    [INTEGER]: "a whole number",
    [BOOLEAN]: "true or false",
    [USER]: "a member",
    [CHANNEL]: "a channel",
    [NUMBER]: "a number",
    [ATTACHMENT]: "a file",
  }[option.type] ?? "text";
}

function converted(raw, option, world) {
  if (option.choices?.length) return chosen(raw, option.choices);
  switch (option.type) {
    case INTEGER:
      return /^-?\d+$/.test(raw) ? Number(raw) : undefined;
    case NUMBER:
      return raw !== "" && Number.isFinite(Number(raw)) ? Number(raw) : undefined;
    case BOOLEAN:
      return { true: true, yes: true, on: true, false: false, no: false, off: false }[raw.toLowerCase()];
    case USER:
    case MENTIONABLE:
      return world.member(raw);
    case CHANNEL:
      return world.place(raw);
    case ROLE:
      return /^\D*(\d{1,20})\D*$/.exec(raw)?.[1];
    default:
      return raw === "" && option.required ? undefined : raw;
  }
}

function chosen(raw, choices) {
  const low = raw.toLowerCase();
  return choices.find((one) => one.name.toLowerCase() === low || String(one.value).toLowerCase() === low)?.value;
}

/** The option that is being typed at the end of the text: {option, typed, start}, or null. */
export function current(text, command) {
  const names = command.options.filter((one) => one.type !== ATTACHMENT).map((one) => escaped(one.name));
  const match = names.length ? new RegExp(`\\s(${names.join("|")}):([^\\n]*)$`, "u").exec(text) : null;
  if (match && !new RegExp(`\\s(${names.join("|")}):`, "u").test(match[2])) {
    const option = command.options.find((one) => one.name === match[1]);
    return { option, typed: match[2].trim(), start: text.length - match[2].length };
  }
  const option = command.options.find((one) => one.required && one.type !== ATTACHMENT);
  const front = command.name.length + 2;
  return option && text.length >= front ? { option, typed: text.slice(front).trim(), start: front } : null;
}
