// What the page knows: servers, channels, people, commands. Read whole from the server, never guessed.

import { nameOf } from "./format.js";

export const THREADS = new Set([10, 11, 12]);
const CATEGORY = 4;
const FORUM = 15;

export class World {
  constructor() {
    this.guilds = [];
    this.bots = [];
    this.channels = new Map();
    this.users = new Map();
    this.unread = new Set();
  }

  /** Take in an answer of GET /playground/state. */
  read(state) {
    this.guilds = state.guilds ?? [];
    this.bots = state.bots ?? [];
    this.channels.clear();
    for (const guild of this.guilds) {
      for (const member of guild.members ?? []) this.meet(member.user ?? member);
      for (const channel of guild.channels ?? []) {
        this.channels.set(channel.id, channel);
        for (const thread of channel.threads ?? []) this.channels.set(thread.id, thread);
      }
    }
  }

  meet(user) {
    if (user?.id) this.users.set(user.id, user);
  }

  guild(id) {
    return this.guilds.find((guild) => guild.id === id);
  }

  channel(id) {
    return this.channels.get(id);
  }

  guildOf(channelId) {
    const channel = this.channel(channelId);
    const home = channel && THREADS.has(channel.type) ? channel.parent_id : channelId;
    return this.guilds.find((guild) => (guild.channels ?? []).some((one) => one.id === home));
  }

  /** The people of a server that one can be: everybody but bots. */
  people(guild) {
    return this.members(guild).filter((user) => !user.bot);
  }

  members(guild) {
    return (guild?.members ?? []).map((member) => member.user ?? member);
  }

  userName(id) {
    const user = this.users.get(id);
    return user && nameOf(user);
  }

  role(id) {
    for (const guild of this.guilds) {
      const role = (guild.roles ?? []).find((one) => one.id === id);
      if (role) return role;
    }
    return undefined;
  }

  /** Places to write in, in the order of the server, categories as their headings. */
  places(guild) {
    const all = [...(guild.channels ?? [])].sort((a, b) => (a.position ?? 0) - (b.position ?? 0));
    const open = all.filter((one) => one.type !== CATEGORY);
    const loose = open.filter((one) => !all.some((other) => other.id === one.parent_id));
    const grouped = all
      .filter((one) => one.type === CATEGORY)
      .map((category) => ({ name: category.name, channels: open.filter((one) => one.parent_id === category.id) }));
    return [{ name: null, channels: loose }, ...grouped].filter((group) => group.channels.length);
  }

  /** Whether messages can be written there at all. */
  writable(channel) {
    return Boolean(channel) && channel.type !== FORUM && !channel.thread_metadata?.locked;
  }

  /** The slash commands that work in a server, flattened: a subcommand is named "group sub". */
  commands(guild) {
    const found = [];
    for (const bot of this.bots) {
      for (const body of bot.commands ?? []) {
        if ((body.type ?? 1) !== 1) continue;
        if (body.guild_id && guild && body.guild_id !== guild.id) continue;
        flatten(body, body.name, found);
      }
    }
    return found.sort((a, b) => a.name.localeCompare(b.name));
  }
}

function flatten(body, name, found) {
  const options = body.options ?? [];
  const inner = options.filter((option) => option.type === 1 || option.type === 2);
  if (inner.length) for (const sub of inner) flatten(sub, `${name} ${sub.name}`, found);
  else found.push({ name, description: body.description ?? "", options });
}
