"""What becomes of a goal whose thread is locked or deleted, or whose server the bot is removed from."""

import asyncio
from collections.abc import Callable
from typing import Any

from agent_core.session import State
from tests.flow.conftest import Stage
from tests.flow.people import Thread

FINISH = ("finish", {"summary": "all done"})


def python(code: str) -> tuple[str, dict[str, Any]]:
    return ("run_python", {"code": code})


async def ask(stage: Stage, method: str, path: str, **body: Any) -> None:
    url = f"{stage.people.url}/playground{path}"
    async with stage.people.http.request(method, url, json=body or None) as reply:
        assert reply.status in (200, 204), await reply.text()


async def until(stage: Stage, thread: Thread, wanted: Callable[[State], object]) -> State:
    """The goal's state, once it is as wanted."""
    async with asyncio.timeout(20):
        while not wanted(state := await stage.state(thread)):  # noqa: ASYNC110 - another task acts
            await asyncio.sleep(0.03)
    return state


async def until_paused(stage: Stage, thread: Thread) -> None:
    await until(stage, thread, lambda state: state.paused)


async def test_a_deleted_thread_pauses_its_goal_and_the_channel_is_told(stage: Stage):
    stage.model.will("I look", python("print(1)"))
    thread = await stage.people.goal("work", autonomy="ask")
    await thread.proposal()
    await ask(stage, "DELETE", f"/channels/{thread.id}?user_id={stage.people.owner_id}")
    await until_paused(stage, thread)
    told = await Thread(people=stage.people, id=stage.people.channel_id).says("Its thread was deleted")
    assert "work" in told["content"]
    assert len(stage.model.requests) == 1
    assert "Stopping" in str(await stage.people.command("stop", goal="work"))
    await until(stage, thread, lambda state: state.ended)


async def test_a_locked_thread_pauses_its_goal_and_the_channel_is_told(stage: Stage):
    stage.model.will("I look", python("print(1)"))
    thread = await stage.people.goal("work", autonomy="ask")
    await thread.proposal()
    await ask(stage, "PATCH", f"/channels/{thread.id}", user_id=stage.people.owner_id, locked=True)
    await until_paused(stage, thread)
    await Thread(people=stage.people, id=stage.people.channel_id).says("Its thread is locked")
    await ask(stage, "PATCH", f"/channels/{thread.id}", user_id=stage.people.owner_id, locked=False)
    await stage.people.command("resume", channel_id=thread.id)
    stage.model.will("", FINISH)
    await thread.press(await thread.proposal(), "✅")
    await thread.says("finished, unchecked")


async def test_the_bots_removal_pauses_its_goals(stage: Stage):
    stage.model.will("I look", python("print(1)"))
    thread = await stage.people.goal("work", autonomy="ask")
    await thread.proposal()
    (bot,) = [one for one in (await stage.people.get("/state"))["bots"] if one["connected"]]
    await ask(stage, "DELETE", f"/members/{stage.people.guild_id}/{bot['id']}")
    await until_paused(stage, thread)
    paused = (await stage.state(thread)).paused
    assert paused is not None
    assert "removed" in paused.reason


async def test_a_message_that_opens_an_archived_thread_steers_and_never_rejects(stage: Stage):
    stage.model.will("I look", python("print('it ' + 'ran')"))
    thread = await stage.people.goal("work", autonomy="ask")
    proposal = await thread.proposal()
    await asyncio.sleep(5.5)  # a thread that is younger was never closed
    # The bot may not open it itself here, so it stays closed until somebody writes.
    await stage.people.post("/faults", kind="status", method="PATCH", path=f"/channels/{thread.id}", code=403)
    await ask(stage, "PATCH", f"/channels/{thread.id}", user_id=stage.people.owner_id, archived=True)
    await asyncio.sleep(1.5)
    await thread.write("how is it going?")
    await thread.until(lambda one: "how is it going?" in one["content"], "the words")
    heard = await until(stage, thread, lambda state: state.seen)
    assert heard.waiting == "decision"
    stage.model.will("", FINISH)
    await thread.press(proposal, "✅")
    await thread.says("it ran")
    await thread.says("finished, unchecked")
