"""Back to a step, on from one elsewhere, on in a thread whose goal has ended: over the wire."""

from tests.flow.conftest import Stage
from tests.flow.people import Thread

FINISH = ("finish", {"summary": "wrote a.txt"})


def write(path: str, content: str) -> tuple[str, dict[str, str]]:
    return ("write_file", {"path": path, "content": content})


async def two_steps(stage: Stage) -> Thread:
    """A goal that has written two files and asks what is next."""
    stage.model.will("first", write("a.txt", "1"))
    stage.model.will("second", write("b.txt", "2"))
    stage.model.will("third", ("ask", {"question": "What next?"}))
    thread = await stage.people.goal("write files")
    await thread.says("What next?")
    return thread


async def test_rewind_takes_files_and_knowledge_back_and_waits_for_resume(stage: Stage):
    thread = await two_steps(stage)
    answer = await stage.people.command("rewind", channel_id=thread.id, step=1)
    assert "Going back to step 1" in answer["content"]
    await thread.says("took this goal back to step 1")
    assert set((await stage.state(thread)).files) == {"a.txt"}
    stage.model.will("again", FINISH)
    await thread.write("write c.txt instead")
    await stage.people.command("resume", channel_id=thread.id)
    await thread.says("finished, unchecked")
    sent = str(stage.model.requests[-1]["messages"])
    assert "b.txt" not in sent
    assert "write c.txt instead" in sent


async def test_a_step_that_there_is_not_is_named_with_those_that_there_are(stage: Stage):
    thread = await two_steps(stage)
    refused = await stage.people.command("rewind", channel_id=thread.id, step=9)
    assert refused["content"] == "There is no step 9 to go to. These can be: 0, 1, 2."


async def test_a_fork_goes_on_in_a_thread_of_its_own_and_leaves_the_first_as_it_was(stage: Stage):
    thread = await two_steps(stage)
    answer = await stage.people.command("fork", channel_id=thread.id, step=1)
    stage.model.will("from there", FINISH)
    other = Thread(people=stage.people, id=answer["content"].split("<#")[1].split(">")[0])
    await other.says("goes on from step 1")
    await other.says("finished, unchecked")
    text = await other.text()
    assert "second" not in text
    assert set((await stage.state(other)).files) == {"a.txt"}
    assert set((await stage.state(thread)).files) == {"a.txt", "b.txt"}
    assert (await stage.state(thread)).question is not None


async def test_an_ended_goal_can_be_forked_from_its_last_step(stage: Stage):
    stage.model.will("first", write("a.txt", "1"))
    stage.model.will("end", FINISH)
    thread = await stage.people.goal("write a file")
    await thread.says("finished, unchecked")
    answer = await stage.people.command("fork", channel_id=thread.id, step=2)
    stage.model.will("more", FINISH)
    other = Thread(people=stage.people, id=answer["content"].split("<#")[1].split(">")[0])
    await other.says("finished, unchecked")
    calls = {one["tool_call_id"] for one in stage.model.requests[-1]["messages"] if one["role"] == "tool"}
    asked = [
        call["id"] for one in stage.model.requests[-1]["messages"] for call in one.get("tool_calls") or ()
    ]
    assert set(asked) == calls


async def test_a_reply_in_an_ended_thread_begins_a_new_goal_with_the_old_files(stage: Stage):
    stage.model.will("first", write("a.txt", "1"), FINISH)
    thread = await stage.people.goal("write a file")
    await thread.says("finished, unchecked")
    stage.model.will("I go on", ("read_file", {"path": "a.txt"}))
    stage.model.will("and end", ("finish", {"summary": "the second goal is done"}))
    await thread.write("now count its letters")
    await thread.says("the second goal is done")
    state = await stage.state(thread)
    assert state.goal == "now count its letters"
    assert "a.txt" in state.files
    assert "wrote a.txt" in str(stage.model.requests[-1]["messages"])
    live = await stage.people.command("sessions")
    assert live["content"].count("finished") == 2


async def test_pause_stands_still_until_resume(stage: Stage):
    thread = await two_steps(stage)
    assert "Pausing" in (await stage.people.command("pause", channel_id=thread.id))["content"]
    await thread.says("paused it")
    assert "paused already" in (await stage.people.command("pause", channel_id=thread.id))["content"]
    await stage.people.command("resume", channel_id=thread.id)
    await thread.says("lets it go on")


async def test_what_waits_pings_the_starter_after_an_hour_once(stage: Stage):
    thread = await two_steps(stage)
    stage.clock.advance(3700)
    reminder = await thread.says("this has waited for an hour")
    assert [one["id"] for one in reminder["mentions"]] == [stage.people.owner_id]
    stage.clock.advance(3700)
    stage.clock.advance(11 * 3600)
    await thread.says("twelve hours")
    assert (await thread.text()).count("this has waited for an hour") == 1
