"""Proposals that are answered a month later: after a restart, an upgrade, by another worker."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

from agent_core.events import DecisionWithdrawn, Ended, Event, Observed, dump_commit
from agent_core.storage import keys
from agent_core.storage.redis import connected
from agent_core.values import SessionRef
from tests.chaos.script import begin
from tests.chaos.stage import Chaos, chaos
from tests.fakes import Request, Turn
from tests.flow.people import Json, Thread, emoji_of

MONTH_S = 30 * 86_400
FORMAT_1 = Path(__file__).parents[1] / "agent_core" / "golden" / "format_1"
MANAGER = str(1 << 5 | 1 << 10 | 1 << 11 | 1 << 16 | 1 << 38)
AT_ONCE = 10
ARCHIVED = 50083
"""Discord's code: a thread that sleeps takes no reaction."""


def runs_once(request: Request) -> Turn:
    """One run that asks, and leaves a trace in the world; then the end."""
    if any(one["role"] == "assistant" for one in request["messages"]):
        return Turn(calls=(("finish", {"summary": "done"}),))
    first = next(str(one["content"]) for one in request["messages"] if one["role"] == "user")
    goal = re.search(r"month-\d+", first)
    assert goal is not None
    return Turn(text="I call", calls=(("call_out", {"words": goal[0]}),))


async def test_a_month_later_each_is_acted_on_once_and_none_by_somebody_who_lost_the_right(tmp_path: Path):
    await month(tmp_path, 8)


async def month(folder: Path, count: int, **settings: str) -> None:
    """Half of the proposals are answered by the owner, half by somebody who then may no longer."""
    async with chaos(folder, **settings) as stage:
        stage.model.will_always(runs_once)
        first = [stage.role("gateway", "gateway"), stage.role("one", "worker")]
        await stage.start(*first)
        await stage.people.until_bot_is_ready()
        manager = await stage.people.member("Mona", permissions=MANAGER)
        threads = await _proposals(stage, count)
        for program in first:
            await program.kill()
        for ref in threads:
            await as_format_1(stage, ref)
        await stage.people.post("/clock", advance_s=MONTH_S)
        second = stage.role("second gateway", "gateway")
        await stage.start(second)
        await stage.people.until_bot_is_ready()
        for number, (ref, thread) in enumerate(threads.items()):
            await _press(stage, ref, thread, manager if number % 2 else stage.people.owner_id)
        await _heard(stage, list(threads))
        await _lose_rights(stage, manager)
        await stage.start(stage.role("two", "worker"))
        await _judge(stage, list(threads))


async def _proposals(stage: Chaos, count: int) -> dict[SessionRef, Thread]:
    threads: dict[SessionRef, Thread] = {}
    for at in range(0, count, AT_ONCE):
        async with asyncio.TaskGroup() as group:
            begun = [
                group.create_task(begin(stage, f"work month-{number}", autonomy="ask"))
                for number in range(at, min(at + AT_ONCE, count))
            ]
        for one in begun:
            threads[await stage.session(one.result())] = one.result()
    for ref in threads:
        await stage.until(ref, lambda state: state.proposal is not None, "a proposal")
        await stage.patiently(lambda ref=ref: _posted(stage, ref), "its post")
    for thread in threads.values():  # a worker killed earlier leaves an emoji that not everybody may add
        await stage.patiently(lambda thread=thread: _offered(thread), "all emoji under it")
    return threads


async def _offered(thread: Thread) -> bool | None:
    return any({"✅", "🛑"} <= set(emoji_of(one)) for one in await thread.messages()) or None


async def _posted(stage: Chaos, ref: SessionRef) -> str | None:
    posts = stage.storage.posts
    for message_id in (await posts.all(ref)).values():
        if (asked := await posts.asked(ref.guild_id, message_id)) and asked[1].post == "proposal":
            return message_id
    return None


async def as_format_1(stage: Chaos, ref: SessionRef) -> None:
    """Write the journal anew as the first format had it: its kinds of events, its fields."""
    known: dict[str, set[str]] = {}
    for path in FORMAT_1.glob("*.json"):
        event = json.loads(path.read_bytes())["events"][0]
        known[event["kind"]] = set(event)
    commits = await stage.journal(ref)
    async with connected(stage.redis_url, repeat=True) as redis:
        await redis.delete(keys.journal(ref))
        for commit in commits:
            data: dict[str, Any] = json.loads(dump_commit(commit))
            events = [one for one in data["events"] if one["kind"] in known]
            data["events"] = [
                {name: value for name, value in one.items() if name in known[one["kind"]]} for one in events
            ]
            data["format"] = 1
            fields: Any = {"commit": json.dumps(data)}
            await redis.xadd(keys.journal(ref), fields, id=f"{commit.version}-0")


async def _press(stage: Chaos, ref: SessionRef, thread: Thread, user_id: str) -> None:
    message_id = await stage.patiently(lambda: _posted(stage, ref))

    async def press() -> bool | None:
        body = {"channel_id": thread.id, "message_id": message_id, "user_id": user_id, "emoji": "✅"}
        url = f"{stage.people.url}/playground/reactions"
        async with stage.people.http.post(url, json=body) as reply:
            if reply.status in (200, 204):
                return True
            answer: Json = await reply.json()
            assert answer["code"] == ARCHIVED, answer
            return None  # asleep, until the bot has opened it

    await stage.patiently(press, "an open thread")


async def _heard(stage: Chaos, refs: list[SessionRef]) -> None:
    async def waits(ref: SessionRef) -> bool | None:
        state = await stage.storage.states.load(ref)
        return True if state and await stage.storage.inbox.fresh(ref, state.inbox_id) else None

    for ref in refs:
        await stage.patiently(lambda ref=ref: waits(ref), "the press in the inbox")


async def _lose_rights(stage: Chaos, user_id: str) -> None:
    url = f"{stage.people.url}/playground/members/{stage.people.guild_id}/{user_id}"
    body: Json = {"permissions": str(1 << 10 | 1 << 11)}
    async with stage.people.http.patch(url, json=body) as reply:
        assert reply.status == 200, await reply.text()


async def _judge(stage: Chaos, refs: list[SessionRef]) -> None:
    for number, ref in enumerate(refs):
        lost = bool(number % 2)
        awaited = DecisionWithdrawn if lost else Ended

        async def events(ref: SessionRef = ref, awaited: type[Event] = awaited) -> list[Event] | None:
            found = [event for one in await stage.storage.journal.read(ref) for event in one.events]
            return found if any(isinstance(one, awaited) for one in found) else None

        found = await stage.patiently(events, f"what becomes of goal {number}")
        texts = [one.observation.text for one in found if isinstance(one, Observed)]
        assert sum(text.startswith("sent: ") for text in texts) == (not lost), f"goal {number}"
    for ref in refs[1::2]:
        assert (await stage.state(ref)).proposal is not None
    sent = sorted(line.split()[1] for line in stage.world())
    assert len(sent) == len(set(sent)) == (len(refs) + 1) // 2
