"""What people do to a thread itself: nothing of it decides anything, and nothing is lost by it."""

import asyncio
from collections.abc import Callable
from typing import Any

from playground.permissions import ALL, Permission
from tests.flow.conftest import Stage
from tests.flow.people import Json, Thread, emoji_of

FINISH = ("finish", {"summary": "all done"})


def python(code: str) -> tuple[str, dict[str, Any]]:
    return ("run_python", {"code": code})


async def delete(stage: Stage, thread: Thread, message: Json) -> None:
    where = f"/playground/messages/{thread.id}/{message['id']}?user_id={stage.people.owner_id}"
    async with stage.people.http.delete(stage.people.url + where) as reply:
        assert reply.status == 200


async def change(stage: Stage, path: str, **body: Any) -> None:
    url = f"{stage.people.url}/playground{path}"
    async with stage.people.http.patch(url, json=body) as reply:
        assert reply.status == 200, await reply.text()


async def is_archived(stage: Stage, thread: Thread) -> bool:
    (found,) = [one for one in await stage.people.threads() if one["id"] == thread.id]
    return found["thread_metadata"]["archived"]


def other(message: Json) -> Callable[[Json], bool]:
    """Whether a message is a complete proposal, and another one than this."""

    def wanted(one: Json) -> bool:
        return one["id"] != message["id"] and "🛑" in emoji_of(one)

    return wanted


async def test_a_deleted_proposal_is_posted_again_and_nothing_has_run_meanwhile(stage: Stage):
    stage.model.will("I look", python("print('it ' + 'ran')"))
    thread = await stage.people.goal("work", autonomy="ask")
    first = await thread.proposal()
    await delete(stage, thread, first)
    second = await thread.until(other(first), "the proposal again")
    assert "it was deleted" in second["content"]
    assert second["mentions"] == []
    assert len(stage.model.requests) == 1
    stage.model.will("", FINISH)
    await thread.press(second, "✅")
    await thread.says("it ran")
    await thread.says("finished, unchecked")
    assert "allowed once by" in (await thread.text())


async def test_a_deleted_question_is_posted_again_and_can_be_answered(stage: Stage):
    stage.model.will("", ("ask", {"question": "Which?", "options": ["red", "blue"]}))
    thread = await stage.people.goal("paint")
    first = await thread.until(lambda one: "2️⃣" in emoji_of(one), "the question")
    await delete(stage, thread, first)
    second = await thread.until(
        lambda one: one["id"] != first["id"] and "2️⃣" in emoji_of(one), "the question again"
    )
    stage.model.will("", FINISH)
    await thread.press(second, "2️⃣")
    assert "blue" in (await stage.model.asked(2))["messages"][-1]["content"]
    await thread.says("finished, unchecked")


async def test_a_proposal_that_is_deleted_again_and_again_pauses_the_goal(stage: Stage):
    stage.model.will("", python("print(1)"))
    thread = await stage.people.goal("work")
    shown = await thread.proposal()
    for _ in range(3):
        await delete(stage, thread, shown)
        shown = await thread.until(other(shown), "the proposal again")
    await delete(stage, thread, shown)
    await thread.says("paused")
    assert (await stage.state(thread)).paused
    assert len(stage.model.requests) == 1


async def test_an_archived_thread_is_opened_again_while_something_waits_in_it(stage: Stage):
    stage.model.will("", python("print('it ' + 'ran')"))
    thread = await stage.people.goal("work")
    proposal = await thread.proposal()
    for _ in range(2):
        await change(stage, f"/channels/{thread.id}", user_id=stage.people.owner_id, archived=True)
        async with asyncio.timeout(10):
            while await is_archived(stage, thread):  # noqa: ASYNC110 - another process acts
                await asyncio.sleep(0.03)
    stage.model.will("", FINISH)
    await thread.press(proposal, "✅")
    await thread.says("it ran")
    await thread.says("finished, unchecked")


async def test_an_end_that_the_thread_cannot_show_is_told_in_the_channel(stage: Stage):
    people = stage.people
    thread = await people.goal("work", autonomy="auto")
    await stage.model.asked(1)
    (bot,) = [one for one in (await people.get("/state"))["bots"] if one["connected"]]
    mute = str(ALL & ~int(Permission.SEND_MESSAGES_IN_THREADS | Permission.ADMINISTRATOR))
    await change(stage, f"/members/{people.guild_id}/{bot['id']}", roles=[], permissions=mute)
    stage.model.will("", FINISH)
    channel = Thread(people=people, id=people.channel_id)
    told = await channel.says("cannot be shown")
    assert f"<#{thread.id}>: it is finished now" in told["content"]
