"""Many goals at once, people who steer them, and the law that holds whatever dies meanwhile."""

import asyncio
import random
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from agent_core.events import Ended, Observed, PersonSpoke, Thought
from agent_core.storage.hearing import LEASE_S
from agent_core.storage.redis import connected
from agent_core.values import SessionRef, Status
from tests.chaos.meaning import CUT
from tests.chaos.processes import Program
from tests.chaos.script import begin, steps_done
from tests.chaos.stage import Chaos
from tests.chaos.victim import OWNER
from tests.fakes import Call, Request, Turn
from tests.flow.people import Thread

REACHES_AT = 3
AT_ONCE = 5
TOO_LATE_S = LEASE_S + 1.0
"""Words so near to the end may be on their way when it comes: a dead gateway is believed for its lease."""


@dataclass(kw_only=True)
class Crowd:
    """Goals of so many steps each; the model's reply depends on the request alone."""

    stage: Chaos
    steps: int
    rng: random.Random
    takes_s: float = 0.0
    """How long each step works."""
    thinks_s: float = 0.0
    """How long the model takes for each."""
    goals: dict[SessionRef, Thread] = field(default_factory=dict[SessionRef, Thread])
    said: dict[SessionRef, dict[str, float]] = field(default_factory=dict[SessionRef, dict[str, float]])
    """What people have said, and when."""
    resumed_s: list[float] = field(default_factory=list[float])
    """Seconds from the death of a worker to the next commit of each session that it had. Where a step was
    cut, that waits for its second run; where the model was being asked and costs money, it is the first thing
    that the next worker does."""
    found: list[str] = field(default_factory=list[str])
    """Breaches of the law, once they were looked for."""
    _watches: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    def reply(self, request: Request) -> Turn:
        """What the model says to this request."""
        done = steps_done(request)
        return Turn(text=f"[{done + 1}] so I do", calls=(self._call(done + 1),), takes_s=self.thinks_s)

    def _call(self, step: int) -> Call:
        if step > self.steps:
            return ("finish", {"summary": f"did {self.steps}"})
        if step == REACHES_AT:
            return ("call_out", {"words": "hello"})
        return ("run_python", {"code": f"import time; time.sleep({self.takes_s}); print('did step', {step})"})

    async def begin(self, count: int, pause_s: float = 0.0) -> None:
        """Start so many goals, a few at a time, with a pause after each few."""
        for at in range(0, count, AT_ONCE):
            async with asyncio.TaskGroup() as group:
                begun = [
                    group.create_task(begin(self.stage, f"work crowd-{number}", autonomy="auto"))
                    for number in range(at, min(at + AT_ONCE, count))
                ]
            await asyncio.sleep(pause_s)
            for one in begun:
                ref = await self.stage.session(one.result())
                self.goals[ref], self.said[ref] = one.result(), {}

    async def steer(self, rounds: int) -> None:
        """Say something in each goal now and then, while it runs."""
        for number in range(rounds):
            for ref, thread in list(self.goals.items()):
                state = await self.stage.state(ref)
                if state.step < self.steps - 1 and self.rng.random() < 0.5:
                    words = f"words-{ref.id}-{number}."
                    await thread.write(words)
                    self.said[ref][words] = time.time()
            await asyncio.sleep(self.rng.random())

    async def kill(self, program: Program) -> None:
        """Kill a worker, and measure how long its sessions stand still."""
        pid = str(program.pid)
        await program.kill()
        at = asyncio.get_running_loop().time()
        async with connected(self.stage.redis_url, repeat=True) as redis:
            owners: Any = await redis.hgetall(OWNER)
        for ref in self.goals:
            if owners.get(ref.id.encode()) == pid.encode():
                task = asyncio.create_task(self._watch(ref, at))
                self._watches.add(task)

    async def _watch(self, ref: SessionRef, died_at: float) -> None:
        state = await self.stage.state(ref)
        if state.ended or state.waiting or state.paused:
            return
        before = state.version
        await self.stage.until(ref, lambda now: now.version > before, "a commit after a death")
        self.resumed_s.append(asyncio.get_running_loop().time() - died_at)

    async def until_over(self, within_s: float) -> None:
        """Wait for every goal's end, and for all that its thread shows of it."""
        try:
            async with asyncio.timeout(within_s):
                for ref, thread in self.goals.items():
                    while not await self._is_over(ref):  # noqa: ASYNC110 - other processes act
                        await asyncio.sleep(0.1)
                    while "**finished" not in await thread.text():  # noqa: ASYNC110 - the same
                        await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"not over within {within_s:.0f} s: {await self.left()}") from None
        for watch in self._watches:
            watch.cancel()
        if self._watches:
            await asyncio.wait(self._watches)

    async def left(self) -> list[str]:
        """The goals that are not over, and where they stand."""
        found: list[str] = []
        for ref in self.goals:
            state = await self.stage.state(ref)
            if not state.ended:
                found.append(
                    f"{ref}: step {state.step}, {state.status} {state.waiting}, version {state.version}"
                )
        return found

    async def _is_over(self, ref: SessionRef) -> bool:
        state = await self.stage.state(ref)
        return state.ended is not None

    async def broken(self) -> list[str]:
        """Every breach of the law: a step, post or words lost, doubled or out of order; a reach repeated."""
        found: list[str] = []
        for ref, thread in self.goals.items():
            found += [f"{ref}: {what}" for what in await self._breaches(ref, thread)]
        return found

    async def _breaches(self, ref: SessionRef, thread: Thread) -> list[str]:
        events: list[Any] = [event for one in await self.stage.journal(ref) for event in one.events]
        found: list[str] = []
        thoughts = [one.step for one in events if isinstance(one, Thought)]
        if thoughts != list(range(1, len(thoughts) + 1)):
            found.append(f"steps {thoughts}")
        if [one.status for one in events if isinstance(one, Ended)] != [Status.FINISHED]:
            found.append("no single end")
        texts = [one.observation.text for one in events if isinstance(one, Observed)]
        found += [
            f"step {step} was not observed once"
            for step in range(1, self.steps + 1)
            if step != REACHES_AT and sum(f"did step {step}\n" in f"{text}\n" for text in texts) != 1
        ]
        spoken = Counter(one.text for one in events if isinstance(one, PersonSpoke))
        ended_at = (await self.stage.journal(ref))[-1].at
        too_late = {words for words, at in self.said[ref].items() if at > ended_at - TOO_LATE_S}
        wanted = Counter(words for words in self.said[ref] if words not in too_late or words in spoken)
        if spoken != wanted:
            found.append(f"words {spoken - wanted} {wanted - spoken}")
        sent = sum(line.startswith(f"{ref.id} ") for line in self.stage.world())
        told = sum(text.startswith(CUT) for text in texts) + sum("sent: hello" in text for text in texts)
        if sent > 1 or told != 1 or (sent == 0 and not any(text.startswith(CUT) for text in texts)):
            found.append(f"the reach was done {sent} times and told {told} times")
        return found + self._posts(await thread.messages(), len(thoughts))

    def _posts(self, messages: list[dict[str, Any]], thoughts: int) -> list[str]:
        said = "\n".join(one["content"] for one in messages if one["author"].get("bot", False))
        steps = [int(number) for number in re.findall(r"\[(\d+)\] so I do", said)]
        done = [int(number) for number in re.findall(r"^did step (\d+)$", said, re.MULTILINE)]
        found: list[str] = []
        if steps != list(range(1, thoughts + 1)):
            found.append(f"thoughts in the thread: {steps}")
        if done != [step for step in range(1, self.steps + 1) if step != REACHES_AT]:
            found.append(f"results in the thread: {done}")
        return found
