"""What an exploration might try next: near what half succeeded, beside what works, and by chance. Pure.

The chance is seeded, and the seed is shown: the same library and seed give the same ideas.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from random import Random
from typing import Literal

from agent_core.memory import words
from agent_core.skills.library import Held

Kind = Literal["half", "beside", "both", "new"]

_SUBJECTS = (
    "calendar dates and durations",
    "cleaning tables with gaps and typos",
    "comparing two versions of a text",
    "converting units and currencies with exact decimals",
    "finding patterns in log lines",
    "geometry of points and polygons",
    "graphs: shortest ways, components, orders",
    "grouping and summing rows",
    "intervals that overlap",
    "moving averages and outliers in a series",
    "number theory: factors, primes, remainders",
    "packing and scheduling with limits",
    "parsing small languages and expressions",
    "planning a round trip over places",
    "ranking with ties",
    "roman, binary and spoken numbers",
    "sampling and simple simulations with a seed",
    "searching sorted data",
    "splitting money without losing a cent",
    "text statistics: words, sentences, readability",
)
"""Where a server with an empty library may begin."""
_SHORTEST = 4
_MOST_FAILURES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Idea:
    """Something to write a script about."""

    kind: Kind
    """`half`: it worked now and then; `beside`: near a success; `both`: two successes in one; `new`."""
    text: str
    skills: tuple[str, ...] = ()
    """Ids of those that it comes from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontier:
    """Where a server's library ends."""

    seed: int
    ideas: tuple[Idea, ...]
    failed: tuple[Held, ...]
    """Failures near the topic, the newest first: not to be written the same way again."""


def frontier(held: Sequence[Held], topic: str, seed: int, most: int) -> Frontier:
    """At most so many ideas, the kinds in turn; with a topic only what has to do with it, and itself."""
    random = Random(seed)  # noqa: S311 - it chooses ideas, and shall be repeatable
    near = [one for one in held if not topic or _keywords_of(topic) & keywords(one)]
    proven = [one for one in near if one.skill.usable]
    kinds = (
        _half(near),
        _beside(proven, random),
        _both(proven or [one for one in held if one.skill.usable], random),
        _new(topic, held, random),
    )
    found: list[Idea] = []
    for idea in _in_turn(kinds):
        if idea not in found:
            found.append(idea)
        if len(found) >= most:
            break
    failed = [one for one in reversed(near) if one.skill.shelf == "failures"]
    return Frontier(seed=seed, ideas=tuple(found), failed=tuple(failed[:_MOST_FAILURES]))


def keywords(held: Held) -> frozenset[str]:
    """The words that say what a skill is about."""
    script = held.card.script
    return _keywords_of(f"{re.sub(r'[-_]', ' ', script.name)} {script.description}")


def _keywords_of(text: str) -> frozenset[str]:
    found = (word.casefold() for word in re.findall(r"[^\W\d_]+", text))
    return frozenset(word for word in found if len(word) >= _SHORTEST and not words.is_small(word))


def _half(near: Iterable[Held]) -> list[Idea]:
    """Topics in which some scripts worked and others did not, the most undecided first."""
    worked: Counter[str] = Counter()
    tried: Counter[str] = Counter()
    skills: defaultdict[str, list[str]] = defaultdict(list)
    for one in near:
        for word in keywords(one):
            tried[word] += 1
            worked[word] += one.skill.proven
            skills[word].append(one.skill.id)
    undecided = [word for word in tried if 0 < worked[word] < tried[word]]

    def doubt(word: str) -> float:
        share = worked[word] / tried[word]
        return share * (1 - share) * tried[word] ** 0.5

    undecided.sort(key=lambda word: (-doubt(word), word))
    return [
        Idea(
            kind="half",
            text=f"{word}: {worked[word]} of {tried[word]} scripts worked; find out what the others lacked",
            skills=tuple(skills[word]),
        )
        for word in undecided
    ]


def _beside(proven: Sequence[Held], random: Random) -> list[Idea]:
    """Neighbours of successes: what has the fewest children comes first, of equals by chance."""
    shuffled = random.sample(list(proven), len(proven))
    shuffled.sort(key=lambda one: one.skill.children)
    return [
        Idea(
            kind="beside",
            text=f"beside `{one.card.script.name}`: the inverse, the general case, or its next harder one",
            skills=(one.skill.id,),
        )
        for one in shuffled
    ]


def _both(proven: Sequence[Held], random: Random) -> list[Idea]:
    """Random pairs of successes."""
    ideas: list[Idea] = []
    for _ in range(min(len(proven) // 2 + 1, 8) if len(proven) > 1 else 0):
        one, other = random.sample(list(proven), 2)
        text = f"`{one.card.script.name}` together with `{other.card.script.name}`"
        ideas.append(Idea(kind="both", text=text, skills=(one.skill.id, other.skill.id)))
    return ideas


def _new(topic: str, held: Collection[Held], random: Random) -> list[Idea]:
    """What the library has little of; the topic first, joined with something else by chance."""
    subjects = random.sample(_SUBJECTS, len(_SUBJECTS))
    if topic:
        return [
            Idea(kind="new", text=topic),
            *(Idea(kind="new", text=f"{topic}, in a case of {one}") for one in subjects),
        ]
    known = Counter(chain.from_iterable(keywords(one) for one in held))
    subjects.sort(key=lambda one: sum(known[word] for word in _keywords_of(one)))
    return [Idea(kind="new", text=one) for one in subjects]


def _in_turn(kinds: Iterable[Sequence[Idea]]) -> Iterator[Idea]:
    for row in zip_longest(*kinds):
        yield from (idea for idea in row if idea is not None)
