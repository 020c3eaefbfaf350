"""Requests for one thing are gathered: the first at once, the rest once, and none is lost."""

import asyncio

from agent_core.gathering import Gathering
from agent_core.values import SessionRef

A, B = SessionRef("1", "a"), SessionRef("1", "b")


async def test_the_first_is_asked_at_once_and_all_that_follow_once_more():
    asked: list[SessionRef] = []
    more = asyncio.Event()

    async def ask(ref: SessionRef) -> None:
        asked.append(ref)
        if len(asked) == 3:
            more.set()

    gathering = Gathering(ask, 0.05)
    for _ in range(20):
        await gathering.soon(A)
    await gathering.soon(B)
    assert asked == [A, B]
    async with asyncio.timeout(5):
        await more.wait()
    await asyncio.sleep(0.15)
    assert asked == [A, B, A]
    await gathering.close()


async def test_asking_for_good_leaves_nothing_behind_and_so_does_the_end():
    asked: list[SessionRef] = []

    async def ask(ref: SessionRef) -> None:
        asked.append(ref)

    gathering = Gathering(ask, 60.0)
    await gathering.soon(A)
    await gathering.soon(A)
    await gathering.now(A)
    assert asked == [A, A]
    await gathering.soon(B)
    await gathering.soon(B)
    await gathering.close()
    assert asked == [A, A, B, B]
