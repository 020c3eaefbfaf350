"""How a goal gets its thread: a starter message, a public thread from it, the signal that it is there.

Each part may be repeated: after a crash between any two, `reopen` goes on where it stopped.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import discord

from agent_core.control import Control
from agent_core.events import SessionStarted
from agent_core.session import State
from agent_core.signals import ThreadOpened
from agent_core.values import SessionRef
from bot.discord_api import DiscordApi, Lanes, Upload
from bot.render.escape import cut, prose
from bot.render.marker import carries, nonce, with_marker
from bot.render.split import balanced, size
from bot.render.words import dollars, named, thread_title

STARTER = "starter"
"""The part of a session's posts under which the starter message is kept."""

_GOAL_ROOM = 1200
_DONE_ROOM = 300
_LOOKED_AT = 50


class Openings:
    """Opens threads, one at a time per session."""

    def __init__(self, *, control: Control, api: DiscordApi) -> None:
        self._control = control
        self._api = api
        self._lanes = Lanes()
        self.late: set[SessionRef] = set()
        """Sessions that still need their thread, because Discord did not answer."""

    @asynccontextmanager
    async def one(self, ref: SessionRef) -> AsyncGenerator[None]:
        """Nobody else opens this session's thread meanwhile."""
        async with self._lanes.one(str(ref)):
            yield

    async def finish(self, state: State, message_id: str, upload_limit: int) -> str:
        """Open the thread from the starter message, and tell the session; the thread's id.

        Raises DiscordError. The caller holds `one`.
        """
        ref = state.ref
        await self._control.storage.posts.put(ref, STARTER, message_id)
        thread_id = await self._api.thread_from(state.channel_id, message_id, thread_title(state.goal))
        await self._control.bind_thread(ref, thread_id)
        await self._control.signal(ref, ThreadOpened(thread_id=thread_id, upload_limit=upload_limit))
        return thread_id

    async def post(self, state: State) -> str:
        """Post the starter message as the bot's own, where no answer to a command can carry it; its id."""
        text = with_marker(starter(state.started), "goal", state.ref.id)
        sent = await self._api.send(
            state.channel_id, text, nonce=nonce(state.ref, 1, STARTER), files=whole_goal(state.started)
        )
        return sent.id

    async def reopen(self, state: State, upload_limit: int) -> None:
        """Give a session its thread after a crash. Raises DiscordError."""
        async with self.one(state.ref):
            if await self._is_told(state.ref):
                return  # whoever held this before has done it
            posts = await self._control.storage.posts.all(state.ref)
            message_id = posts.get(STARTER) or await self._find(state) or await self.post(state)
            await self.finish(state, message_id, upload_limit)

    async def _is_told(self, ref: SessionRef) -> bool:
        """Whether the session knows its thread, or has it waiting in its inbox."""
        state = await self._control.read(ref)
        waiting = await self._control.storage.inbox.fresh(ref, state.inbox_id)
        return state.thread_id is not None or any(isinstance(one, ThreadOpened) for _, one in waiting)

    async def _find(self, state: State) -> str | None:
        for message in reversed(await self._api.history(state.channel_id, limit=_LOOKED_AT)):
            if str(message.author.id) == self._api.me and _starts(message, state.ref):
                return str(message.id)
        return None


def _starts(message: discord.Message, ref: SessionRef) -> bool:
    asked = message.interaction_metadata
    # A promise that was never kept cannot be edited any more once its token is gone: post anew.
    answered = asked is not None and str(asked.id) == ref.id and not message.flags.loading
    return answered or carries(message.content, ref.id)


def starter(started: SessionStarted) -> str:
    """What the channel shows of a new goal, within one message."""
    goal = balanced(cut(prose(started.goal), _GOAL_ROOM))
    quoted = "\n".join(f"> {line}" for line in goal.split("\n"))
    about = [f"autonomy {started.autonomy}", f"budget {dollars(started.limits.usd)}"]
    rows = [f"🎯 **Goal** by <@{started.starter.id}>:", quoted, f"-# {' · '.join(about)}"]
    if started.done_when:
        rows.append(f"-# done when {cut(' '.join(prose(started.done_when).split()), _DONE_ROOM)}")
    if started.files:
        rows.append(f"-# files {cut(named(started.files, most=3), 200)}")
    return "\n".join(rows)


def whole_goal(started: SessionStarted) -> tuple[Upload, ...]:
    """The goal as a file, where the starter cannot show all of it."""
    if size(started.goal) <= _GOAL_ROOM and size(started.done_when) <= _DONE_ROOM:
        return ()
    text = f"{started.goal}\n\nDone when: {started.done_when}\n" if started.done_when else started.goal
    return (Upload(name="goal.txt", source=text.encode(errors="replace")),)
