"""The other commands over the wire."""

import random
import zipfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from io import BytesIO
from typing import Any

import pytest

from agent_core.events import Ended, Observed, Paused, Thought
from agent_core.session import State
from agent_core.storage import keys
from agent_core.storage.redis import connected
from agent_core.values import (
    Action,
    Autonomy,
    FileRef,
    NamedFile,
    Observation,
    Right,
    ServerRules,
    Status,
    Usage,
)
from tests.bot.front import Front
from tests.bot.test_goal import give_role


async def said(front: Front, name: str, options: dict[str, Any] | None = None, **given: Any) -> str:
    """What the command answers, for the asker's eyes only."""
    outcome = await front.command(name, options, **given)
    assert outcome["acknowledged_ms"] < 3000
    assert outcome["response"]["flags"] & 64
    return outcome["response"]["content"]


async def choices(
    front: Front, name: str, option: str, text: str = "", channel_id: str | None = None
) -> list[str]:
    """The values that are offered while somebody types."""
    outcome = await front.ask(
        "POST",
        "autocomplete",
        guild_id=front.guild_id,
        channel_id=channel_id or front.channel_id,
        user_id=front.users["Robin"],
        name=name,
        option=option,
        value=text,
        options={},
    )
    return [choice["value"] for choice in outcome["choices"]]


async def test_stop_in_a_thread_ends_its_goal(front: Front):
    state = await front.goal()
    assert await said(front, "stop", channel_id=state.thread_id) == "🛑 Stopping."
    (stop,) = await front.heard(state.ref, "stop")
    assert stop.person.name == "Robin"


async def test_stop_is_refused_to_strangers_outside_threads_and_after_the_end(front: Front):
    state = await front.goal()
    assert "You may not steer goals here" in await said(front, "stop", channel_id=state.thread_id, by="Kim")
    assert "Use this in the thread of a goal" in await said(front, "stop")
    assert "You may not change the settings here" in await said(front, "stop", {"all": True}, by="Kim")
    await front.take(state.ref, Ended(status=Status.STOPPED, summary="", checked=False))
    assert "has ended already (stopped)" in await said(front, "stop", channel_id=state.thread_id)
    assert [one.kind for one in await front.signals(state.ref)] == ["thread_opened"]


async def test_stop_all_ends_every_goal(front: Front):
    goals = [await front.goal(f"goal {number}") for number in range(3)]
    assert "Everything is stopped (3 running)" in await said(front, "stop", {"all": True})
    for state in goals:
        await front.heard(state.ref, "stop")
    assert (await front.control.rules(front.guild_id)).halted
    assert "Everything is stopped" in await said(front, "status")
    await said(front, "resume", {"all": True})
    assert not (await front.control.rules(front.guild_id)).halted


async def test_resume_goes_on_with_a_paused_goal_only(front: Front):
    state = await front.goal()
    assert "is not paused: it is running" in await said(front, "resume", channel_id=state.thread_id)
    await front.take(state.ref, Paused(by="bot", reason="no key"))
    assert "You may not steer" in await said(front, "resume", channel_id=state.thread_id, by="Kim")
    assert await said(front, "resume", channel_id=state.thread_id) == "▶️ Going on."
    await front.heard(state.ref, "resume")


async def test_status_names_the_state_by_its_word(front: Front):
    state = await front.goal("draw a map")
    in_thread: dict[str, Any] = {"channel_id": state.thread_id}
    assert "running" in await said(front, "status", **in_thread)
    await front.propose(state.ref)
    assert "**waiting** for a decision" in await said(front, "status", **in_thread)
    listed = await said(front, "status")
    assert "waiting" in listed
    assert f"<#{state.thread_id}> · draw a map" in listed
    await front.take(state.ref, Paused(by="bot", reason="no key"))
    assert "paused" in await said(front, "status", **in_thread)
    await front.take(state.ref, Ended(status=Status.FINISHED, summary="", checked=False))
    await front.storage.index.ended(state.ref)
    assert "finished, unchecked" in await said(front, "status", **in_thread)
    assert "No goal is running" in await said(front, "status")


async def test_status_hides_the_goals_of_channels_that_one_cannot_see(front: Front):
    bot_id, see = (await front.ask("GET", "state"))["bots"][0]["id"], str(1 << 10)
    hidden = {"id": front.guild_id, "type": 0, "allow": "0", "deny": see}
    open_to_bot = {"id": bot_id, "type": 1, "allow": see, "deny": "0"}
    secret = await front.ask(
        "POST",
        "channels",
        guild_id=front.guild_id,
        name="secret",
        permission_overwrites=[hidden, open_to_bot],
    )
    await front.goal("a secret plan", channel_id=secret["id"])
    assert "a secret plan" in await said(front, "status")
    assert "No goal is running" in await said(front, "status", by="Kim")


def _noise(count: int) -> bytes:
    """Bytes that cannot be packed, the same every time."""
    return random.Random(7).randbytes(count)  # noqa: S311 - it only has to be noise


def _made(files: dict[str, FileRef]) -> tuple[Thought, Observed]:
    """A step that wrote these files."""
    action = Action(id="c", name="run_python", arguments={"code": ""}, raw="{}")
    thought = Thought(
        step=1, text="", actions=(action,), problems={}, usage=Usage(), cost_usd=0.0, message={}
    )
    changed = tuple(NamedFile(path=path, file=file) for path, file in files.items())
    return thought, Observed(action="1.1", observation=Observation(text="", changed=changed))


@asynccontextmanager
async def _poison(front: Front, state: State) -> AsyncGenerator[None]:
    """A journal that is no journal, as only a bug could have it."""
    async with connected(front.redis_url, repeat=True) as client:
        key = keys.journal(state.ref)
        await client.rename(key, f"{key}.away")
        await client.set(key, "nonsense")
        yield


async def with_files(front: Front, files: dict[str, bytes]) -> State:
    return await front.goal("read", files=files)


async def fetched(front: Front, outcome: dict[str, Any]) -> tuple[str, bytes]:
    (attached,) = outcome["response"]["attachments"]
    async with front.http.get(attached["url"]) as response:
        return attached["filename"], await response.read()


@pytest.mark.parametrize(
    ("name", "data"), [("データ.csv", b"1,2\n"), ("empty.txt", b""), ("b.bin", bytes(256))]
)
async def test_files_come_back_byte_for_byte(front: Front, name: str, data: bytes):
    state = await with_files(front, {name: data})
    listed = await said(front, "files", channel_id=state.thread_id)
    assert f"inputs/{name}" in listed
    outcome = await front.command("files", {"path": f"inputs/{name}"}, channel_id=state.thread_id)
    assert await fetched(front, outcome) == (name, data)


async def test_a_file_whose_name_is_no_header_comes_under_a_name_that_is(front: Front):
    state = await front.goal()
    file = await front.storage.blobs.put_bytes(front.guild_id, b"1")
    await front.take(state.ref, *_made({'a\n"b".txt': file}))
    outcome = await front.command("files", {"path": 'a\n"b".txt'}, channel_id=state.thread_id)
    assert await fetched(front, outcome) == ("a__b_.txt", b"1")


async def test_a_file_that_is_not_there_is_said_so(front: Front):
    state = await with_files(front, {"a": b"1"})
    assert "There is no file `b`" in await said(front, "files", {"path": "b"}, channel_id=state.thread_id)


async def test_the_paths_of_files_are_offered_while_typing(front: Front):
    state = await with_files(front, {"one.csv": b"1", "two.csv": b"2", "three.txt": b"3"})

    async def offered(text: str) -> list[str]:
        return await choices(front, "files", "path", text, channel_id=state.thread_id)

    assert await offered("") == ["inputs/one.csv", "inputs/three.txt", "inputs/two.csv"]
    assert await offered("CSV") == ["inputs/one.csv", "inputs/two.csv"]
    assert await offered("nothing") == []


async def test_a_file_over_the_limit_comes_zipped_where_that_helps(front: Front):
    state = await front.goal("big")
    big = await front.storage.blobs.put_bytes(front.guild_id, b"abc" * 5_000_000)
    odd = await front.storage.blobs.put_bytes(front.guild_id, _noise(11_000_000))
    await front.take(state.ref, *_made({"big.txt": big, "noise.bin": odd}))

    outcome = await front.command("files", {"path": "big.txt"}, channel_id=state.thread_id)
    name, data = await fetched(front, outcome)
    assert name == "big.txt.zip"
    with zipfile.ZipFile(BytesIO(data)) as archive:
        assert archive.read("big.txt") == b"abc" * 5_000_000
    refused = await said(front, "files", {"path": "noise.bin"}, channel_id=state.thread_id)
    assert "Discord takes 10.5 MB here, also zipped" in refused


async def test_help_names_every_command_and_the_demo_goals(front: Front):
    text = await said(front, "help", by="Kim")
    state = await front.ask("GET", "state")
    for command in state["bots"][0]["commands"]:
        assert f"`/{command['name']}`" in text or command["name"] == "help"
    assert "**primes**: find the primes below 100" in text
    assert len(text) <= 2000


async def test_settings_are_shown_and_changed_by_who_may_configure(front: Front):
    assert "**approve** members with Manage Server" in await said(front, "settings")
    role = await give_role(front, "Kim", "judges")
    text = await said(
        front,
        "settings",
        {
            "approve": role,
            "autonomy": "auto",
            "verbosity": "quiet",
            "time_zone": "europe/berlin",
            "mentions": False,
        },
    )
    rules = await front.control.rules(front.guild_id)
    assert rules == ServerRules(
        roles={Right.APPROVE: (role,)},
        autonomy=Autonomy.AUTO,
        verbosity="quiet",
        time_zone="Europe/Berlin",
        mentions=False,
    )
    assert f"**approve** <@&{role}>" in text
    second = await give_role(front, "Sasha", "more judges")
    await said(front, "settings", {"approve": second})
    assert (await front.control.rules(front.guild_id)).roles == {Right.APPROVE: (role, second)}
    await said(front, "settings", {"reset": "approve"})
    assert (await front.control.rules(front.guild_id)).roles == {}


async def test_settings_are_closed_to_others_but_for_their_own_mentions(front: Front):
    assert "You may not change the settings here" in await said(front, "settings", by="Kim")
    refused = await said(front, "settings", {"autonomy": "auto", "mention_me": False}, by="Kim")
    assert "You may not change the settings here" in refused
    assert not await front.control.has_rules(front.guild_id)
    assert await said(front, "settings", {"mention_me": False}, by="Kim") == "I will not mention you."
    assert (await front.control.rules(front.guild_id)).quiet_members == (front.users["Kim"],)
    assert await said(front, "settings", {"mention_me": True}, by="Kim") == "I will mention you."
    assert (await front.control.rules(front.guild_id)).quiet_members == ()


async def test_a_time_zone_has_to_exist(front: Front):
    text = await said(front, "settings", {"time_zone": "Middle/Earth", "autonomy": "auto"})
    assert "There is no such time zone" in text
    assert not await front.control.has_rules(front.guild_id)
    assert "America/New_York" in await choices(front, "settings", "time_zone", "new york")


async def test_a_bug_in_a_command_gives_a_reference_that_the_log_has(
    front: Front, capsys: pytest.CaptureFixture[str]
):
    state = await front.goal()
    async with _poison(front, state):
        text = await said(front, "status", channel_id=state.thread_id)
    reference = text.rsplit("`", 2)[1]
    assert len(reference) == 8
    assert int(reference, 16) >= 0
    assert reference in capsys.readouterr().out


async def test_a_damaged_journal_is_named_and_does_not_hide_the_others(front: Front):
    state, other = await front.goal(), await front.goal("another")
    async with connected(front.redis_url, repeat=True) as client:
        await client.xadd(keys.journal(state.ref), {"commit": "nonsense"}, id=f"{state.version + 1}-0")
    assert "damaged" in await said(front, "status", channel_id=state.thread_id)
    assert f"<#{other.thread_id}>" in await said(front, "status")


async def test_a_store_that_is_away_is_said_so(front: Front):
    await front.refuse_writes(True)
    try:
        text = await said(front, "settings", {"autonomy": "auto"})
    finally:
        await front.refuse_writes(False)
    assert "My store does not answer just now" in text
