"""Messages in the thread of a goal, over the wire."""

from dataclasses import replace

import pytest

from agent_core.events import Ended, PersonSpoke, Thought
from agent_core.values import Right, ServerRules, SessionRef, Status, Usage
from tests.bot.front import CAPS, Front


async def test_a_reply_is_stored_verbatim_and_gets_a_receipt(front: Front):
    state = await front.goal()
    message_id = await front.say(state.thread_id or "", "use **blue**, <@1> & `x`  ok")

    (said,) = await front.heard(state.ref, "said")
    assert (said.message_id, said.text, said.person.name) == (
        message_id,
        "use **blue**, <@1> & `x`  ok",
        "Robin",
    )
    assert (said.interrupt, said.may_decide) == (False, True)

    async def receipt() -> bool:
        return "👀" in await front.reactions(state.thread_id or "", message_id)

    await front.until(receipt)


async def test_messages_keep_their_order(front: Front):
    state = await front.goal()
    files = {"a.txt": b"slow"}
    await front.ask("POST", "faults", kind="slow", seconds=0.2, path="/attachments")
    await front.say(state.thread_id or "", "first", files=files)
    for number in range(5):
        await front.say(state.thread_id or "", f"then {number}")

    said = await front.heard(state.ref, "said", 6)
    assert [one.text for one in said] == ["first", *(f"then {number}" for number in range(5))]


async def test_an_exclamation_mark_interrupts(front: Front):
    state = await front.goal()
    await front.say(state.thread_id or "", "!stop drawing")
    (said,) = await front.heard(state.ref, "said")
    assert said.interrupt
    assert said.text == "!stop drawing"


async def test_somebody_who_may_steer_but_not_approve_cannot_decide_by_words(front: Front):
    rules = ServerRules(roles={Right.STEER: (front.guild_id,)})
    await front.control.set_rules(front.guild_id, rules)
    state = await front.goal()
    await front.say(state.thread_id or "", "please not", by="Sasha")
    (said,) = await front.heard(state.ref, "said")
    assert (said.person.name, said.may_decide) == ("Sasha", False)


async def test_words_and_files_of_a_stranger_never_enter_and_are_told_once(front: Front):
    state = await front.goal()
    thread_id = state.thread_id or ""
    first = await front.say(thread_id, "mine bitcoin", by="Sasha", files={"evil.py": b"1"})
    await front.say(thread_id, "please", by="Sasha")
    await front.say(thread_id, "and me", by="Kim")
    await front.say(thread_id, "go on")

    said = await front.heard(state.ref, "said")
    assert [one.text for one in said] == ["go on"]

    async def told() -> bool:
        notes = [one for one in await front.messages(thread_id) if "You may not steer" in one["content"]]
        return len(notes) == 2

    await front.until(told)
    assert "🚫" in await front.reactions(thread_id, first)
    assert not any("evil.py" in exchange["path"] for exchange in await front.log())


async def test_dropped_files_are_stored_whole_under_safe_names(front: Front):
    state = await front.goal()
    files = {"データ.csv": "á,b\n".encode(), "empty": b"", " a\\\\b.txt ": b"dots"}
    await front.say(state.thread_id or "", "", files=files)

    (said,) = await front.heard(state.ref, "said")
    assert said.text == ""
    assert not said.may_decide
    stored = {one.path: await front.storage.blobs.read(front.guild_id, one.file.sha256) for one in said.files}
    assert stored["inputs/データ.csv"] == "á,b\n".encode()
    assert stored["inputs/empty"] == b""
    assert sorted(stored.values()) == sorted(files.values())


async def test_files_over_the_caps_are_refused_in_words_and_the_rest_is_taken(front: Front):
    state = await front.goal()
    files = {"big.bin": b"x" * (CAPS.bytes + 1), "1": b"1", "2": b"2", "3": b"3", "4": b"4"}
    message_id = await front.say(state.thread_id or "", "look", files=files)

    (said,) = await front.heard(state.ref, "said")
    assert [one.path for one in said.files] == ["inputs/1", "inputs/2", "inputs/3"]
    note = await front.until_said(state.thread_id or "", "`big.bin` was not taken")
    assert "`4` was not taken: 3 files are the most for one message." in note["content"]
    assert note["message_reference"]["message_id"] == message_id


async def test_the_files_of_a_goal_have_a_cap_together(front: Front):
    state = await front.goal()
    for number in range(4):
        await front.say(state.thread_id or "", "", files={f"{number}.bin": bytes([number]) * 900})
    said = await front.heard(state.ref, "said", 3)
    assert len(said) == 3
    await front.until_said(state.thread_id or "", "`3.bin` was not taken")


async def test_an_edit_and_a_deletion_reach_a_message_that_still_waits(front: Front):
    state = await front.goal()
    kept = await front.say(state.thread_id or "", "red")
    gone = await front.say(state.thread_id or "", "nonsense")
    await front.heard(state.ref, "said", 2)
    await front.ask(
        "PATCH", f"messages/{state.thread_id}/{kept}", user_id=front.users["Robin"], content="blue"
    )
    await front.ask("DELETE", f"messages/{state.thread_id}/{gone}?user_id={front.users['Robin']}")

    (edited,) = await front.heard(state.ref, "edited")
    assert (edited.message_id, edited.text) == (kept, "blue")
    (withdrawn,) = await front.heard(state.ref, "withdrawn")
    assert withdrawn.message_id == gone


async def test_a_message_that_the_model_has_heard_is_not_changed_any_more(front: Front):
    state = await front.goal()
    message_id = await front.say(state.thread_id or "", "red")
    (said,) = await front.heard(state.ref, "said")
    thought = Thought(
        step=1,
        text="red it is",
        actions=(),
        problems={},
        usage=Usage(),
        cost_usd=None,
        message={"role": "assistant", "content": "red it is"},
        heard=(message_id,),
    )
    await front.take(state.ref, PersonSpoke(message_id=message_id, person=said.person, text="red"), thought)
    await front.ask(
        "PATCH", f"messages/{state.thread_id}/{message_id}", user_id=front.users["Robin"], content="blue"
    )
    await front.say(state.thread_id or "", "later")
    await front.heard(state.ref, "said", 2)
    assert [one.kind for one in await front.signals(state.ref)] == ["thread_opened", "said", "said"]


async def test_what_is_written_elsewhere_is_nobodys_business(front: Front):
    state = await front.goal()
    await front.say(front.channel_id, "hello all")
    await front.say(state.thread_id or "", "hello you")
    (said,) = await front.heard(state.ref, "said")
    assert said.text == "hello you"


async def test_a_message_in_the_thread_of_an_ended_goal_begins_a_new_one_there(front: Front):
    state = await front.goal()
    thread_id = state.thread_id or ""
    await front.take(state.ref, Ended(status=Status.FINISHED, summary="done", checked=False))
    message_id = await front.say(thread_id, "one more thing")
    new = SessionRef(front.guild_id, message_id)

    async def begun() -> bool:
        return await front.control.by_thread(front.guild_id, thread_id) == new

    await front.until(begun)
    assert (await front.control.read(new)).goal == "one more thing"
    assert [one.kind for one in await front.signals(state.ref)] == ["thread_opened"]


async def test_who_may_only_steer_begins_nothing_in_the_thread_of_an_ended_goal(front: Front):
    state = await front.goal()
    thread_id = state.thread_id or ""
    await front.take(state.ref, Ended(status=Status.FINISHED, summary="done", checked=False))
    rules = await front.control.rules(front.guild_id)
    everyone = {Right.STEER: (front.guild_id,)}
    await front.control.set_rules(front.guild_id, replace(rules, roles=everyone))
    await front.say(thread_id, "one more thing", by="Kim")
    await front.until_said(thread_id, "This goal has ended. `/goal`")
    assert await front.control.by_thread(front.guild_id, thread_id) == state.ref


async def test_without_the_content_intent_mentions_are_read_and_the_rest_is_told_how(world: Front):
    front = world
    await front.start_bot()
    bot_id = (await front.ask("GET", "state"))["bots"][0]["id"]
    await front.stop_bot()
    await front.ask("PATCH", f"bots/{bot_id}", message_content=False)
    bot = await front.start_bot()
    assert not bot.client.intents.message_content

    state = await front.goal()
    await front.say(state.thread_id or "", "unread")
    await front.say(state.thread_id or "", f"<@{bot_id}> use blue")
    (said,) = await front.heard(state.ref, "said")
    assert said.text == "use blue"
    await front.until_said(state.thread_id or "", "mention me in what you write, or use `/steer`")
    assert "mention me" in (await front.command("help"))["response"]["content"]


async def test_steer_puts_its_words_into_the_thread_and_the_inbox(front: Front):
    state = await front.goal()
    outcome = await front.command("steer", {"text": "!use green"}, channel_id=state.thread_id)

    (said,) = await front.heard(state.ref, "said")
    assert (said.text, said.interrupt, said.may_decide) == ("!use green", True, True)
    assert said.message_id == outcome["response"]["id"]
    assert "use green" in outcome["response"]["content"]
    assert not outcome["response"]["flags"] & 64

    async def receipt() -> bool:
        return "👀" in await front.reactions(state.thread_id or "", said.message_id)

    await front.until(receipt)


async def test_a_stranger_may_not_steer(front: Front):
    state = await front.goal()
    outcome = await front.command("steer", {"text": "mine"}, channel_id=state.thread_id, by="Kim")
    assert "You may not steer goals here" in outcome["response"]["content"]
    assert outcome["response"]["flags"] & 64
    assert [one.kind for one in await front.signals(state.ref)] == ["thread_opened"]


@pytest.mark.parametrize("kind", ["drop", "lose_reply"])
async def test_a_receipt_that_fails_once_is_given_again(front: Front, kind: str):
    state = await front.goal()
    await front.ask("POST", "faults", kind=kind, path="/reactions/", method="PUT")
    message_id = await front.say(state.thread_id or "", "hello")

    async def receipt() -> bool:
        return "👀" in await front.reactions(state.thread_id or "", message_id)

    await front.until(receipt)


async def test_what_the_store_refuses_is_taken_in_when_it_is_back(front: Front):
    state = await front.goal()
    thread_id = state.thread_id or ""
    await front.refuse_writes(True)
    first = await front.say(thread_id, "one")
    second = await front.say(thread_id, "two")
    await front.refuse_writes(False)

    said = await front.heard(state.ref, "said", 2)
    assert [one.message_id for one in said] == [first, second]
    third = await front.say(thread_id, "three")
    said = await front.heard(state.ref, "said", 3)
    assert [one.message_id for one in said] == [first, second, third]
