"""A goal in which everything happens that can: what its model says, and what its people do.

The model's reply depends only on how far the request is (each thought begins with its number), people act on
what the journal says: so a kill anywhere leads to the same goal.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from agent_core.session import State
from agent_core.values import SessionRef
from tests.chaos.stage import Chaos
from tests.fakes import Call, Request, Turn
from tests.flow.people import Json, Thread, emoji_of

LOOK: Call = ("read_file", {"path": "count.txt"})
THREE = "assert 'three' in open('count.txt').read()"
STEPS: tuple[tuple[Call, ...], ...] = (
    (("set_plan", {"items": [{"text": "count"}, {"text": "tell"}]}),),
    (("set_contract", {"checks": [{"name": "three", "code": THREE}]}),),
    (("run_python", {"code": "open('count.txt', 'a').write('one\\n')\nprint('did', 'one')"}),),
    (("run_python", {"code": "open('count.txt', 'a').write('two\\n')\nprint('did', 'two')"}),),
    (("call_out", {"words": "first"}), ("call_out", {"words": "second"})),
    (("ask", {"question": "Which way?", "options": ["left", "right"]}),),
    (("deliver", {"paths": ["count.txt"], "note": "on the way"}),),
    (LOOK,),
    (LOOK,),
    (LOOK,),
    (("finish", {"summary": "too early"}),),
    (("run_python", {"code": "open('count.txt', 'a').write('three\\n')\nprint('did', 'three')"}),),
    (("finish", {"summary": "counted to three", "files": ["count.txt"]}),),
)
FAILS_AT = 10
"""The step at which the model refuses its key, until somebody has seen to it."""
STEPS_GRANTED = 12
TRIES = 10
RENAMED = 4
"""Discord's type of the message that says that a thread has another name."""


@dataclass(kw_only=True)
class Script:
    """Plays the model for any number of such goals at once."""

    mended: set[str] = field(default_factory=set[str])
    """The goals whose key is good again."""

    def reply(self, request: Request) -> Turn:
        """What the model says to this request."""
        done = steps_done(request)
        goal = str(next(one["content"] for one in request["messages"] if one["role"] == "user"))
        name = re.search(r"goal-\w+", goal)
        assert name is not None
        if "halt: " in goal:
            return Turn(text="[1] so I do", calls=(("run_python", {"code": "print('never')"}),))
        if done == FAILS_AT and name[0] not in self.mended:
            return Turn(status=401, text="no such key")
        return Turn(text=f"[{done + 1}] so I do", calls=STEPS[done])


def steps_done(request: Request) -> int:
    """How far the request is: each thought begins with its number."""
    said = [str(one["content"]) for one in request["messages"] if one["role"] == "assistant"]
    return max((int(found[1]) for one in said if (found := re.match(r"\[(\d+)\]", one))), default=0)


def runs_once(request: Request) -> Turn:
    """One run that asks, then the end."""
    if any(one["role"] == "assistant" for one in request["messages"]):
        return Turn(calls=(("finish", {"summary": "done"}),))
    return Turn(text="I run", calls=(("run_python", {"code": "print('it ' + 'ran')"}),))


async def play(stage: Chaos, script: Script, name: str) -> tuple[SessionRef, Thread]:
    """The goal from its start to its end."""
    thread = await begin(stage, f"count: {name}", autonomy="ask")
    ref = await stage.session(thread)
    people = _People(stage=stage, thread=thread, ref=ref)
    await people.change_their_mind("2.1")
    await people.allow_always("3.1")
    await people.press_on("5.1", "✅")
    await people.press_on("5.2", "✅")
    await people.answer("6.1")
    await people.say_and_correct()
    script.mended.add(name)
    await people.resume()
    await people.top_up()
    await stage.until(ref, lambda state: state.ended is not None, "the end")
    await thread.until(lambda one: "0.card" in one["content"] and "finished" in one["content"], "the card")
    await thread.until(lambda one: one["type"] == RENAMED, "its last name")
    return ref, thread


async def play_stopped(stage: Chaos, name: str) -> tuple[SessionRef, Thread]:
    """A goal that somebody stops while it asks."""
    thread = await begin(stage, f"halt: {name}", autonomy="ask")
    ref = await stage.session(thread)
    await _People(stage=stage, thread=thread, ref=ref).press_on("1.1", "🛑")
    await stage.until(ref, lambda state: state.ended is not None, "the end")
    await thread.until(lambda one: "0.card" in one["content"] and "stopped" in one["content"], "the card")
    await thread.until(lambda one: one["type"] == RENAMED, "its last name")
    return ref, thread


async def begin(stage: Chaos, text: str, **options: str) -> Thread:
    """A goal's thread, also where nobody lives to answer the command; one that was lost is given again."""
    name = text.rpartition(" ")[2]
    for _ in range(4):
        asking = asyncio.create_task(stage.people.command("goal", text=text, **options))
        try:
            async with asyncio.timeout(20):
                while True:
                    for one in await stage.people.threads():
                        if name in one["name"].split():
                            return Thread(people=stage.people, id=one["id"])
                    await asyncio.sleep(0.05)
        except TimeoutError:
            continue
        finally:
            asking.cancel()
            await asyncio.wait({asking})
            if not asking.cancelled():
                asking.exception()
    raise AssertionError(text)


@dataclass(kw_only=True)
class _People:
    stage: Chaos
    thread: Thread
    ref: SessionRef

    async def asked(self, key: str, emoji: str, where: str = "proposal") -> Json:
        """The message that asks this, with that emoji on it."""

        async def look() -> Json | None:
            asking = await self._asks(key, where)
            for one in await self.thread.messages() if asking else ():
                if one["id"] in asking and emoji in emoji_of(one):
                    return one
            return None

        return await self.stage.patiently(look, f"{emoji} on {key}")

    async def _asks(self, key: str, where: str) -> set[str]:
        """The messages that ask it."""
        posts = self.stage.storage.posts
        found: set[str] = set()
        for message_id in set((await posts.all(self.ref)).values()):
            asked = await posts.asked(self.ref.guild_id, message_id)
            if asked and asked[1].about == key and asked[1].post == where:
                found.add(message_id)
        return found

    async def press_on(self, key: str, emoji: str, where: str = "proposal") -> Json:
        message = await self.asked(key, emoji, where)
        await self.thread.press(message, emoji)
        return message

    async def change_their_mind(self, key: str) -> None:
        message = await self.press_on(key, "❌")
        await self.until(lambda state: _decision(state, key) == "reject", "the no")
        await self.thread.press(message, "❌", remove=True)
        await self.until(lambda state: _decision(state, key) is None, "the no taken back")
        await self.thread.press(message, "✅")

    async def allow_always(self, key: str) -> None:
        await self.press_on(key, "🔁")
        await self.press_on(key, "🔁", "rule")

    async def answer(self, key: str) -> None:
        await self.until(lambda state: state.question is not None, "the question")
        await self.press_on(key, "2️⃣", "question")

    async def say_and_correct(self) -> None:
        await self.until(lambda state: state.paused is not None, "the pause")
        said = await self.thread.write("mind the gab")
        await self.until(lambda state: bool(state.unheard), "the words")
        url = f"{self.stage.people.url}/playground/messages/{self.thread.id}/{said['id']}"
        body = {"user_id": self.stage.people.owner_id, "content": "mind the gap"}
        async with self.stage.people.http.patch(url, json=body) as reply:
            assert reply.status == 200, await reply.text()
        await self.until(
            lambda state: any(getattr(one, "text", "") == "mind the gap" for one in state.history), "the edit"
        )

    async def resume(self) -> None:
        """A command that the bot did not answer in time is given again, as a person would."""
        response: Json = {}
        for _ in range(TRIES):
            response = await self.stage.people.command("resume", channel_id=self.thread.id)
            if response and "Going on" in str(response):
                break
            await asyncio.sleep(1.0)
        await self.until(lambda state: state.paused is None, f"the resumption: {response}")

    async def top_up(self) -> None:
        state = await self.until(lambda state: state.limit is not None, "the limit")
        await self.press_on(str(state.limit_version), "💰", "budget")

    async def until(self, wanted: Callable[[State], bool], what: str) -> State:
        return await self.stage.until(self.ref, wanted, what)


def _decision(state: State, key: str) -> str | None:
    found = state.find(key)
    return found.decision.how if found and found.decision else None
