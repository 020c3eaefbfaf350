"""Messages in the threads of goals: said, edited, deleted; and the files that were dropped with them.

Everything of one thread is done in the order in which it happened.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import discord

from agent_core.control import Control, Order
from agent_core.errors import RefusedError, StoreUnavailableError
from agent_core.memory import Memory
from agent_core.session import State
from agent_core.signals import Edited, Said, Signal, Withdrawn
from agent_core.values import FileRef, NamedFile, Person, Right, ServerRules, SessionRef
from bot import access
from bot.access import Member
from bot.discord_api import DiscordApi, DiscordError, DroppedFiles, Lanes
from bot.inbound.notes import Notes

SEEN = "seen"
"""The part of a session's posts under which the id of the last message that was looked at is kept."""
STORED = "👀"

_PEOPLE_WRITE = (discord.MessageType.default, discord.MessageType.reply)
_WOKE_WITHIN_S = 1.0
_FIRST_OPEN_S = 5.0
_MOST_ENDED = 200
"""Threads of one server that are looked at for replies to goals that have ended."""
_ENDED = "This goal has ended. `/goal` in the channel starts a new one, by those who may start goals."
_CANNOT_READ = "I cannot read messages here: mention me in what you write, or use `/steer`."


Known = dict[str, Member | None]
"""User id -> the member, as asked a moment ago; None for whoever is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A message of a person, as far as it matters."""

    id: str
    channel_id: str
    guild: discord.Guild
    text: str
    attachments: Sequence[discord.Attachment]
    woke: bool = False
    """It opened the archived thread: whoever wrote it saw no proposal that could be answered."""


class Words:
    """Turns what people write into signals."""

    def __init__(
        self,
        *,
        client: discord.Client,
        control: Control,
        api: DiscordApi,
        dropped: DroppedFiles,
        notes: Notes,
        memory: Memory,
    ) -> None:
        self._client = client
        self._control = control
        self._api = api
        self._dropped = dropped
        self._notes = notes
        self._memory = memory
        self._lanes = Lanes()
        self._torn: set[str] = set()
        """Threads in which a message could not be stored: no later one may come before it."""

    async def said(
        self,
        message: discord.Message,
        guild: discord.Guild,
        *,
        advance: bool = True,
        known: Known | None = None,
    ) -> None:
        """Take a message in, if it is for a goal. `advance`: no older one of its thread is missing."""
        if not _by_a_person(message):
            return
        channel_id = str(message.channel.id)
        async with self._lanes.one(channel_id):
            if channel_id in self._torn:
                return  # it is found again together with the one before it
            try:
                await self._said(message, guild, {} if known is None else known)
                if advance and (ref := await self._control.by_thread(str(guild.id), channel_id)):
                    await self._control.storage.posts.put(ref, SEEN, str(message.id))
            except (StoreUnavailableError, DiscordError):
                self._torn.add(channel_id)
                raise

    async def said_late(self, message: discord.Message, guild: discord.Guild) -> None:
        """As `said`, while older messages may be missing: those first, so that order is kept."""
        if _by_a_person(message) and (state := await self._state(guild, str(message.channel.id))):
            await self._missed_words(state, guild)
            await self.said(message, guild, advance=False)

    async def edited(self, message: discord.Message, guild: discord.Guild) -> None:
        """Change the message while it still waits."""
        if message.edited_at is None or not _by_a_person(message):
            return  # Discord adds a preview or a thread to a message by an edit too
        edited_at = message.edited_at.timestamp()
        async with self._lanes.one(str(message.channel.id)):
            state = await self._state(guild, str(message.channel.id))
            if state is not None:
                await self._reword(state, message)
            said = await self._waiting(state, str(message.id)) if state else None
            if state is None or said is None or said.text == self._text(message):
                return
            member = await self._member(message, guild, {})
            rules = await self._control.rules(str(guild.id))
            if member is None or not access.may_steer(member, rules, state.starter.id):
                return
            text = self._text(message)
            edit = Edited(message_id=said.message_id, edited_at=edited_at, text=text)
            await self._control.signal(state.ref, edit)

    async def _reword(self, state: State, message: discord.Message) -> None:
        """Have the message remembered as it reads now, if it may still be."""
        guild_id = state.ref.guild_id
        rules = await self._control.rules(guild_id)
        kept = rules.remembers(str(message.author.id), state.channel_id, state.thread_id)
        await self._memory.reworded(guild_id, str(message.id), self._text(message) if kept else "")

    async def deleted(self, guild: discord.Guild, channel_id: str, message_ids: Sequence[str]) -> None:
        """Withdraw the messages that still wait."""
        async with self._lanes.one(channel_id):
            state = await self._state(guild, channel_id)
            if state is not None:
                await self._memory.forget_messages(str(guild.id), message_ids)
            for message_id in message_ids if state else ():
                if state and await self._waiting(state, message_id):
                    await self._control.signal(state.ref, Withdrawn(message_id=message_id))

    async def missed(self, state: State, guild: discord.Guild) -> None:
        """Take in what was written, edited and deleted in this session's thread while nobody listened."""
        if state.thread_id is None:
            return
        await self._missed_words(state, guild)
        for said in await self._all_waiting(state):
            await self._compare(said, guild, state.thread_id)

    async def _missed_words(self, state: State, guild: discord.Guild) -> None:
        if state.thread_id is None:
            return
        record = await self._control.storage.posts.all(state.ref)
        seen = record.get(SEEN, state.thread_id)
        if state.status.ended and not record:  # archived: what was written before the end was looked at then
            seen = str(discord.utils.time_snowflake(datetime.fromtimestamp(state.at, UTC)))
        self._torn.discard(state.thread_id)
        known: Known = {}
        while found := await self._api.history(state.thread_id, after=seen, limit=100):
            for message in found:
                await self.said(message, guild, known=known)
            seen = str(found[-1].id)
        if state.status.ended:  # with the bot's own last words, so that nothing is asked for the next time
            await self._control.storage.posts.put(state.ref, SEEN, seen)

    async def answered_late(self, guild: discord.Guild) -> list[SessionRef]:
        """Goals that may have ended, in whose threads something was written that the bot does not know of.

        Only threads that are awake, as a reply keeps them, and of those the newest. Discord is not asked.
        """
        awake = [thread for thread in guild.threads if thread.last_message_id and not thread.archived]
        newest = sorted(awake, key=lambda thread: thread.last_message_id or 0, reverse=True)
        found: list[SessionRef] = []
        for thread in newest[:_MOST_ENDED]:
            ref = await self._control.by_thread(str(guild.id), str(thread.id))
            record = await self._control.storage.posts.all(ref) if ref else {}
            known = max((int(one) for one in record.values() if one.isdecimal()), default=0)
            if ref and record and (thread.last_message_id or 0) > known:  # without a record it was archived
                found.append(ref)
        return found

    async def missed_reply(self, ref: SessionRef, guild: discord.Guild) -> None:
        """Take in what was written in the thread of a goal that has ended, while nobody listened."""
        state = await self._control.read(ref)
        if state.status.ended:
            await self._missed_words(state, guild)

    async def _compare(self, said: Said, guild: discord.Guild, thread_id: str) -> None:
        message = await self._api.find(thread_id, said.message_id)
        if message is None:
            await self.deleted(guild, thread_id, [said.message_id])
        else:
            await self.edited(message, guild)

    async def _said(self, message: discord.Message, guild: discord.Guild, known: Known) -> None:
        state = await self._state(guild, str(message.channel.id))
        if state is None or await self._was_told(state, str(message.id)):
            return
        heard = Heard(
            id=str(message.id),
            channel_id=str(message.channel.id),
            guild=guild,
            text=self._text(message),
            attachments=message.attachments,
            woke=_woke(message, guild),
        )
        if heard.text.strip() or heard.attachments:
            await self._admit(state, heard, await self._member(message, guild, known))
        elif not self._client.intents.message_content:
            await self._notes.once(heard.channel_id, heard.id, _CANNOT_READ, "cannot read")

    async def _admit(self, state: State, heard: Heard, member: Member | None) -> None:
        if member is None:
            return  # left meanwhile: no member, no rights
        rules = await self._control.rules(state.ref.guild_id)
        if not access.may_steer(member, rules, state.starter.id):
            text = access.why(Right.STEER, rules)
            await self._notes.turn_away(heard.channel_id, heard.id, member.id, text)
        elif state.status.ended:
            await self._begin_anew(state, heard, member, rules)
        else:
            await self._store(state, heard, member, rules)

    async def _begin_anew(self, state: State, heard: Heard, member: Member, rules: ServerRules) -> None:
        """A reply in an ended thread is a new goal there, with the files and the summary of the old one."""
        if not access.may(member, Right.START, rules) or not heard.text.strip():
            await self._notes.once(heard.channel_id, heard.id, _ENDED, "ended", member.id)
            return
        seen = (await self._control.storage.posts.all(state.ref)).get(SEEN)
        if seen is not None and int(heard.id) <= int(seen):
            return  # written before the goal ended, and looked at then
        files = await self._receive(state, heard)
        ref = SessionRef(state.ref.guild_id, heard.id)
        # Before the session lives: nothing that was written for the old goal is read as words for this one.
        await self._control.storage.posts.put(ref, SEEN, heard.id)
        order = Order(
            ref=ref,
            goal=heard.text,
            starter=member.person,
            channel_id=state.channel_id,
            files=files,
            after=state,
        )
        try:
            await self._control.start(order)
        except RefusedError as error:
            await self._notes.say(heard.channel_id, heard.id, str(error), about="ended")
            return
        await self._control.bind_thread(ref, heard.channel_id)
        await self._control.show(ref)
        with contextlib.suppress(DiscordError):
            await self._api.react(heard.channel_id, heard.id, STORED)

    async def _store(self, state: State, heard: Heard, member: Member, rules: ServerRules) -> None:
        files = await self._receive(state, heard)
        if not heard.text.strip() and not files:
            return
        said = Said(
            message_id=heard.id,
            person=Person(id=member.id, name=member.name),
            text=heard.text,
            files=files,
            interrupt=heard.text.lstrip().startswith("!"),
            may_decide=bool(heard.text.strip())
            and not heard.woke
            and access.may(member, Right.APPROVE, rules),
        )
        await self._control.signal(state.ref, said)
        with contextlib.suppress(DiscordError):  # a receipt is a courtesy; the words are stored
            await self._api.react(heard.channel_id, heard.id, STORED)

    async def _receive(self, state: State, heard: Heard) -> tuple[NamedFile, ...]:
        """The files that came with it; of one that is not taken, the thread is told why."""
        if not heard.attachments:
            return ()

        async def again() -> Sequence[discord.Attachment]:
            message = await self._api.find(heard.channel_id, heard.id)
            return message.attachments if message else ()

        waiting = [one for said in await self._all_waiting(state) for one in said.files]
        held: list[FileRef] = [*state.inputs.values(), *(one.file for one in waiting)]
        received = await self._dropped.receive(state.ref.guild_id, heard.attachments, held=held, again=again)
        if received.refused:
            await self._notes.say(heard.channel_id, heard.id, "\n".join(received.refused), about="file")
        return received.files

    async def _state(self, guild: discord.Guild, channel_id: str) -> State | None:
        ref = await self._control.by_thread(str(guild.id), channel_id)
        return await self._control.read(ref) if ref else None

    async def _member(self, message: discord.Message, guild: discord.Guild, known: Known) -> Member | None:
        """The author as a member: as the gateway sent them along, else asked for."""
        author = message.author
        if isinstance(author, discord.Member) and author.guild is guild:
            return Member.of(author)
        author_id = str(author.id)
        if author_id not in known:
            member = await self._api.member(guild, author_id)
            known[author_id] = Member.of(member) if member else None
        return known[author_id]

    async def _was_told(self, state: State, message_id: str) -> bool:
        return message_id in state.seen or await self._waiting(state, message_id) is not None

    async def _waiting(self, state: State, message_id: str) -> Said | None:
        """The message with its last change, if it waits to be taken."""
        spoke = state.spoken(message_id)
        found = Said(message_id=message_id, person=spoke.person, text=spoke.text) if spoke else None
        for signal in await self._signals(state):
            match signal:
                case Said() if signal.message_id == message_id:
                    found = found or signal
                case Edited() if found and signal.message_id == message_id:
                    found = Said(message_id=message_id, person=found.person, text=signal.text)
                case Withdrawn() if signal.message_id == message_id:
                    return None
                case _:
                    pass
        return found

    async def _all_waiting(self, state: State) -> list[Said]:
        return [signal for signal in await self._signals(state) if isinstance(signal, Said)]

    async def _signals(self, state: State) -> list[Signal]:
        fresh = await self._control.storage.inbox.fresh(state.ref, state.inbox_id)
        return [signal for _, signal in fresh]

    def _text(self, message: discord.Message) -> str:
        """The words, verbatim but for a mention of the bot in front, which only addresses it."""
        me = self._client.user
        text = message.content
        for mention in (f"<@{me.id}>", f"<@!{me.id}>") if me else ():
            if text.startswith(mention):
                return text.removeprefix(mention).lstrip()
        return text


def _woke(message: discord.Message, guild: discord.Guild) -> bool:
    """Whether this message opened its thread: a thread says when it was last opened or closed."""
    thread = guild.get_thread(message.channel.id)
    if thread is None or thread.archived:
        return False
    opened = thread.archive_timestamp
    made = discord.utils.snowflake_time(thread.id)
    first = abs((opened - made).total_seconds()) < _FIRST_OPEN_S  # it was never closed
    return not first and abs((message.created_at - opened).total_seconds()) < _WOKE_WITHIN_S


def _by_a_person(message: discord.Message) -> bool:
    """Somebody's own words, in a thread; one that is not in the cache is a mere id."""
    author = message.author
    own_words = message.type in _PEOPLE_WRITE and message.webhook_id is None
    in_thread = isinstance(message.channel, discord.Thread | discord.PartialMessageable)
    return in_thread and own_words and not author.bot and not author.system
