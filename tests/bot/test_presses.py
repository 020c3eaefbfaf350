"""Reactions on what a goal asks, over the wire."""

import pytest

from agent_core.events import ActionStarted, Ended
from agent_core.values import Right, ServerRules, Status
from tests.bot.front import Front


@pytest.mark.parametrize("emoji", ["✅", "5️⃣", "🔁", "❌", "🛑"])
async def test_a_press_of_somebody_who_may_becomes_a_signal(front: Front, emoji: str):
    state = await front.goal()
    message_id = await front.propose(state.ref)
    await front.press(state.thread_id or "", message_id, emoji)

    (pressed,) = await front.heard(state.ref, "reacted")
    assert (pressed.post, pressed.about, pressed.emoji, pressed.present) == ("proposal", "1.1", emoji, True)
    assert pressed.person.name == "Robin"


async def test_taking_a_press_back_is_a_signal_too(front: Front):
    state = await front.goal()
    message_id = await front.propose(state.ref)
    await front.press(state.thread_id or "", message_id, "✅")
    await front.press(state.thread_id or "", message_id, "✅", remove=True)

    pressed = await front.heard(state.ref, "reacted", 2)
    assert [one.present for one in pressed] == [True, False]


async def test_a_strangers_press_changes_nothing_and_is_taken_off_with_one_note(front: Front):
    state = await front.goal()
    thread_id = state.thread_id or ""
    message_id = await front.propose(state.ref)
    for name in ("Sasha", "Kim"):
        for emoji in ("✅", "🛑"):
            await front.press(thread_id, message_id, emoji, by=name)

    me = front.bot and front.bot.client.user
    assert me is not None

    async def clean() -> bool:
        there = await front.reactions(thread_id, message_id)
        return all(users == [str(me.id)] for users in there.values())

    await front.until(clean)
    note = await front.until_said(thread_id, "You may not decide about what the agent wants to do here")
    assert note["message_reference"]["message_id"] == message_id
    assert sum("You may not decide" in one["content"] for one in await front.messages(thread_id)) == 1
    await front.press(thread_id, message_id, "❌")
    (pressed,) = await front.heard(state.ref, "reacted")
    assert pressed.person.name == "Robin"


async def test_the_starter_may_stop_what_only_others_may_allow(front: Front):
    rules = ServerRules(roles={Right.START: (front.guild_id,), Right.APPROVE: ("1",)})
    await front.control.set_rules(front.guild_id, rules)
    state = await front.goal(by="Kim")
    message_id = await front.propose(state.ref)
    await front.press(state.thread_id or "", message_id, "✅", by="Kim")
    await front.press(state.thread_id or "", message_id, "🛑", by="Kim")

    (pressed,) = await front.heard(state.ref, "reacted")
    assert (pressed.emoji, pressed.person.name) == ("🛑", "Kim")


async def test_an_emoji_that_means_nothing_here_is_left_alone(front: Front):
    state = await front.goal()
    message_id = await front.propose(state.ref)
    await front.press(state.thread_id or "", message_id, "💰", by="Sasha")
    await front.press(state.thread_id or "", message_id, "👍", by="Sasha")
    await front.press(state.thread_id or "", message_id, "✅")

    await front.heard(state.ref, "reacted")
    there = await front.reactions(state.thread_id or "", message_id)
    assert there["💰"] == there["👍"] == [front.users["Sasha"]]


async def test_a_press_that_comes_before_the_record_of_the_post_counts(front: Front):
    state = await front.goal()
    message_id = await front.propose(state.ref, record=False)
    await front.press(state.thread_id or "", message_id, "✅")
    await front.record(state.ref, message_id, "1.1")

    (pressed,) = await front.heard(state.ref, "reacted")
    assert pressed.emoji == "✅"


async def test_a_press_on_what_has_begun_wakes_nobody_but_a_stop_does(front: Front):
    state = await front.goal()
    message_id = await front.propose(state.ref)
    await front.take(state.ref, ActionStarted(action="1.1", run_id="r"))
    await front.press(state.thread_id or "", message_id, "❌")
    await front.press(state.thread_id or "", message_id, "🛑")

    (pressed,) = await front.heard(state.ref, "reacted")
    assert pressed.emoji == "🛑"


async def test_removing_all_reactions_at_once_takes_the_decisions_back(front: Front):
    state = await front.goal()
    message_id = await front.propose(state.ref)
    await front.press(state.thread_id or "", message_id, "✅")
    await front.heard(state.ref, "reacted")
    assert front.bot is not None
    place = front.bot.client.get_partial_messageable(int(state.thread_id or 0))
    await place.get_partial_message(int(message_id)).clear_reactions()

    pressed = await front.heard(state.ref, "reacted", 2)
    assert [one.present for one in pressed] == [True, False]


async def test_a_goal_that_has_ended_hears_nothing(front: Front):
    state = await front.goal()
    message_id = await front.propose(state.ref)
    await front.take(state.ref, Ended(status=Status.STOPPED, summary="", checked=False))
    await front.press(state.thread_id or "", message_id, "✅")
    other = await front.goal()
    second = await front.propose(other.ref)
    await front.press(other.thread_id or "", second, "✅")
    await front.heard(other.ref, "reacted")
    assert not [one for one in await front.signals(state.ref) if one.kind == "reacted"]
