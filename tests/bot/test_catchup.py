"""What happens while the bot is away counts when it is back."""

from agent_core.control import Order
from agent_core.events import Ended, ThreadBound
from agent_core.session import State
from agent_core.values import Person, SessionRef, Status
from tests.bot.front import Front
from tests.bot.test_goal import threads


async def test_a_decision_given_while_away_counts(front: Front):
    state = await front.goal()
    message_id = await front.propose(state.ref)
    await front.stop_bot()
    await front.press(state.thread_id or "", message_id, "✅")
    await front.press(state.thread_id or "", message_id, "✅", by="Sasha")
    await front.start_bot()

    (pressed,) = await front.heard(state.ref, "reacted")
    assert (pressed.emoji, pressed.person.name, pressed.present) == ("✅", "Robin", True)

    async def strangers_gone() -> bool:
        there = await front.reactions(state.thread_id or "", message_id)
        return front.users["Sasha"] not in there["✅"]

    await front.until(strangers_gone)


async def test_a_decision_taken_back_while_away_is_taken_back(front: Front):
    state = await front.goal()
    message_id = await front.propose(state.ref)
    await front.press(state.thread_id or "", message_id, "✅")
    await front.heard(state.ref, "reacted")
    await front.stop_bot()
    await front.press(state.thread_id or "", message_id, "✅", remove=True)
    await front.press(state.thread_id or "", message_id, "❌")
    await front.start_bot()

    pressed = await front.heard(state.ref, "reacted", 3)
    assert [(one.emoji, one.present) for one in pressed] == [("✅", True), ("✅", False), ("❌", True)]


async def test_a_thread_that_was_archived_while_away_is_opened_where_somebody_is_waited_for(front: Front):
    state = await front.goal()
    await front.propose(state.ref)
    working = await front.goal("another")
    await front.stop_bot()
    for one in (state, working):
        where = f"channels/{one.thread_id}"
        await front.ask("PATCH", where, user_id=front.users["Robin"], archived=True)
    await front.start_bot()

    async def asleep() -> list[bool]:
        there = {one["id"]: one["thread_metadata"]["archived"] for one in await threads(front)}
        return [there[one.thread_id or ""] for one in (state, working)]

    async def opened() -> bool:
        return await asleep() == [False, True]

    await front.until(opened)


async def test_a_deleted_proposal_decides_nothing_and_is_asked_for_again(front: Front):
    here, away = await front.goal(), await front.goal("another")
    proposed = {one.thread_id or "": await front.propose(one.ref) for one in (here, away)}

    async def delete(state: State) -> None:
        where = f"messages/{state.thread_id}/{proposed[state.thread_id or '']}"
        await front.ask("DELETE", f"{where}?user_id={front.users['Robin']}")

    async def noted(state: State) -> None:
        async def there() -> bool:
            return f"gone.{proposed[state.thread_id or '']}" in await front.storage.posts.all(state.ref)

        await front.until(there)

    await delete(here)
    await noted(here)
    await front.stop_bot()
    await delete(away)
    await front.start_bot()
    await noted(away)
    for state in (here, away):
        assert [one.kind for one in await front.signals(state.ref)] == ["thread_opened"]


async def test_messages_written_edited_and_deleted_while_away_are_made_up_for(front: Front):
    state = await front.goal()
    thread_id = state.thread_id or ""
    before = [await front.say(thread_id, text) for text in ("kept", "edited", "deleted")]
    await front.heard(state.ref, "said", 3)
    await front.stop_bot()
    robin = front.users["Robin"]
    await front.ask("PATCH", f"messages/{thread_id}/{before[1]}", user_id=robin, content="blue")
    await front.ask("DELETE", f"messages/{thread_id}/{before[2]}?user_id={robin}")
    missed = [await front.say(thread_id, f"missed {number}", files={"f": b"1"}) for number in range(3)]
    await front.say(thread_id, "not for you", by="Kim")
    await front.start_bot()

    said = await front.heard(state.ref, "said", 6)
    assert [one.message_id for one in said] == [*before, *missed]
    assert [one.path for one in said[-1].files] == ["inputs/f"]
    (edited,) = await front.heard(state.ref, "edited")
    assert (edited.message_id, edited.text) == (before[1], "blue")
    (withdrawn,) = await front.heard(state.ref, "withdrawn")
    assert withdrawn.message_id == before[2]
    await front.until_said(thread_id, "You may not steer")


async def test_a_reply_to_an_ended_goal_begins_a_new_one_and_a_quiet_thread_costs_nothing(front: Front):
    quiet, state = await front.goal("quiet"), await front.goal()
    for one in (quiet, state):
        posted = await front.propose(one.ref)
        assert posted
        await front.take(one.ref, Ended(status=Status.FINISHED, summary="done", checked=False))
        await front.storage.index.ended(one.ref)
    await front.stop_bot()
    thread_id = state.thread_id or ""
    said = await front.say(thread_id, "now in blue")
    await front.say(thread_id, "and bigger")
    await front.start_bot()
    ref = SessionRef(front.guild_id, said)

    async def begun() -> bool:
        return await front.control.by_thread(front.guild_id, thread_id) == ref

    await front.until(begun)
    (words,) = await front.heard(ref, "said")
    assert words.text == "and bigger"
    assert (await front.control.read(ref)).goal == "now in blue"

    await front.stop_bot()
    before = len(await front.log())
    await front.start_bot()
    asked = [one["path"] for one in (await front.log())[before:]]
    assert not [path for path in asked if f"/channels/{quiet.thread_id}/" in path]
    assert len(await front.control.recent(front.guild_id, 10)) == 3


async def test_catching_up_twice_tells_nothing_twice(front: Front):
    state = await front.goal()
    await front.say(state.thread_id or "", "once")
    message_id = await front.propose(state.ref)
    await front.press(state.thread_id or "", message_id, "✅")
    await front.heard(state.ref, "reacted")
    before = await front.signals(state.ref)
    for _ in range(2):
        await front.stop_bot()
        await front.start_bot()
    await front.say(state.thread_id or "", "last")
    await front.heard(state.ref, "said", 2)
    assert (await front.signals(state.ref))[:-1] == before


async def test_more_messages_than_one_page_are_all_found(front: Front):
    state = await front.goal()
    await front.stop_bot()
    for number in range(120):
        await front.say(state.thread_id or "", f"{number}")
    await front.start_bot()
    said = await front.heard(state.ref, "said", 120)
    assert [one.text for one in said] == [str(number) for number in range(120)]


async def test_a_goal_that_never_got_its_thread_gets_one(front: Front):
    ref = SessionRef(front.guild_id, "4242")
    person = Person(id=front.users["Robin"], name="Robin")
    await front.stop_bot()
    order = Order(ref=ref, goal="survive", starter=person, channel_id=front.channel_id)
    await front.control.start(order)
    await front.start_bot()

    (opened,) = await front.heard(ref, "thread_opened")
    starter = await front.until_said(front.channel_id, "> survive")
    assert opened.thread_id == starter["id"]
    await front.take(ref, ThreadBound(thread_id=opened.thread_id, upload_limit=1))
    await front.stop_bot()
    await front.start_bot()
    assert len(await threads(front)) == 1


async def test_an_answer_that_was_given_before_the_crash_becomes_the_starter(front: Front):
    """The command was answered; the bot died before the thread was made."""
    await front.ask("POST", "faults", kind="drop", path="*/threads", count=100)
    outcome = await front.command("goal", {"text": "survive"})
    ref = SessionRef(front.guild_id, outcome["interaction_id"])
    await front.stop_bot()
    await front.ask("DELETE", "faults")
    await front.start_bot()

    (opened,) = await front.heard(ref, "thread_opened")
    assert opened.thread_id == outcome["response"]["id"]
    assert len(await threads(front)) == 1


async def test_a_thread_that_waits_in_the_inbox_is_not_told_again(front: Front):
    outcome = await front.command("goal", {"text": "survive"})
    ref = SessionRef(front.guild_id, outcome["interaction_id"])
    await front.heard(ref, "thread_opened")
    await front.stop_bot()
    await front.start_bot()
    await front.until(lambda: front.storage.hearing.heard(front.guild_id))
    assert len(await front.heard(ref, "thread_opened")) == 1
    assert len(await threads(front)) == 1


async def test_a_connection_that_is_invalidated_catches_up(front: Front):
    state = await front.goal()
    await front.ask("POST", "faults", kind="invalid_session")
    for number in range(20):
        await front.say(state.thread_id or "", f"{number}")
    said = await front.heard(state.ref, "said", 20)
    assert sorted({int(one.text) for one in said}) == list(range(20))
