"""Reactions on what a goal asks: of people who may decide they become signals, of others they are taken off.

What stands on a message is compared with what the session knows, whenever something may have been missed.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import discord

from agent_core.control import Control
from agent_core.errors import RefusedError
from agent_core.ledger import Ledger
from agent_core.session import State
from agent_core.session.take import REJECT, STOP
from agent_core.signals import Reacted
from agent_core.storage import Asks
from agent_core.values import Person, Right, SessionRef
from bot import access
from bot.access import Member
from bot.discord_api import DiscordApi, DiscordError, Lanes
from bot.inbound.notes import Notes
from bot.render.escape import line

_LOOKS, _LOOK_AGAIN_S = 20, 0.1
_NEWEST_POSTS = 40
"""What is open was asked lately; no older post is looked at."""

_OF_SERVER = ("entry", "schedule")
"""Posts that belong to no session."""

Scheduled = Callable[[discord.Guild, str, str, Member, str], Awaitable[str]]
"""(server, schedule, emoji, who, message) -> what came of the press, in words."""

Standing = dict[tuple[str, str], Person]
"""(emoji, person id) -> who pressed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """An emoji on a message."""

    emoji: str
    raw: str
    """As Discord has it; the other is as the core writes it."""
    channel_id: str
    message_id: str


class Presses:
    """Turns what people press into signals."""

    def __init__(
        self,
        *,
        client: discord.Client,
        control: Control,
        api: DiscordApi,
        notes: Notes,
        ledger: Ledger,
        scheduled: Scheduled,
    ) -> None:
        self._client = client
        self._control = control
        self._api = api
        self._notes = notes
        self._ledger = ledger
        self._scheduled = scheduled
        self._lanes = Lanes()

    async def changed(self, event: discord.RawReactionActionEvent, guild: discord.Guild) -> None:
        """A reaction was added or removed."""
        me = self._client.user
        if event.emoji.id is not None or me is None or event.user_id == me.id:
            return
        channel_id, message_id = str(event.channel_id), str(event.message_id)
        async with self._lanes.one(message_id):
            added = event.event_type == "REACTION_ADD"
            mine = event.message_author_id in (None, me.id)
            found = await self._asked(guild, channel_id, message_id, patient=added and mine)
            raw = str(event.emoji)
            emoji = access.meant(raw, found[1].post) if found else None
            if found is None or emoji is None:
                return
            ref, asks = found
            press = Press(emoji=emoji, raw=raw, channel_id=channel_id, message_id=message_id)
            if asks.post in _OF_SERVER:
                if added and (member := await self._presser(event, guild)):
                    await self._for_server(guild, asks, press, member)
                return
            state = await self._control.read(ref)
            if state.status.ended:
                return
            if not added:
                await self._taken_back(state, asks, emoji, str(event.user_id))
            elif member := await self._presser(event, guild):
                await self._pressed(state, asks, press, member)

    async def cleared(self, guild: discord.Guild, channel_id: str, message_id: str) -> None:
        """All reactions, or all of one emoji, were removed at once."""
        found = await self._asked(guild, channel_id, message_id, patient=False)
        if found and found[1].post not in _OF_SERVER:
            await self._compare(await self._control.read(found[0]), found[1], message_id, guild)

    async def deleted(self, guild: discord.Guild, message_ids: Sequence[str]) -> None:
        """Have what still asks posted again: to delete it decides nothing."""
        for message_id in message_ids:
            found = await self._control.storage.posts.asked(str(guild.id), message_id)
            if found and found[1].post not in _OF_SERVER:
                state = await self._control.read(found[0])
                if not state.status.ended and _is_open(state, found[1]):
                    await self._gone(state, message_id)

    async def missed(self, state: State, guild: discord.Guild) -> None:
        """Send what changed on the open posts of this session while nobody listened."""
        posts = await self._control.storage.posts.all(state.ref)
        message_ids = {message_id for message_id in posts.values() if message_id.isdecimal()}
        for message_id in sorted(message_ids, key=int, reverse=True)[:_NEWEST_POSTS]:
            found = await self._control.storage.posts.asked(state.ref.guild_id, message_id)
            if found and found[0] == state.ref and _is_open(state, found[1]):
                await self._compare(state, found[1], message_id, guild)

    async def _asked(
        self, guild: discord.Guild, channel_id: str, message_id: str, *, patient: bool
    ) -> tuple[SessionRef, Asks] | None:
        """What the message asks. A press may come before the record of the post: a patient caller waits."""
        guild_id, posts = str(guild.id), self._control.storage.posts
        found = await posts.asked(guild_id, message_id)
        if found or not patient or not await self._control.by_thread(guild_id, channel_id):
            return found
        for _ in range(_LOOKS):
            await asyncio.sleep(_LOOK_AGAIN_S)
            if found := await posts.asked(guild_id, message_id):
                return found
        return None

    async def _pressed(self, state: State, asks: Asks, press: Press, member: discord.Member) -> None:
        if member.bot:
            return
        who, rules = Member.of(member), await self._control.rules(state.ref.guild_id)
        if not access.may_press(who, asks.post, press.emoji, rules, state.starter.id):
            await self._take_off(press, who.id, access.why(access.right_of(asks.post), rules))
        elif press.emoji == STOP or _is_open(state, asks):
            await self._signal(state, asks, press.emoji, who.person, present=True)

    async def _presser(
        self, event: discord.RawReactionActionEvent, guild: discord.Guild
    ) -> discord.Member | None:
        return event.member or await self._api.member(guild, str(event.user_id))

    async def _for_server(
        self, guild: discord.Guild, asks: Asks, press: Press, member: discord.Member
    ) -> None:
        """A press on a post that belongs to the server, not to a goal."""
        if member.bot:
            return
        who = Member.of(member)
        if asks.post == "entry":
            await self._confirm(str(guild.id), asks.about, who, press)
            return
        text = await self._scheduled(guild, asks.about, press.emoji, who, press.message_id)
        await self._take_off(press, who.id, text)

    async def _confirm(self, guild_id: str, entry_id: str, who: Member, press: Press) -> None:
        """Count a person's word for an entry of the books, or say why it does not count."""
        rules = await self._control.rules(guild_id)
        if not access.may(who, Right.APPROVE, rules):
            await self._take_off(press, who.id, access.why(Right.APPROVE, rules))
            return
        try:
            entry = await self._ledger.confirm(guild_id, entry_id, who.person)
        except RefusedError as error:
            await self._take_off(press, who.id, str(error))
            return
        text = f"✅ Entry {entry.number} is evidenced: **{line(who.name, 60)}** has looked at it."
        await self._notes.once(press.channel_id, press.message_id, text, "entry", press.message_id)

    async def _taken_back(self, state: State, asks: Asks, emoji: str, person_id: str) -> None:
        person = (await self._standing(state, asks)).get((emoji, person_id))
        if person is not None:  # else it never counted: it was the bot who took it off
            await self._signal(state, asks, emoji, person, present=False)

    async def _take_off(self, press: Press, person_id: str, why: str) -> None:
        with contextlib.suppress(DiscordError):  # without Manage Messages it stays, and means nothing
            await self._api.unreact(press.channel_id, press.message_id, press.raw, user_id=person_id)
        text = f"<@{person_id}> {why}"
        await self._notes.once(press.channel_id, press.message_id, text, "press", press.message_id)

    async def _compare(self, state: State, asks: Asks, message_id: str, guild: discord.Guild) -> None:
        async with self._lanes.one(message_id):
            message = await self._api.find(state.thread_id, message_id) if state.thread_id else None
            if message is None:
                await self._gone(state, message_id)
                return
            there = await self._there(message, asks)
            before = await self._standing(state, asks)
            for (emoji, person_id), person in before.items():
                if (emoji, person_id) not in there:
                    await self._signal(state, asks, emoji, person, present=False)
            new = [key for key in there if key not in before]
            for emoji, person_id in sorted(new, key=lambda key: key[0] not in (REJECT, STOP)):
                press = Press(
                    emoji=emoji,
                    raw=there[emoji, person_id],
                    channel_id=str(message.channel.id),
                    message_id=message_id,
                )
                if member := await self._api.member(guild, person_id):
                    await self._pressed(state, asks, press, member)

    async def _gone(self, state: State, message_id: str) -> None:
        await self._control.storage.posts.deleted(state.ref, message_id)
        await self._control.show(state.ref)

    async def _there(self, message: discord.Message, asks: Asks) -> dict[tuple[str, str], str]:
        """(emoji, person id) -> the emoji as Discord has it, of all that is there and means something."""
        there: dict[tuple[str, str], str] = {}
        for reaction in message.reactions:
            raw = str(reaction.emoji)
            if reaction.me and reaction.count == 1:
                continue  # only the bot's own
            if emoji := access.meant(raw, asks.post):
                pressers = await self._api.pressers(message, raw)
                there |= {(emoji, presser.id): raw for presser in pressers if not presser.bot}
        return there

    async def _standing(self, state: State, asks: Asks) -> Standing:
        """What counts on this post now: what the session knows, and what waits in its inbox."""
        standing: Standing = {
            (emoji, person_id): person
            for (post, about, emoji, person_id), person in state.reactions.items()
            if (post, about) == (asks.post, asks.about)
        }
        for _, signal in await self._control.storage.inbox.fresh(state.ref, state.inbox_id):
            if isinstance(signal, Reacted) and (signal.post, signal.about) == (asks.post, asks.about):
                if signal.present:
                    standing[signal.emoji, signal.person.id] = signal.person
                else:
                    standing.pop((signal.emoji, signal.person.id), None)
        return standing

    async def _signal(self, state: State, asks: Asks, emoji: str, person: Person, *, present: bool) -> None:
        press = Reacted(post=asks.post, about=asks.about, person=person, emoji=emoji, present=present)
        await self._control.signal(state.ref, press)


def _is_open(state: State, asks: Asks) -> bool:
    if asks.post == "budget":
        return state.limit is not None and asks.about == str(state.limit_version)
    pending = state.find(asks.about)
    return pending is not None and (asks.post == "question" or not pending.started)
