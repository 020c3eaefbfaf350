// Discord's Markdown as DOM nodes. Foreign text becomes text nodes; only http(s) addresses become links.

import { button, h } from "./dom.js";
import { moment } from "./format.js";

const FENCE = /^```(?:([A-Za-z0-9_+\-.#]*)\n)?([\s\S]*?)```/;
const ADDRESS = /^https?:\/\/[^\s<>"'`]+/;
const MOST_DEPTH = 12;

/**
 * A message's text. `names` resolves mentions: user(id), channel(id), role(id) answer a name or undefined,
 * me is the reader's id, open(channelId) goes there.
 */
export function markdown(text, names) {
  return blocks(String(text ?? ""), names, 0);
}

function blocks(text, names, depth) {
  const nodes = [];
  let rest = text;
  let atLineStart = true;
  let plain = "";
  const flush = () => {
    if (plain) nodes.push(...inline(plain, names, depth));
    plain = "";
  };
  while (rest) {
    const found = rest.startsWith("```") ? fence(rest) : atLineStart ? block(rest, names, depth) : null;
    if (found) {
      if (plain.endsWith("\n")) plain = plain.slice(0, -1);
      flush();
      nodes.push(found.node);
      rest = rest.slice(found.length);
      if (rest.startsWith("\n")) rest = rest.slice(1);
      atLineStart = true;
      continue;
    }
    const stop = nextStop(rest);
    plain += rest.slice(0, stop);
    atLineStart = plain.endsWith("\n");
    rest = rest.slice(stop);
  }
  flush();
  return nodes;
}

/** Where the next line or fence begins. */
function nextStop(text) {
  const line = text.indexOf("\n");
  const code = text.indexOf("```", 1);
  const tick = text.indexOf("`", 1);
  if (text.startsWith("`") && !text.startsWith("```")) {
    const span = codeSpan(text);
    if (span) return span.length;
  }
  const ends = [line < 0 ? text.length : line + 1, code < 0 ? text.length : code, tick < 0 ? text.length : tick];
  return Math.min(...ends);
}

function fence(text) {
  const match = FENCE.exec(text);
  if (!match || !match[2].trim()) return null;
  return { node: codeBlock(match[2].replace(/^\n|\n$/g, ""), match[1] ?? ""), length: match[0].length };
}

/** Code with its language and a button that copies it. */
export function codeBlock(code, language) {
  const copy = button("Copy", async () => {
    try {
      await navigator.clipboard.writeText(code);
      copy.textContent = "Copied";
    } catch {
      copy.textContent = "Not allowed";
    }
    setTimeout(() => (copy.textContent = "Copy"), 1500);
  });
  const lines = language === "diff" ? code.split("\n").map(diffLine) : [code];
  const caption = h("figcaption", {}, h("span", {}, language || "text"), copy);
  return h("figure", { class: "code" }, caption, h("pre", { tabindex: "0" }, h("code", {}, ...lines)));
}

function diffLine(line) {
  const kind = line.startsWith("+") ? "added" : line.startsWith("-") ? "removed" : line.startsWith("@@") ? "place" : "";
  return h("span", { class: `diff ${kind}` }, `${line}\n`);
}

function block(text, names, depth) {
  if (depth > MOST_DEPTH) return null;
  return heading(text, names, depth) ?? quote(text, names, depth) ?? list(text, names, depth);
}

function heading(text, names, depth) {
  const match = /^(#{1,3}|-#) +([^\n]+)/.exec(text);
  if (!match) return null;
  const tag = match[1] === "-#" ? "small" : `h${match[1].length + 2}`;
  return { node: h(tag, { class: "md" }, ...inline(match[2], names, depth + 1)), length: match[0].length };
}

function quote(text, names, depth) {
  const rest = /^>>> ([\s\S]*)/.exec(text);
  if (rest) return { node: h("blockquote", {}, ...blocks(rest[1], names, depth + 1)), length: rest[0].length };
  const match = /^(?:> ?[^\n]*(?:\n|$))+/.exec(text);
  if (!match || !/^> /.test(text)) return null;
  const lines = [];
  for (const line of match[0].split("\n")) {
    if (!line.startsWith("> ") && line !== ">") break;
    lines.push(line.slice(2));
  }
  const length = lines.reduce((sum, line) => sum + line.length + 3, -1);
  return { node: h("blockquote", {}, ...blocks(lines.join("\n"), names, depth + 1)), length: Math.min(length, match[0].length) };
}

const ITEM = /^( *)([-*]|\d{1,9}\.) +([^\n]*)/;

function list(text, names, depth) {
  const first = ITEM.exec(text);
  if (!first || first[1].length > 1) return null;
  const ordered = /\d/.test(first[2]);
  const items = [];
  let length = 0;
  for (const line of text.split("\n")) {
    const item = ITEM.exec(line);
    const indent = /^ */.exec(line)[0].length;
    const continues = items.length && indent >= 2 && line.trim();
    if (item && item[1].length <= 1 && /\d/.test(item[2]) === ordered) items.push([item[3]]);
    else if (continues) items.at(-1).push(line.slice(2));
    else break;
    length += line.length + 1;
  }
  const nodes = items.map(([head, ...more]) =>
    h("li", {}, ...inline(head, names, depth + 1), ...(more.length ? blocks(more.join("\n"), names, depth + 1) : [])),
  );
  const start = ordered ? Number.parseInt(first[2], 10) : null;
  return { node: h(ordered ? "ol" : "ul", { start }, ...nodes), length: Math.min(length - 1, text.length) };
}

// Inline

const PAIRS = [
  ["***", (kids) => h("strong", {}, h("em", {}, ...kids))],
  ["**", (kids) => h("strong", {}, ...kids)],
  ["__", (kids) => h("u", {}, ...kids)],
  ["~~", (kids) => h("s", {}, ...kids)],
  ["||", (kids) => spoiler(kids)],
  ["*", (kids) => h("em", {}, ...kids)],
  ["_", (kids) => h("em", {}, ...kids)],
];

function inline(text, names, depth) {
  const nodes = [];
  let plain = "";
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at);
    const found = /^[\w\s.,;()]/.test(rest) && !rest.startsWith("_") && !rest.startsWith("http")
      ? null
      : piece(rest, text[at - 1] ?? "", names, depth);
    if (found) {
      if (plain) nodes.push(plain);
      plain = "";
      nodes.push(...found.nodes);
      at += found.length;
    } else {
      const whole = String.fromCodePoint(text.codePointAt(at));
      plain += whole;
      at += whole.length;
    }
  }
  if (plain) nodes.push(plain);
  return nodes;
}

function piece(text, before, names, depth) {
  if (/^\\[^\sA-Za-z0-9]/.test(text)) return { nodes: [text[1]], length: 2 };
  if (text[0] === "`") return codeSpan(text);
  if (text[0] === "<") return angled(text, names);
  if (text[0] === "[") return masked(text, names, depth);
  if (text[0] === "h") return bare(text, before);
  if (text[0] === "@") return everyone(text);
  return depth > MOST_DEPTH ? null : paired(text, before, names, depth);
}

function codeSpan(text) {
  const match = /^(`{1,2})(?!`)([\s\S]*?[^`])\1(?!`)/.exec(text);
  return match && { nodes: [h("code", {}, match[2])], length: match[0].length };
}

function paired(text, before, names, depth) {
  for (const [mark, wrap] of PAIRS) {
    if (!text.startsWith(mark)) continue;
    const end = closing(text, mark, before);
    if (end < 0) continue;
    const kids = inline(text.slice(mark.length, end), names, depth + 1);
    return { nodes: [wrap(kids)], length: end + mark.length };
  }
  return null;
}

/** Where the pair closes, or -1. Stars touch what they mark; an underscore also stands at a word's edge. */
function closing(text, mark, before) {
  const single = mark.length === 1;
  const inner = text[mark.length] ?? " ";
  if (single && (/\s/.test(inner) || inner === mark)) return -1;
  if (mark === "_" && /\w/.test(before)) return -1;
  for (let end = text.indexOf(mark, mark.length + 1); end > 0; end = text.indexOf(mark, end + 1)) {
    const after = text[end + mark.length] ?? "";
    if (text[end - 1] === "\\") continue;
    if (single && (after === mark || text[end - 1] === mark || /\s/.test(text[end - 1]))) continue;
    if (mark === "_" && /\w/.test(after)) continue;
    return after === mark[0] && mark.length > 1 && mark[0] === "*" ? end + 1 : end;
  }
  return -1;
}

function spoiler(kids) {
  const node = h("span", { class: "spoiler", role: "button", tabindex: "0", "aria-label": "Spoiler: press to show" }, ...kids);
  const show = () => {
    node.classList.add("shown");
    node.removeAttribute("aria-label");
    node.removeAttribute("role");
  };
  node.addEventListener("click", show);
  node.addEventListener("keydown", (event) => event.key === "Enter" && show());
  return node;
}

const link = (url, text) => h("a", { href: url, target: "_blank", rel: "noopener noreferrer nofollow" }, text);

/** A real http(s) address as the browser reads it, or null. */
function address(text) {
  if (!ADDRESS.test(text)) return null;
  try {
    const url = new URL(text);
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
  } catch {
    return null;
  }
}

function bare(text, before) {
  if (/\w/.test(before)) return null;
  const match = ADDRESS.exec(text);
  if (!match) return null;
  let shown = match[0].replace(/[.,:;!?*_~|]+$/, "");
  if (shown.endsWith(")") && !shown.includes("(")) shown = shown.slice(0, -1);
  const url = address(shown);
  return url && { nodes: [link(url, shown)], length: shown.length };
}

/** A masked link always shows where it leads. */
function masked(text, names, depth) {
  const match = /^\[([^\]\n]{1,400})\]\(<?([^\s<>()]*(?:\([^\s<>()]*\)[^\s<>()]*)*)>?(?: +"[^"\n]*")?\)/.exec(text);
  const url = match && address(match[2]);
  if (!url || depth > MOST_DEPTH) return null;
  const label = match[1] === match[2] ? null : h("span", { class: "target" }, ` (${match[2]})`);
  return { nodes: [link(url, match[1]), label].filter(Boolean), length: match[0].length };
}

function angled(text, names) {
  const match = /^<(?:(@!?|#|@&)(\d{1,20})|(https?:\/\/[^\s<>]+)|t:(-?\d{1,13})(?::([tTdDfFR]))?|a?:(\w{2,32}):(\d{1,20})|\/([^:<>\n]{1,100}):\d{1,20})>/.exec(text);
  if (!match) return null;
  const [whole, sigil, id, url, time, style, emoji, , slash] = match;
  const node = sigil
    ? mention(sigil, id, names)
    : url
      ? (address(url) && link(address(url), url)) ?? whole
      : time
        ? timestamp(Number(time), style)
        : emoji
          ? `:${emoji}:`
          : h("span", { class: "mention" }, `/${slash}`);
  return { nodes: [node], length: whole.length };
}

function mention(sigil, id, names) {
  if (sigil === "#") {
    const name = names.channel(id);
    if (!name) return h("span", { class: "mention" }, "#unknown");
    return button(`#${name}`, () => names.open(id), { class: "mention" });
  }
  if (sigil === "@&") return h("span", { class: "mention" }, `@${names.role(id) ?? "unknown role"}`);
  const mine = id === names.me ? " mine" : "";
  return h("span", { class: `mention${mine}` }, `@${names.user(id) ?? "unknown user"}`);
}

function everyone(text) {
  const match = /^@(?:everyone|here)\b/.exec(text);
  return match && { nodes: [h("span", { class: "mention" }, match[0])], length: match[0].length };
}

function timestamp(seconds, style) {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return "an invalid time";
  const data = style === "R" ? { moment: seconds } : {};
  return h("time", { datetime: date.toISOString(), title: moment(date, "F"), data }, moment(date, style));
}
