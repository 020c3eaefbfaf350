"""Every value that a stored record could hold, for property tests."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from enum import Enum
from typing import Any, get_args, get_origin, get_type_hints

from hypothesis import strategies as st
from pydantic import JsonValue

TEXTS = st.text(max_size=20)
_integers = st.integers(-(2**53), 2**53)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
_json = st.recursive(
    st.none() | st.booleans() | _integers | FLOATS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
_PLAIN: dict[object, st.SearchStrategy[Any]] = {
    str: TEXTS,
    int: _integers,
    float: FLOATS,
    bool: st.booleans(),
    type(None): st.none(),
    JsonValue: _json,
}


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Every value that a field of this type may hold."""
    if hint in _PLAIN:
        return _PLAIN[hint]
    arguments = get_args(hint)
    match get_origin(hint):
        case None if dataclasses.is_dataclass(hint):
            return instances(typing.cast(type, hint))
        case None if issubclass(hint, Enum):
            return st.sampled_from(list(hint))
        case typing.Literal:
            return st.sampled_from(arguments)
        case types.UnionType | typing.Union:
            return st.one_of([values_of(argument) for argument in arguments])
        case origin if origin is tuple:
            return st.lists(values_of(arguments[0]), max_size=3).map(tuple)
        case origin if isinstance(origin, type) and issubclass(origin, Mapping):
            return st.dictionaries(values_of(arguments[0]), values_of(arguments[1]), max_size=3)
        case _:
            raise AssertionError(f"The test does not know {hint}.")


def instances(cls: type) -> st.SearchStrategy[Any]:
    hints = get_type_hints(cls)
    return st.builds(cls, **{name: values_of(hints[name]) for name in cls.__dataclass_fields__})  # type: ignore[attr-defined]
