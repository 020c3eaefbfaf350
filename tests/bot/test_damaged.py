"""Goals that cannot be read, damaged ones and those of a newer version: they hide no other goal."""

from agent_core.events import FORMAT
from agent_core.session import State
from agent_core.storage import keys
from agent_core.storage.redis import connected
from tests.bot.front import Front
from tests.bot.test_commands import choices, said

NEWER = '{"version": %d, "at": 1.0, "events": [{"kind": "teleported"}], "format": %d}'


async def spoil(front: Front, state: State, commit: str) -> None:
    """Add an entry to the goal's journal that this program cannot read."""
    async with connected(front.redis_url, repeat=True) as client:
        await client.xadd(keys.journal(state.ref), {"commit": commit}, id=f"{state.version + 1}-0")


async def a_newer_version_writes(front: Front, state: State) -> None:
    await spoil(front, state, NEWER % (state.version + 1, FORMAT + 1))


async def test_the_commands_over_all_goals_leave_out_what_they_cannot_read(front: Front):
    damaged, newer, good = [await front.goal(words) for words in ("one", "two", "three")]
    await spoil(front, damaged, "nonsense")
    await a_newer_version_writes(front, newer)
    assert await choices(front, "stop", "goal") == [good.ref.id]
    assert f"<#{good.thread_id}>" in await said(front, "sessions")
    assert "three" in await said(front, "usage", {"by": "session"})
    assert "newer version" in await said(front, "status", channel_id=newer.thread_id)


async def test_a_lost_channel_and_a_removal_pause_the_goals_that_can_be_read(front: Front):
    channel = await front.ask("POST", "channels", guild_id=front.guild_id, name="side")
    damaged, newer = await front.goal("one"), await front.goal("two")
    there = await front.goal("three", channel_id=channel["id"])
    here = await front.goal("four")
    await spoil(front, damaged, "nonsense")
    await a_newer_version_writes(front, newer)
    await front.ask("DELETE", f"channels/{channel['id']}?user_id={front.users['Robin']}")
    lost, *_ = await front.heard(there.ref, "pause")
    assert "was deleted" in lost.reason
    assert front.bot is not None
    me = front.bot.client.user
    assert me is not None
    await front.ask("DELETE", f"members/{front.guild_id}/{me.id}")
    removed, *_ = await front.heard(here.ref, "pause")
    assert "was removed from this server" in removed.reason
