"""The world in memory, written through to the store: look-ups, permissions, and telling what changed.

Invariant: events leave only after the change they tell of is committed.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TypeVar

from playground.clock import Clock
from playground.entities import (
    DM,
    PRIVATE_THREAD,
    Application,
    Channel,
    Command,
    Guild,
    Interaction,
    Member,
    Message,
    Overwrite,
    Role,
    User,
)
from playground.errors import ApiError, Problem
from playground.events import Event, Listener
from playground.ids import Ids
from playground.links import Links
from playground.permissions import IN_DM, IN_TIMEOUT, Permission, base_permissions, in_channel
from playground.store import Store, Thing


class History:
    """The messages of one channel in order of their ids."""

    def __init__(self) -> None:
        self._ids: list[int] = []
        self._messages: dict[int, Message] = {}

    def put(self, message: Message) -> None:
        """Add a message, or replace the one of the same id."""
        number = int(message.id)
        if number not in self._messages:
            self._ids.insert(bisect_left(self._ids, number), number)
        self._messages[number] = message

    def remove(self, message: Message) -> None:
        """Take a message out."""
        number = int(message.id)
        if self._messages.pop(number, None) is not None:
            del self._ids[bisect_left(self._ids, number)]

    def get(self, message_id: str) -> Message | None:
        """The message of this id."""
        is_id = message_id.isdecimal() and len(message_id) <= 20
        return self._messages.get(int(message_id)) if is_id else None

    def after(self, message_id: str) -> Iterator[Message]:
        """Newer messages, oldest first."""
        for number in self._ids[bisect_right(self._ids, int(message_id)) :]:
            yield self._messages[number]

    def before(self, message_id: str | None = None) -> Iterator[Message]:
        """Older messages (or all), newest first."""
        end = len(self._ids) if message_id is None else bisect_left(self._ids, int(message_id))
        for number in reversed(self._ids[:end]):
            yield self._messages[number]


class World:
    """Everything there is. Changes go through `change()`; only actions make them."""

    def __init__(self, store: Store, clock: Clock, links: Links) -> None:
        self.store, self.clock, self.links, self.ids = store, clock, links, Ids(clock)
        self.users = {user.id: user for user in store.load(User)}
        self.guilds = {guild.id: guild for guild in store.load(Guild)}
        self.roles = {role.id: role for role in store.load(Role)}
        self.members = {(m.guild_id, m.user_id): m for m in store.load(Member)}
        self.channels = {channel.id: channel for channel in store.load(Channel)}
        self.applications = {app.id: app for app in store.load(Application)}
        self.commands = {command.id: command for command in store.load(Command)}
        self.interactions = {interaction.id: interaction for interaction in store.load(Interaction)}
        self.outages: set[str] = set()
        """Guilds that bots cannot reach now; ends with the process."""
        self.interaction_ids = {one.token: one.id for one in self.interactions.values()}
        """By token."""
        self._histories: dict[str, History] = {}
        self._nonces: dict[tuple[str, str], tuple[str, str]] = {}
        self._pending: list[Event] = []
        self._leaving: list[Channel] = []
        self._listeners: list[Listener] = []
        self._remember_messages(store)

    def _remember_messages(self, store: Store) -> None:
        for message in store.load(Message):
            self._keep_message(message)
            self.ids.seen(message.id)
        for things in (self.roles, self.channels, self.commands, self.interactions):
            for key in things:
                self.ids.seen(key)

    def _keep_message(self, message: Message) -> None:
        self.history(message.channel_id).put(message)
        if message.nonce is not None:
            self._nonces[message.author_id, str(message.nonce)] = (message.channel_id, message.id)

    # Changing

    @contextmanager
    def change(self) -> Generator[None, None, None]:
        """Commit what the block changed, then tell everyone. Blocks never await inside it."""
        try:
            yield
        finally:
            self.store.commit()
            events, self._pending = self._pending, []
            for event in events:
                for listener in self._listeners:
                    listener(event)
            for channel in self._leaving:
                self.channels.pop(channel.id, None)
                self._histories.pop(channel.id, None)
            self._leaving.clear()

    def emit(self, event: Event) -> None:
        """Tell of a change, once it is committed."""
        self._pending.append(event)

    def listen(self, listener: Listener) -> None:
        """Hear every event from now on."""
        self._listeners.append(listener)

    def save(self, thing: Thing) -> None:
        """Keep a thing, new or changed."""
        match thing:
            case Message():
                self._keep_message(thing)
            case Member():
                self.members[thing.guild_id, thing.user_id] = thing
            case User():
                self.users[thing.id] = thing
            case Guild():
                self.guilds[thing.id] = thing
            case Role():
                self.roles[thing.id] = thing
            case Channel():
                self.channels[thing.id] = thing
            case Application():
                self.applications[thing.id] = thing
            case Command():
                self.commands[thing.id] = thing
            case Interaction():
                self.interactions[thing.id] = thing
                self.interaction_ids[thing.token] = thing.id
        self.store.save(thing)

    def drop_after_telling(self, channel: Channel) -> None:
        """Forget a channel on disk now, in memory once those who saw it have been told."""
        self.store.drop(channel)
        self._leaving.append(channel)

    def drop(self, thing: Message | Member | Role | Command | Interaction) -> None:
        """Forget a thing."""
        match thing:
            case Message():
                self.history(thing.channel_id).remove(thing)
            case Member():
                self.members.pop((thing.guild_id, thing.user_id), None)
            case Role():
                self.roles.pop(thing.id, None)
            case Command():
                self.commands.pop(thing.id, None)
            case Interaction():
                self.interactions.pop(thing.id, None)
                self.interaction_ids.pop(thing.token, None)
        self.store.drop(thing)

    # Looking up; each raises ApiError where there is no such thing

    def user(self, user_id: str) -> User:
        """The user of this id."""
        return _found(self.users.get(user_id), Problem.UNKNOWN_USER)

    def guild(self, guild_id: str) -> Guild:
        """The guild of this id."""
        return _found(self.guilds.get(guild_id), Problem.UNKNOWN_GUILD)

    def member(self, guild_id: str, user_id: str) -> Member:
        """The membership of a user in a guild."""
        return _found(self.members.get((guild_id, user_id)), Problem.UNKNOWN_MEMBER)

    def role(self, guild_id: str, role_id: str) -> Role:
        """A role of a guild."""
        role = self.roles.get(role_id)
        return _found(role if role and role.guild_id == guild_id else None, Problem.UNKNOWN_ROLE)

    def channel(self, channel_id: str) -> Channel:
        """The channel or thread of this id."""
        return _found(self.channels.get(channel_id), Problem.UNKNOWN_CHANNEL)

    def message(self, channel_id: str, message_id: str) -> Message:
        """A message of a channel, ephemeral ones too."""
        return _found(self.history(channel_id).get(message_id), Problem.UNKNOWN_MESSAGE)

    def of_nonce(self, author_id: str, nonce: str | int) -> Message | None:
        """The last message of an author with this nonce, in any channel."""
        channel_id, message_id = self._nonces.get((author_id, str(nonce)), ("", ""))
        return self.history(channel_id).get(message_id) if channel_id else None

    def history(self, channel_id: str) -> History:
        """The messages of a channel."""
        return self._histories.setdefault(channel_id, History())

    def guild_roles(self, guild_id: str) -> list[Role]:
        """A guild's roles, lowest first."""
        return sorted(
            (role for role in self.roles.values() if role.guild_id == guild_id),
            key=lambda role: (role.position, int(role.id)),
        )

    def guild_members(self, guild_id: str) -> list[Member]:
        """A guild's members, by user id."""
        return sorted(
            (m for m in self.members.values() if m.guild_id == guild_id), key=lambda m: int(m.user_id)
        )

    def guild_channels(self, guild_id: str) -> list[Channel]:
        """A guild's channels without its threads."""
        found = (c for c in self.channels.values() if c.guild_id == guild_id and c.thread is None)
        return sorted(found, key=lambda channel: (channel.position, int(channel.id)))

    def threads_of(self, parent_id: str) -> list[Channel]:
        """A channel's threads, archived ones too, oldest first."""
        found = (c for c in self.channels.values() if c.thread is not None and c.parent_id == parent_id)
        return sorted(found, key=lambda channel: int(channel.id))

    def active_threads(self, guild_id: str) -> list[Channel]:
        """A guild's threads that are not archived, newest first."""
        found = [
            channel
            for channel in self.channels.values()
            if channel.guild_id == guild_id and channel.thread is not None and not channel.thread.archived
        ]
        return sorted(found, key=lambda channel: int(channel.id), reverse=True)

    # Permissions

    def can_see(self, channel: Channel, user_id: str) -> bool:
        """Whether a channel exists for a user. Private threads: its members and who manages threads."""
        granted = self.permissions(channel, user_id)
        if not granted & Permission.VIEW_CHANNEL:
            return False
        if channel.type == PRIVATE_THREAD and channel.thread is not None:
            return user_id in channel.thread.members or bool(granted & Permission.MANAGE_THREADS)
        return True

    def overwrites(self, channel: Channel) -> list[Overwrite]:
        """A channel's overwrites, with those that stand for members who have less than @everyone."""
        if channel.guild_id is None:
            return []
        given = {overwrite.id: overwrite for overwrite in channel.overwrites}
        everyone = self.roles[channel.guild_id].permissions
        for member in self.members.values():
            if member.guild_id == channel.guild_id and member.permissions is not None:
                lacks = everyone & ~self._base(member)
                own = given.get(member.user_id, Overwrite(id=member.user_id, type=1))
                deny = (own.deny | lacks) & ~own.allow
                if deny or own.allow:
                    given[member.user_id] = Overwrite(id=own.id, type=1, allow=own.allow, deny=deny)
        return list(given.values())

    def guild_permissions(self, guild_id: str, user_id: str) -> int:
        """A member's permissions in a guild as a whole; 0 for others."""
        member = self.members.get((guild_id, user_id))
        return 0 if member is None else self._base(member)

    def _base(self, member: Member) -> int:
        everyone = self.roles[member.guild_id].permissions
        return base_permissions(
            is_owner=self.guilds[member.guild_id].owner_id == member.user_id,
            everyone=everyone if member.permissions is None else member.permissions,
            roles=[self.roles[role_id].permissions for role_id in member.roles if role_id in self.roles],
        )

    def permissions(self, channel: Channel, user_id: str) -> int:
        """A user's permissions in a channel; a thread's are its parent's. 0 for whom it does not exist."""
        if channel.type == DM:
            return IN_DM if user_id in channel.recipients else 0
        if channel.thread is not None and channel.parent_id is not None:
            return self.permissions(self.channel(channel.parent_id), user_id)
        member = self.members.get((channel.guild_id or "", user_id))
        if member is None or channel.guild_id is None:
            return 0
        granted = in_channel(
            self._base(member),
            channel.overwrites,
            guild_id=channel.guild_id,
            user_id=user_id,
            role_ids=member.roles,
        )
        is_silent = member.muted_until is not None and member.muted_until > self.clock.now()
        return granted & IN_TIMEOUT if is_silent and not granted & Permission.ADMINISTRATOR else granted


T = TypeVar("T")


def _found(thing: T | None, problem: Problem) -> T:
    if thing is None:
        raise ApiError(problem)
    return thing
