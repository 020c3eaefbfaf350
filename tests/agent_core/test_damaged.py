"""One damaged journal or signal: its session is set aside, and nobody else is touched."""

import asyncio

import pytest

from agent_core.errors import RefusedError
from agent_core.storage import keys
from agent_core.storage.redis import connected
from agent_core.values import SessionRef, Status
from tests.agent_core.office import WAIT_S, Office

FINISH = ("finish", {"summary": "done"})


async def test_a_damaged_journal_sets_its_session_aside_and_others_go_on(
    office: Office, redis_url: str, capsys: pytest.CaptureFixture[str]
):
    ref, other = await office.start(ref=SessionRef("10", "a")), await office.start(ref=SessionRef("10", "b"))
    await office.model.asked(2)
    async with connected(redis_url, repeat=False) as client:
        version = await office.control.storage.journal.version(ref)
        await client.xadd(keys.journal(ref), {"z1": b"nonsense"}, id=f"{version + 1}-0")
        await office.say(ref, "hello?")
        office.model.will("", FINISH)
        office.model.will("", FINISH)
        await office.until(other, Status.FINISHED)
        async with asyncio.timeout(WAIT_S):
            while ref in await office.control.live("10"):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert await client.xlen(keys.journal(ref)) == version + 1  # kept as it is
    with pytest.raises(RefusedError, match="damaged"):
        await office.control.read(ref)
    assert await office.control.live_states("10") == []
    assert capsys.readouterr().out.count("session set aside") == 1


async def test_a_damaged_signal_pauses_its_session_until_a_person_looks(office: Office, redis_url: str):
    ref = await office.start()
    await office.model.asked(1)
    async with connected(redis_url, repeat=False) as client:
        await client.xadd(keys.inbox(ref), {"signal": b"nonsense"})
    office.model.will("", ("list_files", {}))
    state = await office.until(ref, Status.PAUSED)
    assert state.paused is not None
    assert "cannot be read" in state.paused.reason
