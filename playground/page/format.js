// Words for sizes, times and people. Pure, but for the clock in relative times.

export function size(bytes) {
  if (bytes < 1024) return `${bytes} bytes`;
  const units = ["KB", "MB", "GB"];
  let amount = bytes / 1024;
  let unit = 0;
  while (amount >= 1024 && unit < units.length - 1) [amount, unit] = [amount / 1024, unit + 1];
  return `${amount < 10 ? amount.toFixed(1) : Math.round(amount)} ${units[unit]}`;
}

const STYLES = {
  t: { timeStyle: "short" },
  T: { timeStyle: "medium" },
  d: { dateStyle: "short" },
  D: { dateStyle: "long" },
  f: { dateStyle: "long", timeStyle: "short" },
  F: { dateStyle: "full", timeStyle: "short" },
};

/** A moment in one of Discord's timestamp styles. */
export function moment(date, style = "f") {
  if (style === "R") return relative(date);
  return new Intl.DateTimeFormat(undefined, STYLES[style] ?? STYLES.f).format(date);
}

const STEPS = [
  ["year", 31536000],
  ["month", 2592000],
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

function relative(date) {
  const seconds = Math.round((date.getTime() - Date.now()) / 1000);
  const [unit, length] = STEPS.find(([, step]) => Math.abs(seconds) >= step) ?? STEPS.at(-1);
  return new Intl.RelativeTimeFormat(undefined, { numeric: "auto" }).format(Math.trunc(seconds / length), unit);
}

/** When a message was written: the time today, the date before. */
export function when(date) {
  const today = new Date().toDateString() === date.toDateString();
  return moment(date, today ? "t" : "f");
}

export const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

export const nameOf = (user) => user?.global_name || user?.username || "somebody";

/** A colour that belongs to an id, always the same one. */
export function hue(id) {
  let sum = 0;
  for (const letter of String(id)) sum = (sum * 31 + letter.codePointAt(0)) % 360;
  return sum;
}

/** Ids are decimal and may be longer than a double holds. */
export function newer(a, b) {
  return a.length === b.length ? a > b : a.length > b.length;
}
