"""Hours without Discord: a goal runs a little ahead of its thread, waits for it, and loses nothing."""

import asyncio

from agent_core.session.lead import MOST_AHEAD
from tests.fakes import Turn
from tests.flow.conftest import Stage

STEPS = 40
NOTES = [
    Turn(text=f"step {number}", calls=(("write_file", {"path": f"{number}.txt", "content": "x"}),))
    for number in range(1, STEPS + 1)
]


async def test_a_goal_stops_when_it_is_far_ahead_of_its_thread_and_goes_on_when_that_is_back(stage: Stage):
    stage.model.plays(*NOTES, Turn(calls=(("finish", {"summary": "done"}),)))
    thread = await stage.people.goal("work", autonomy="auto")
    await thread.says("step 1")
    await stage.people.post("/faults", kind="status", code=503, count=100_000, method="POST", path=thread.id)
    before = len(await stage.people.log())
    began = await stage.state(thread)
    state, at, still = began, began.version, 0
    for _ in range(200):  # until it has stood still for a while
        await asyncio.sleep(0.3)
        state = await stage.state(thread)
        still = still + 1 if state.version == at else 0
        lead = state.tail.lead(await stage.control.storage.posts.cursor(state.ref))
        if still >= 5 and lead.events > MOST_AHEAD // 2:
            break
        at = state.version
    assert state.ended is None
    assert still >= 5
    lead = state.tail.lead(await stage.control.storage.posts.cursor(state.ref))
    # What was on its way to the thread as it stopped may have arrived since.
    assert MOST_AHEAD // 2 < lead.events < MOST_AHEAD + 10
    await asyncio.sleep(2.0)
    assert (await stage.state(thread)).version == at
    assert len(await stage.people.log()) - before < 60, "it asks again and again"
    async with stage.people.http.delete(f"{stage.people.url}/playground/faults") as reply:
        assert reply.status == 200
    await thread.says("finished, unchecked")
    said = await thread.text()
    for number in range(1, STEPS + 1):
        assert said.count(f"step {number}\n") == 1
