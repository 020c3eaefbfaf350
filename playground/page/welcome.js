// The top of a channel: where one is, and for a newcomer what to type.

import { button, fill, h } from "./dom.js";
import { THREADS } from "./world.js";

const MOST_EXAMPLES = 4;

/** `onExample(text)` puts a command into the message box. */
export function drawWelcome(box, { channel, commands, bots, examples }, onExample) {
  if (!channel) {
    fill(box, h("h3", {}, "There is nothing here yet"), h("p", {}, "This playground has no server with a channel."));
    return;
  }
  if (THREADS.has(channel.type)) {
    fill(box, h("h3", {}, channel.name), h("p", {}, "This is the start of the thread. What you write here steers the work; reactions on a proposal decide."));
    return;
  }
  fill(box, h("h3", {}, `Welcome to #${channel.name}`), ...invitation(commands, bots, examples, onExample));
}

function invitation(commands, bots, examples, onExample) {
  if (!commands.some((command) => command.name === "goal")) {
    const waiting = bots.some((bot) => bot.connected) ? "The bot is registering its commands…" : "No bot is connected yet. It appears here as soon as it is.";
    return [h("p", { class: "waiting" }, waiting)];
  }
  const goals = examples.map((one) => (typeof one === "string" ? { example: one, title: "" } : one)).filter((one) => one.example).slice(0, MOST_EXAMPLES);
  const card = (goal) => button([h("code", {}, `/goal ${goal.example}`), h("span", {}, goal.title ?? "")], () => onExample(`/goal ${goal.example}`), { class: "example" });
  return [
    h("p", {}, "Type ", h("kbd", {}, "/goal"), " and what you want done, then press ", h("kbd", {}, "Enter"), ". A thread opens in which the bot works; it asks before it runs anything. Drop files into the thread for it to use."),
    goals.length ? h("p", {}, "For example:") : null,
    goals.length ? h("div", { class: "examples" }, ...goals.map(card)) : null,
    h("p", { class: "more" }, "Type ", h("kbd", {}, "/"), " to see all commands."),
  ].filter(Boolean);
}
