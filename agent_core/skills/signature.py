"""What went wrong in a run, reduced to what comes again: kind, shape of the message, place. Pure."""

import ast
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import cast

_TRACE = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+), in (?P<name>\S+)', re.MULTILINE)
_ENDING = r"(?:Error|Exception|Warning|Interrupt|Exit|Iteration)"
_LAST = re.compile(rf"^(?P<kind>[A-Za-z_][\w.]*{_ENDING}\w*)(?:: (?P<text>.*))?$", re.MULTILINE)
_OWN = re.compile(r"(?:^|/)(?:main|check)\.py$|^<string>$")
_SHAPES = (
    (re.compile(r"0x[0-9a-fA-F]+"), "<address>"),
    (re.compile(r"'[^']*'|\"[^\"]*\""), "<text>"),
    (re.compile(r"(?:/[\w.-]+)+/?"), "<path>"),
    (re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"), "<number>"),
)
_EXPECTED = re.compile(r"expected (?P<expected>.+), got (?P<got>.+)")
"""How a check says it: `assert got == wanted, f"expected {wanted!r}, got {got!r}"`."""
_ENVIRONMENT = frozenset(
    {
        "BlockingIOError",
        "ConnectionError",
        "ConnectionRefusedError",
        "HTTPError",
        "ImportError",
        "MemoryError",
        "ModuleNotFoundError",
        "OSError",
        "PermissionError",
        "SSLError",
        "TimeoutError",
        "URLError",
        "gaierror",
    }
)


class Severity(IntEnum):
    """How bad an error is; a larger one is worse."""

    ENVIRONMENT = 1
    """The machine, the network, a missing package: never learnt as the script's fault."""
    TIMEOUT = 2
    WRONG_RESULT = 3
    CRASH = 4

    @property
    def words(self) -> str:
        """As people read it."""
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """An error without what only this run had."""

    kind: str
    """The exception's name, `WrongResult` or `Timeout`."""
    shape: str = ""
    """The message with numbers, texts and paths taken out; of a wrong result, how it differs."""
    place: str = ""
    """The deepest function of the script's own."""
    severity: Severity = Severity.CRASH

    @property
    def levels(self) -> tuple[tuple[str, ...], ...]:
        """The same error, ever more exactly: nothing, its kind, the core of its shape, all of it, its place.

        The core of how a result differs is how its innermost part does: `some items: off by +1`.
        """
        core = self.shape.rpartition(": ")[2]
        shapes = (core,) if core == self.shape else (core, self.shape)
        exact = (self.kind, *shapes, self.place)
        return tuple(exact[:length] for length in range(len(exact) + 1))

    def __str__(self) -> str:
        return " · ".join(part for part in (self.kind, self.shape, self.place) if part)


def of_run(output: str, stopped_by: str | None = None) -> Signature:
    """The signature of a failed run, from what it printed and what ended it."""
    if stopped_by == "time":
        return Signature(kind="Timeout", place=_place(output), severity=Severity.TIMEOUT)
    if stopped_by is not None:
        return Signature(kind="Limit", shape=stopped_by, severity=Severity.ENVIRONMENT)
    found = list(_LAST.finditer(output))
    if not found:
        return Signature(
            kind="Failed", shape=_shape(output.strip().splitlines()[-1] if output.strip() else "")
        )
    kind = found[-1]["kind"].rpartition(".")[2]
    if kind == "AssertionError":
        return _of_assertion(found[-1]["text"] or "")
    severity = Severity.ENVIRONMENT if kind in _ENVIRONMENT else Severity.CRASH
    return Signature(
        kind=kind, shape=_shape(found[-1]["text"] or ""), place=_place(output), severity=severity
    )


def _of_assertion(text: str) -> Signature:
    """Of a check that failed; where it says what it expected and what it got, by how those differ."""
    told = _EXPECTED.fullmatch(text.strip())
    try:
        if told:
            return of_difference(ast.literal_eval(told["expected"]), ast.literal_eval(told["got"]))
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        pass  # a value that is no plain data: its words have to do
    return Signature(kind="WrongResult", shape=_shape(text), severity=Severity.WRONG_RESULT)


def of_difference(expected: object, got: object) -> Signature:
    """The signature of a wrong result: how what came differs from what should have come."""
    return Signature(kind="WrongResult", shape=difference(expected, got), severity=Severity.WRONG_RESULT)


def difference(expected: object, got: object) -> str:
    """How a value differs from the one that was expected, in words that come again."""
    match expected, got:
        case _, None:
            return "nothing came"
        case None, _:
            return "something came for nothing"
        case bool(), bool():
            return f"{got} for {expected}"
        case int() | float(), int() | float():
            return _numbers(float(expected), float(got))
        case list(), list():
            return _sequences(cast("list[object]", expected), cast("list[object]", got))
        case tuple(), tuple():
            return _sequences(list(cast("Sequence[object]", expected)), list(cast("Sequence[object]", got)))
        case str(), str():
            return _texts(expected, got)
        case dict(), dict():
            return _mappings(cast("dict[object, object]", expected), cast("dict[object, object]", got))
        case _:
            one, other = type(expected).__name__, type(got).__name__  # pyright: ignore[reportUnknownArgumentType]
            return f"another {one}" if one == other else f"{other} for {one}"


def _mappings(expected: dict[object, object], got: dict[object, object]) -> str:
    missing, more = len(expected.keys() - got.keys()), len(got.keys() - expected.keys())
    if missing or more:
        return f"keys: {min(missing, 2)} missing, {min(more, 2)} more"
    key = next(key for key in expected if expected[key] != got[key])
    return f"a value: {difference(expected[key], got[key])}"


def _numbers(expected: float, got: float) -> str:
    if math.isnan(got) or math.isinf(got):
        return "no finite number"
    gap = got - expected
    if gap in (1, -1, 2, -2):
        return f"off by {gap:+g}"
    if got == -expected:
        return "the sign"
    if got == 0 or expected == 0:
        return "zero came" if got == 0 else "something came for zero"
    if int(got) == int(expected):
        return "only the fraction"
    return "larger" if gap > 0 else "smaller"


def _sequences(expected: list[object], got: list[object]) -> str:
    longer = len(got) - len(expected)
    if longer:
        end = "in front" if got and expected and got[-1] == expected[-1] else "at the end"
        return f"{'+' if longer > 0 else '-'}{min(abs(longer), 2)} items {end}"
    if got == expected[::-1]:
        return "reversed"
    if sorted(map(repr, got)) == sorted(map(repr, expected)):
        return "another order"
    wrong = [at for at, pair in enumerate(zip(expected, got, strict=True)) if pair[0] != pair[1]]
    where = "all items" if len(wrong) == len(expected) else "the first" if wrong == [0] else (
        "the last" if wrong == [len(expected) - 1] else "some items"
    )  # fmt: skip
    return f"{where}: {difference(expected[wrong[0]], got[wrong[0]])}"


def _texts(expected: str, got: str) -> str:
    if got.casefold() == expected.casefold():
        return "only the case"
    if "".join(got.split()) == "".join(expected.split()):
        return "only the blanks"
    if got == expected[::-1]:
        return "reversed"
    if got == "":
        return "empty text"
    longer = len(got) - len(expected)
    return "text of the same length" if not longer else f"text {'longer' if longer > 0 else 'shorter'}"


def _shape(text: str) -> str:
    for pattern, name in _SHAPES:
        text = pattern.sub(name, text)
    return " ".join(text.split())[:120]


def _place(output: str) -> str:
    own = [found["name"] for found in _TRACE.finditer(output) if _OWN.search(found["file"])]
    return own[-1] if own else ""
