"""/goal over the wire."""

from typing import Any

import pytest

from agent_core.values import Autonomy, Right, ServerRules, SessionRef, Status
from tests.bot.front import CAPS, Front


async def threads(front: Front) -> list[dict[str, Any]]:
    channels = (await front.ask("GET", "state"))["guilds"][0]["channels"]
    return next(one["threads"] for one in channels if one["id"] == front.channel_id)


async def test_a_goal_opens_a_thread_and_tells_the_session(front: Front):
    outcome = await front.command("goal", {"text": "Count the primes\nbelow 100"})

    ref = SessionRef(front.guild_id, outcome["interaction_id"])
    state = await front.control.read(ref)
    assert outcome["acknowledged_ms"] < 3000
    assert (state.goal, state.starter.name) == ("Count the primes\nbelow 100", "Robin")
    (opened,) = await front.heard(ref, "thread_opened")
    assert opened.thread_id == outcome["response"]["id"]
    assert opened.upload_limit == 10 * 1024 * 1024
    assert await front.control.by_thread(front.guild_id, opened.thread_id) == ref
    assert "> Count the primes\n> below 100" in outcome["response"]["content"]
    (thread,) = await threads(front)
    assert thread["name"] == "Count the primes below 100"
    assert thread["thread_metadata"]["auto_archive_duration"] == 10080


async def test_the_options_of_a_goal_reach_the_session(front: Front):
    files = {"表 one.csv": b"a,b\n1,2\n", "empty.txt": b""}
    state = await front.goal(
        "chart", autonomy="auto", budget=1.25, done_when="there is a picture", files=files
    )

    assert state.started.autonomy == "auto"
    assert state.limits.usd == 1.25
    assert state.started.done_when == "there is a picture"
    assert set(state.files) == {"inputs/表 one.csv", "inputs/empty.txt"}
    stored = state.files["inputs/表 one.csv"]
    assert await front.storage.blobs.read(front.guild_id, stored.sha256) == b"a,b\n1,2\n"


async def test_without_options_the_servers_autonomy_counts(front: Front):
    await front.control.set_rules(front.guild_id, ServerRules(autonomy=Autonomy.ASK))
    assert (await front.goal()).started.autonomy == "ask"


async def test_a_member_without_the_right_is_denied_before_anything_happens(front: Front):
    outcome = await front.command("goal", {"text": "mine coins"}, by="Sasha")

    assert (
        "You may not start goals here: only members with Manage Server may." in outcome["response"]["content"]
    )
    assert outcome["response"]["flags"] & 64
    assert await front.control.recent(front.guild_id, 5) == []
    assert await threads(front) == []


@pytest.mark.parametrize("text", ["  ", "\n\n", "\u200b \u2060"])
async def test_a_goal_without_a_word_starts_nothing(front: Front, text: str):
    outcome = await front.command("goal", {"text": text})
    assert "Say in a few words" in outcome["response"]["content"]
    assert await front.control.live(front.guild_id) == []


async def test_a_role_that_was_given_the_right_may_start(front: Front):
    role = await give_role(front, "Sasha", "runners")
    await front.control.set_rules(front.guild_id, ServerRules(roles={Right.START: (role,)}))

    assert (await front.goal(by="Sasha")).starter.name == "Sasha"
    assert (
        "only members with <@&"
        in (await front.command("goal", {"text": "x"}, by="Kim"))["response"]["content"]
    )


async def give_role(front: Front, name: str, role: str) -> str:
    """A role of this name for this member; its id."""
    member = await front.ask("PATCH", f"members/{front.guild_id}/{front.users[name]}", roles=[role])
    return member["roles"][-1]


async def test_a_file_over_the_cap_starts_nothing_and_says_why(front: Front):
    big = {"big.bin": b"x" * (CAPS.bytes + 1)}
    outcome = await front.command("goal", {"text": "read it"}, files=big)

    assert "`big.bin` was not taken" in outcome["response"]["content"]
    assert await front.control.recent(front.guild_id, 5) == []


async def test_nothing_starts_while_all_is_halted(front: Front):
    await front.command("stop", {"all": True})
    outcome = await front.command("goal", {"text": "go on"})
    assert "Everything is stopped on this server" in outcome["response"]["content"]

    await front.command("resume", {"all": True})
    assert (await front.goal("go on")).goal == "go on"


async def test_a_long_goal_is_shown_in_part_and_whole_in_a_file(front: Front):
    text = "count " * 600
    outcome = await front.command("goal", {"text": text})

    assert len(outcome["response"]["content"]) <= 2000
    (attached,) = outcome["response"]["attachments"]
    async with front.http.get(attached["url"]) as response:
        assert (await response.text()).strip() == text.strip()


async def test_a_goal_pings_nobody(front: Front):
    outcome = await front.command("goal", {"text": f"greet <@{front.users['Kim']}> and @everyone"})
    assert outcome["response"]["mentions"] == [] or outcome["response"]["mention_everyone"] is False
    posted = [one for one in await front.log() if one["path"].split("?")[0].endswith("@original")]
    assert posted[-1]["request"]["allowed_mentions"] == {"parse": []}


async def test_a_goal_given_in_a_thread_gets_a_thread_of_its_own(front: Front):
    first = await front.goal("one")
    outcome = await front.command("goal", {"text": "two"}, channel_id=first.thread_id)

    ref = SessionRef(front.guild_id, outcome["interaction_id"])
    (opened,) = await front.heard(ref, "thread_opened")
    assert f"<#{opened.thread_id}>" in outcome["response"]["content"]
    assert {one["id"] for one in await threads(front)} == {first.thread_id, opened.thread_id}


async def test_missing_permissions_of_the_bot_are_named(front: Front):
    bot_id = (await front.ask("GET", "state"))["bots"][0]["id"]
    may = 1 << 10 | 1 << 11 | 1 << 16 | 1 << 6 | 1 << 15
    await front.ask("PATCH", f"members/{front.guild_id}/{bot_id}", permissions=str(may))

    outcome = await front.command("goal", {"text": "work"})
    assert "create public threads, send messages in threads" in outcome["response"]["content"]
    assert await front.control.recent(front.guild_id, 5) == []


@pytest.mark.parametrize("path", ["*/callback", "*/messages/@original", "*/threads"])
async def test_a_lost_reply_at_any_moment_still_makes_one_goal_and_one_thread(front: Front, path: str):
    await front.ask("POST", "faults", kind="lose_reply", path=path)
    outcome = await front.command("goal", {"text": "be robust"})

    ref = SessionRef(front.guild_id, outcome["interaction_id"])
    await front.heard(ref, "thread_opened")
    assert await front.control.recent(front.guild_id, 5) == [ref]
    assert len(await threads(front)) == 1


async def test_a_goal_whose_thread_cannot_be_opened_is_stopped(front: Front):
    await front.ask("POST", "faults", kind="status", code=403, path="*/threads")
    outcome = await front.command("goal", {"text": "fail"})

    ref = SessionRef(front.guild_id, outcome["interaction_id"])
    await front.until_said(front.channel_id, "I cannot open a thread here, so the goal was stopped")
    assert [one.kind for one in await front.signals(ref)] == ["stop"]
    assert (await front.control.read(ref)).status is not Status.FAILED
