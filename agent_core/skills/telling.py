"""Can two scripts be told apart at all? Calls for them to differ on, near those that a check makes. Pure.

A mutant that does the same as the script for every input that there is, is no mistake that a check could
notice. Whether one is cannot be decided, so it is tried.
"""

import ast
from collections.abc import Iterator
from random import Random
from typing import cast

from agent_core.skills.inside import program

MOST_CALLS = 160
_PER_CALL_S = 0.5
_LARGEST = 2_000
"""Characters of one call's arguments."""

Call = tuple[str, tuple[object, ...], dict[str, object]]
"""Function, arguments, and those by name: all of them plain data."""


def calls(check: str, seed: int = 0) -> list[Call]:
    """Calls like those that the check makes of the script, and many near them; none where it makes none."""
    found = list(_literal_calls(ast.parse(check)))
    random = Random(seed)  # noqa: S311 - nothing secret depends on it
    near = [near for call in found for near in _near(call, random)]
    random.shuffle(near)
    return [call for call in (*found, *near) if len(repr(call)) <= _LARGEST][:MOST_CALLS]


def differing(source: str, others: list[str], tried: list[Call]) -> str:
    """The program that prints, as a list of JSON, for each of the others whether it can be told apart."""
    put_in = {"SOURCE": source, "OTHERS": others, "CALLS": tried, "PER_CALL_S": _PER_CALL_S}
    head = "\n".join(f"{name} = {value!r}" for name, value in put_in.items())
    return f"{head}\n\n{program('differ')}"


def _literal_calls(tree: ast.Module) -> Iterator[Call]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name | ast.Attribute):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
        try:
            args = tuple(cast("object", ast.literal_eval(one)) for one in node.args)
            named = {one.arg: cast("object", ast.literal_eval(one.value)) for one in node.keywords if one.arg}
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            continue
        yield name, args, named


def _near(call: Call, random: Random) -> Iterator[Call]:
    name, args, named = call
    for at, value in enumerate(args):
        for other in _variants(value):
            yield name, (*args[:at], other, *args[at + 1 :]), named
    for key, value in named.items():
        for other in _variants(value):
            yield name, args, {**named, key: other}
    if len(args) > 1:
        for _ in range(6):
            yield name, tuple(random.choice(_variants(value) or [value]) for value in args), named


def _variants(value: object) -> list[object]:
    match value:
        case bool():
            return [not value]
        case int():
            return [value + 1, value - 1, -value, 0, 1, 2 * value + 1, value + 10]
        case float():
            return [value + 0.5, value - 1, -value, 0.0, value * 3]
        case str():
            return ["", value + value, value[::-1], value.upper(), f"{value} x", value[:1], value[1:]]
        case bytes():
            return [b"", value + value, value[::-1]]
        case list():
            return [*_sequences(cast("list[object]", value))]
        case tuple():
            return [tuple(one) for one in _sequences(list(cast("tuple[object, ...]", value)))]
        case dict():
            pairs = list(cast("dict[object, object]", value).items())
            return [{}, dict(pairs[1:]), dict(reversed(pairs))]
        case _:
            return []


def _sequences(items: list[object]) -> list[list[object]]:
    first = [[other, *items[1:]] for one in items[:1] for other in _variants(one)]
    last = [[*items[:-1], other] for one in items[-1:] for other in _variants(one)]
    return [[], items[::-1], items + items, items[:1], items[1:], *first, *last]
