"""The way in: only what a check proves that its author could not bend, and once."""

import pytest

from agent_core.errors import RefusedError
from agent_core.memory.values import ALL_CHANNELS
from agent_core.skills import (
    Admission,
    Admitted,
    Card,
    Checker,
    Gate,
    Judgement,
    Library,
    Offer,
    Origin,
    Script,
    Severity,
    open_part,
)
from agent_core.values import Message
from sandbox import Pool

GUILD = "10"
CLAMP = "def clamp(n, low, high):\n    return low if n < low else high if n > high else n\n"
CHECK = """
from main import clamp
assert clamp(5, 1, 9) == 5
assert clamp(-3, 1, 9) == 1
assert clamp(12, 1, 9) == 9
assert clamp(1, 1, 9) == 1
assert clamp(9, 1, 9) == 9
assert clamp(40, -7, 30) == 30
"""
WEAK = "from main import clamp\nassert clamp(5, 1, 9) > 0\nassert clamp(6, 1, 9) > 0\n"


async def offer(
    admission: Admission, pool: Pool, source: str, check: str = CHECK, name: str = "clamp", **more: object
) -> Admitted:
    script = Script(name=name, description="Keeps a number between two limits.", source=source)
    offered = Offer(card=Card(script=script, origin=Origin()), check=check, channels=ALL_CHANNELS)
    return await admission.offer(GUILD, offered, pool, **more)  # pyright: ignore[reportArgumentType]


async def test_a_right_script_joins_and_its_twin_does_not(admission: Admission, library: Library, pool: Pool):
    first = await offer(admission, pool, CLAMP)
    assert first.skill is not None
    assert first.skill.proven, first.judgement.text
    again = await offer(admission, pool, CLAMP.replace("low", "least"), "assert True", "limit")
    assert again.twin
    assert len(await library.held(GUILD, channels=ALL_CHANNELS)) == 1


HARD_CODED = (
    "def clamp(n, low, high):\n    return {(5, 1, 9): 5, (12, 1, 9): 9, (9, 1, 9): 9}[n, low, high]\n"
)
"""Knows the open cases by heart."""


@pytest.mark.parametrize(
    ("source", "kind", "severity"),
    [
        ("def clamp(n, low, high):\n    return n\n", "WrongResult", Severity.WRONG_RESULT),
        (HARD_CODED, "KeyError", Severity.CRASH),
        ("def clamp(n, low, high):\n    return n.limit(low)\n", "AttributeError", Severity.CRASH),
        ("def limit(n, low, high):\n    return n\n", "ImportError", Severity.CRASH),
        ("import os\nos._exit(0)\n" + CLAMP, "ScriptEndedError", Severity.CRASH),
        ("import no_such_package\n" + CLAMP, "ModuleNotFoundError", Severity.ENVIRONMENT),
        ("def clamp(:", "SyntaxError", Severity.CRASH),
    ],
    ids=["wrong", "hard-coded", "raising", "other name", "ends itself", "missing package", "no script"],
)
async def test_what_fails_stands_among_the_failures_with_its_error(  # noqa: PLR0917
    admission: Admission, library: Library, pool: Pool, source: str, kind: str, severity: Severity
):
    found = await offer(admission, pool, source)
    assert found.skill is not None
    assert found.skill.shelf == "failures"
    (error,) = (await library.shelves(GUILD)).errors
    assert (error.kind, error.severity) == (kind, severity)


async def test_a_check_that_is_stored_is_never_replaced(admission: Admission, library: Library, pool: Pool):
    first = await offer(admission, pool, CLAMP)
    cheat = await offer(admission, pool, "def clamp(n, low, high):\n    return n\n", "assert True")
    assert cheat.stored_check
    assert cheat.skill is not None
    assert not cheat.skill.proven
    other = await offer(
        admission, pool, "def clamp(n, low, high):\n    return sorted((low, n, high))[1]\n", "1"
    )
    assert other.skill is not None
    assert other.skill.proven
    assert first.skill is not None
    assert other.skill.filed.parents == (first.skill.id,)
    assert len(await library.held(GUILD, channels=ALL_CHANNELS, shelf="successes")) == 2


@pytest.mark.parametrize(
    ("check", "fault"),
    [
        ("print('all good')", "green on a stub"),
        (WEAK, "weak check"),
        (
            "import os, random\nfrom main import clamp\nassert clamp\nos._exit(0)\n",
            "weak check",
        ),
    ],
    ids=["shows nothing", "weak", "ends itself"],
)
async def test_a_check_that_is_worth_nothing_lets_nobody_in(
    admission: Admission, library: Library, pool: Pool, check: str, fault: str
):
    found = await offer(admission, pool, CLAMP, check)
    assert (found.skill, found.judgement.fault) == (None, fault)
    assert not await library.held(GUILD, channels=ALL_CHANNELS)


async def test_a_check_is_written_and_sharpened_by_who_never_sees_the_source(
    admission: Admission, library: Library, pool: Pool
):
    asked: list[str] = []

    async def ask(messages: list[Message]) -> str:
        asked.append(str(messages))
        return f"Here it is:\n```python\n{WEAK if len(asked) == 1 else CHECK}\n```"

    found = await offer(admission, pool, CLAMP, "", ask=ask)
    assert found.skill is not None
    assert found.skill.proven
    assert len(asked) == 2
    assert not any("low if n" in one for one in asked)
    assert all("def clamp(n, low, high)" in one for one in asked)
    shown = open_part(await library.check_of(GUILD, found.skill))
    assert "clamp(5, 1, 9)" in shown
    assert "clamp(-3, 1, 9)" not in shown


async def test_without_any_check_nothing_is_judged(admission: Admission, pool: Pool):
    with pytest.raises(RefusedError, match="check"):
        await offer(admission, pool, CLAMP, " ")


async def test_a_sealed_case_is_never_shown(admission: Admission, pool: Pool):
    found = await offer(admission, pool, "def clamp(n, low, high):\n    return min(n, high)\n")
    assert found.judgement.fault == "fails"
    told = found.judgement.text + found.judgement.output
    assert "-3" not in told
    assert "WrongResult" in told


COUNT = """
def commonest(words):
    counts = {}
    for word in words.lower().split():
        counts[word] = counts.get(word, 0) + 1
    return max(sorted(counts), key=counts.get)
"""


async def test_a_mutant_that_nothing_tells_from_the_script_is_not_held_against_a_check(checker: Checker):
    check = "from main import commonest\n" + "\n".join(
        f"assert commonest({words!r}) == {word!r}"
        for words, word in (("a b a", "a"), ("B b a", "b"), ("c b c b", "b"), ("one two two", "two"))
    )
    found = await Gate(checker).judge(check, COUNT)
    assert found.passed, found.text
    slack = COUNT.replace("sorted(counts)", "counts").replace(".lower()", "")
    weak = await Gate(checker).judge("from main import commonest\nassert commonest('a') == 'a'", slack)
    assert weak.fault == "weak check", weak.text


async def test_what_no_longer_holds_moves_to_the_failures_and_back(
    admission: Admission, library: Library, pool: Pool
):
    script = Script(name="clamp", description="Keeps a number between two limits.", source=CLAMP)
    card = Card(script=script, origin=Origin(channel_id="7"))
    wrong = CHECK.replace("== 30", "== 31")
    await library.file(GUILD, card, wrong, Judgement(fault=None, text="It held."), channels={"7"})
    held = await library.named(GUILD, "clamp", channels={"7"})
    assert (await admission.again(GUILD, held, pool)).fault == "fails"
    held = await library.named(GUILD, "clamp", channels={"7"})
    assert held.skill.shelf == "failures"
    await library.undo(GUILD, 2)
    assert (await library.named(GUILD, "clamp", channels={"7"})).skill.proven
