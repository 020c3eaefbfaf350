// The messages of the open channel, in order, kept at the end while the reader is there.

import { continues, drawMessage } from "./message.js";
import { emojiKey } from "./parts.js";
import { newer } from "./format.js";

const NEAR_PX = 120;

export class MessageList {
  /** `list` is the <ol>, `scroller` what scrolls around it, `jump` the button that appears away from the end. */
  constructor(list, scroller, jump, ctx) {
    this.list = list;
    this.scroller = scroller;
    this.jump = jump;
    this.ctx = ctx;
    this.messages = [];
    this.stuck = true;
    this.placed = 0;
    scroller.addEventListener("scroll", () => this.scrolled());
    list.addEventListener("load", () => this.keepEnd(), true);
    jump.addEventListener("click", () => this.toEnd());
    new ResizeObserver(() => this.keepEnd()).observe(list);
    new ResizeObserver(() => this.keepEnd()).observe(scroller);
  }

  show(messages) {
    this.messages = messages.filter((message) => !this.ctx.dismissed.has(message.id));
    this.list.replaceChildren(...this.messages.map((message, at) => drawMessage(message, this.messages[at - 1], this.ctx)));
    this.toEnd();
  }

  find(id) {
    return this.messages.find((message) => message.id === id);
  }

  /** Add a message, or draw it anew. */
  put(message) {
    if (this.ctx.dismissed.has(message.id)) return;
    const at = this.messages.findIndex((one) => one.id === message.id);
    if (at >= 0) {
      this.messages[at] = { ...message, reactions: withUsers(message.reactions, this.messages[at].reactions) };
      this.redraw(at);
    } else {
      this.insert(message);
    }
  }

  insert(message) {
    this.look();
    let at = this.messages.length;
    while (at > 0 && newer(this.messages[at - 1].id, message.id)) at -= 1;
    this.messages.splice(at, 0, message);
    const node = drawMessage(message, this.messages[at - 1], this.ctx);
    this.list.insertBefore(node, this.list.children[at] ?? null);
    this.regroup(at + 1);
    if (this.stuck || message.author.id === this.ctx.me()) this.toEnd();
    else this.jump.hidden = false;
  }

  remove(id) {
    const at = this.messages.findIndex((one) => one.id === id);
    if (at < 0) return;
    this.messages.splice(at, 1);
    this.list.children[at].remove();
    this.regroup(at);
  }

  /** Draw a message again without taking the focus from the part that has it. */
  redraw(at) {
    const old = this.list.children[at];
    const focus = old.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
    const node = drawMessage(this.messages[at], this.messages[at - 1], this.ctx);
    old.replaceWith(node);
    const emoji = focus?.split(" ")[0];
    if (emoji) [...node.querySelectorAll("[aria-label]")].find((one) => one.getAttribute("aria-label").startsWith(emoji))?.focus();
    this.keepEnd();
  }

  /** Draw a message again whose surroundings have changed. */
  refresh(id) {
    const at = this.messages.findIndex((one) => one.id === id);
    if (at >= 0) this.redraw(at);
  }

  regroup(at) {
    const message = this.messages[at];
    if (!message) return;
    const joined = this.list.children[at].classList.contains("joined");
    if (joined !== continues(message, this.messages[at - 1])) this.redraw(at);
  }

  /** Apply MESSAGE_REACTION_ADD or _REMOVE. */
  reacted({ message_id: id, user_id: user, emoji }, added) {
    const message = this.find(id);
    if (!message) return;
    const list = (message.reactions ?? []).map((one) => ({ ...one, users: [...(one.users ?? [])] }));
    let reaction = list.find((one) => emojiKey(one.emoji) === emojiKey(emoji));
    if (!reaction) {
      if (!added) return;
      reaction = { emoji, count: 0, me: false, users: [] };
      list.push(reaction);
    }
    const was = reaction.users.includes(user);
    if (was === added && reaction.users.length === reaction.count) return;
    reaction.users = added ? [...reaction.users, user] : reaction.users.filter((one) => one !== user);
    reaction.count += added ? 1 : -1;
    if (user === this.ctx.me()) reaction.me = added;
    message.reactions = list.filter((one) => one.count > 0);
    this.redraw(this.messages.indexOf(message));
  }

  /** Apply MESSAGE_REACTION_REMOVE_ALL (no emoji) or _REMOVE_EMOJI. */
  cleared(id, emoji) {
    const message = this.find(id);
    if (!message) return;
    message.reactions = emoji ? (message.reactions ?? []).filter((one) => emojiKey(one.emoji) !== emojiKey(emoji)) : [];
    this.redraw(this.messages.indexOf(message));
  }

  jumpTo(id) {
    const node = document.getElementById(`m${id}`);
    if (!node) return;
    node.scrollIntoView({ block: "center" });
    node.classList.add("flash");
    setTimeout(() => node.classList.remove("flash"), 1600);
  }

  scrolled() {
    this.stuck = this.nearEnd();
    if (this.stuck) this.jump.hidden = true;
  }

  nearEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR_PX;
  }

  /** A reader may have scrolled up a moment ago, before the browser has said so. */
  look() {
    if (this.stuck && this.scroller.scrollTop < this.placed - NEAR_PX && !this.nearEnd()) this.stuck = false;
  }

  keepEnd() {
    this.look();
    if (this.stuck) this.toEnd();
  }

  toEnd() {
    this.stuck = true;
    this.jump.hidden = true;
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.placed = this.scroller.scrollTop;
  }
}

/** An update carries no names of who pressed: keep those that are known. */
function withUsers(fresh, old) {
  return (fresh ?? []).map((one) => {
    const known = (old ?? []).find((other) => emojiKey(other.emoji) === emojiKey(one.emoji));
    return known && known.count === one.count ? { ...one, users: known.users } : one;
  });
}
