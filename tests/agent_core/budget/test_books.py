"""The books against a dictionary: holding, settling, losing, dying in between, in any order."""

import asyncio
from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_core.storage import Storage, budgets
from agent_core.storage.budgets import Budgets, Caps, Entry
from agent_core.storage.redis import connected
from agent_core.values import NANO, SessionRef, Usage

CAPS = Caps(member_day=100, server_day=250, host_day=400, host_month=700)
DAYS = ("2026-11-29", "2026-11-30", "2026-12-01")
Sum = tuple[str, str]
Line = tuple[str, tuple[int, str, str, int], int]
"""What is done, to which call, with how much."""

calls = st.tuples(
    st.integers(0, 9),  # which call
    st.sampled_from("ab"),  # guild
    st.sampled_from("xyz"),  # member
    st.integers(0, 2),  # day
)
steps = st.lists(
    st.tuples(
        st.sampled_from(["reserve", "reserve", "reserve", "settle", "close", "half", "book"]),
        calls,
        st.integers(0, 60),
    ),
    min_size=1,
    max_size=60,
)


@dataclass
class Paper:
    """What the books have to say."""

    sums: dict[Sum, int] = field(default_factory=dict[Sum, int])
    held: dict[Entry, int] = field(default_factory=dict[Entry, int])
    over: set[Entry] = field(default_factory=set[Entry])

    def fits(self, entry: Entry, nano: int) -> bool:
        return all(self.sums.get(name, 0) + nano <= cap for name, cap in _limits(entry))

    def add(self, entry: Entry, nano: int) -> None:
        for name, _ in _limits(entry):
            self.sums[name] = self.sums.get(name, 0) + nano


def _limits(entry: Entry) -> list[tuple[Sum, int]]:
    guild = entry.ref.guild_id
    return [
        ((f"{guild} {entry.day}", entry.member_id), CAPS.member_day),
        ((f"{guild} {entry.day}", ""), CAPS.server_day),
        (("host", entry.host_day), CAPS.host_day),
        (("host", entry.host_day[:7]), CAPS.host_month),
    ]


def _entry(call: tuple[int, str, str, int], run: str) -> Entry:
    number, guild, member, day = call
    ref = SessionRef(f"{run}{guild}", f"s{number}")
    return Entry(
        ref=ref, call=f"{number}.{guild}{member}{day}", member_id=member, day=DAYS[day], host_day=DAYS[day]
    )


@given(script=steps)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_order_of_events_passes_a_cap_or_loses_an_amount(script: list[Line], redis_url: str):
    async def play() -> None:
        async with connected(redis_url, repeat=False) as redis:
            await redis.flushdb()  # pyright: ignore[reportUnknownMemberType]
            await _play(Budgets(redis), script)

    asyncio.run(play())


async def _play(books: Budgets, script: list[Line]) -> None:
    paper = Paper()
    for what, call, amount in script:
        entry = _entry(call, "1")
        await _step(books, paper, what, entry, amount)
        sums = await books.sums(entry)
        found = [sums.member_day.nano, sums.server_day.nano, sums.host_day.nano, sums.host_month.nano]
        assert found == [paper.sums.get(name, 0) for name, _ in _limits(entry)]
        assert all(value <= cap for value, (_, cap) in zip(found, _limits(entry), strict=True))


async def _step(books: Budgets, paper: Paper, what: str, entry: Entry, amount: int) -> None:
    match what:
        case "reserve":
            held = await books.reserve(entry, amount, CAPS)
            fits = entry in paper.held or (entry not in paper.over and paper.fits(entry, amount))
            assert held is fits
            if held and entry not in paper.held:
                paper.held[entry] = amount
                paper.add(entry, amount)
            elif not held and entry not in paper.held:
                paper.over |= _refused_by_server(paper, entry, amount)
        case "settle":
            cost = min(amount, paper.held.get(entry, 0))
            await books.settle(entry, cost, Usage(prompt_tokens=1))
            if entry in paper.held:
                paper.add(entry, cost - paper.held.pop(entry))
                paper.over.add(entry)
        case "close" if entry in paper.over:
            pass
        case "close":
            assert await books.close(entry) is (entry in paper.held)
            if entry not in paper.held:
                paper.over.add(entry)
        case "half" if (
            entry not in paper.held and entry not in paper.over and _host_fits(paper, entry, amount)
        ):
            await _die_between(books, entry, amount)
            assert not await books.close(entry)  # what a worker that died left behind is taken back
            paper.over.add(entry)
        case _:
            pass


def _host_fits(paper: Paper, entry: Entry, amount: int) -> bool:
    return all(paper.sums.get(name, 0) + amount <= cap for name, cap in _limits(entry) if name[0] == "host")


def _refused_by_server(paper: Paper, entry: Entry, amount: int) -> set[Entry]:
    """A call that the host took and the server did not is over; one that the host refused may come again."""
    return {entry} if entry not in paper.over and _host_fits(paper, entry, amount) else set()


async def _die_between(books: Budgets, entry: Entry, amount: int) -> None:
    """The host's half of a reservation, and not the server's."""
    names = budgets._host_keys(entry)  # pyright: ignore[reportPrivateUsage]
    sums = (("usd", CAPS.host_day), ("usd", CAPS.host_month))
    assert await books._reserve(names, amount, sums) == 0  # pyright: ignore[reportPrivateUsage]


async def test_large_amounts_are_exact(storage: Storage):
    caps = Caps(**dict.fromkeys(("member_day", "server_day", "host_day", "host_month"), 1_000_000 * NANO))
    entry = _entry((1, "a", "x", 0), "1")
    assert await storage.budgets.reserve(entry, 123_456_789_012_345, caps)
    await storage.budgets.settle(entry, 123_456_789_012_343, Usage())
    sums = await storage.budgets.sums(entry)
    assert sums.host_month.nano == sums.member_day.nano == 123_456_789_012_343
    assert sums.member_day.open == 0
    more = _entry((2, "a", "x", 0), "1")
    left = caps.member_day - 123_456_789_012_343
    assert not await storage.budgets.reserve(more, left + 1, caps)
    assert await storage.budgets.reserve(_entry((3, "a", "x", 0), "1"), left, caps)


async def test_a_day_lists_its_members(storage: Storage):
    caps = Caps(**dict.fromkeys(("member_day", "server_day", "host_day", "host_month"), NANO))
    for number, member in ((1, "x"), (2, "y"), (3, "x")):
        entry = _entry((number, "a", member, 0), "1")
        assert await storage.budgets.reserve(entry, 1000, caps)
        await storage.budgets.settle(entry, number * 100, Usage(prompt_tokens=5, completion_tokens=2))
    day = await storage.budgets.day("1a", DAYS[0])
    assert (day.server.nano, day.server.tokens, day.server.calls) == (600, 21, 3)
    assert {member: one.nano for member, one in day.members.items()} == {"x": 400, "y": 200}
    assert (await storage.budgets.day("1b", DAYS[0])).members == {}
