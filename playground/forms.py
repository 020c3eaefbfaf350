"""Reading a JSON body field by field: right types and sizes, or a 50035 that names every wrong field."""

import re
from collections.abc import Collection, Iterator
from typing import Any, cast

from playground.errors import ApiError, Problem
from playground.wire import Payload


class Form:
    """One JSON object being read. Wrong fields are collected; `check()` raises them all at once."""

    def __init__(
        self, body: object, *, path: str = "", problems: list[tuple[str, str, str]] | None = None
    ) -> None:
        self._problems: list[tuple[str, str, str]] = [] if problems is None else problems
        self._path = path
        self._body: Payload = {}
        if isinstance(body, dict):
            self._body = cast("Payload", body)
        else:
            self.wrong("", "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")

    def has(self, key: str) -> bool:
        """Whether the client sent this field, null included."""
        return key in self._body

    def names(self) -> list[str]:
        """The names of the fields that came."""
        return list(self._body)

    def raw(self, key: str) -> Any:
        """The field as it came."""
        return self._body.get(key)

    def wrong(self, key: str, code: str, message: str) -> None:
        """Note that a field is wrong."""
        self._problems.append((self._name(key), code, message))

    def text(self, key: str, *, least: int = 0, most: int | None = None, needed: bool = False) -> str | None:
        """A string; None where it is null or absent."""
        value = self._body.get(key)
        if value is None:
            return self._missing(key) if needed else None
        if not isinstance(value, str):
            self.wrong(key, "STRING_TYPE_CONVERT", "Could not interpret the value as string.")
            return None
        if len(value) < least or (most is not None and len(value) > most):
            self._wrong_length(key, least, most)
        return value

    def _wrong_length(self, key: str, least: int, most: int | None) -> None:
        if least and most is not None:
            self.wrong(key, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length.")
        elif most is not None:
            self.wrong(key, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")
        else:
            self.wrong(key, "BASE_TYPE_MIN_LENGTH", f"Must be {least} or more in length.")

    def integer(self, key: str, *, least: int | None = None, most: int | None = None) -> int | None:
        """A whole number, also as a string of digits as Discord takes it."""
        value = self._body.get(key)
        if value is None:
            return None
        if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,20}", value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            self.wrong(key, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
            return None
        if least is not None and value < least:
            self.wrong(key, "NUMBER_TYPE_MIN", f"int value should be greater than or equal to {least}.")
        if most is not None and value > most:
            self.wrong(key, "NUMBER_TYPE_MAX", f"int value should be less than or equal to {most}.")
        return value

    def choice(self, key: str, allowed: Collection[int]) -> int | None:
        """A whole number out of a set."""
        value = self.integer(key)
        if value is not None and value not in allowed:
            options = ", ".join(str(one) for one in sorted(allowed))
            self.wrong(key, "BASE_TYPE_CHOICES", f"Value must be one of ({options}).")
            return None
        return value

    def flag(self, key: str) -> bool | None:
        """A boolean; None where it is null or absent."""
        value = self._body.get(key)
        if value is None or isinstance(value, bool):
            return value
        self.wrong(key, "BOOLEAN_TYPE_CONVERT", "Must be either true or false.")
        return None

    def snowflake(self, key: str, *, needed: bool = False) -> str | None:
        """An id, sent as a string or a number."""
        value = self._body.get(key)
        if value is None:
            return self._missing(key) if needed else None
        return self._as_snowflake(key, value)

    def _as_snowflake(self, key: str, value: object) -> str | None:
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 20:
            return value
        self.wrong(key, "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')
        return None

    def snowflakes(self, key: str) -> list[str]:
        """A list of ids."""
        values = self._list(key, None)
        found = [self._as_snowflake(f"{key}.{index}", value) for index, value in enumerate(values)]
        return [value for value in found if value is not None]

    def texts(self, key: str) -> list[str]:
        """A list of strings."""
        return [value for value in self._list(key, None) if isinstance(value, str)]

    def inner(self, key: str) -> "Form | None":
        """An object inside; None where it is null or absent."""
        value = self._body.get(key)
        if value is None:
            return None
        return Form(value, path=self._name(key), problems=self._problems)

    def inners(self, key: str, *, most: int | None = None) -> Iterator[tuple[int, "Form"]]:
        """The objects of a list inside, with their places."""
        for index, value in enumerate(self._list(key, most)):
            yield index, Form(value, path=self._name(f"{key}.{index}"), problems=self._problems)

    def _list(self, key: str, most: int | None) -> list[object]:
        value = self._body.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self.wrong(key, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
            return []
        values = cast("list[object]", value)
        if most is not None and len(values) > most:
            self.wrong(key, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")
        return values

    def _missing(self, key: str) -> None:
        self.wrong(key, "BASE_TYPE_REQUIRED", "This field is required")

    def _name(self, key: str) -> str:
        return ".".join(part for part in (self._path, key) if part)

    def check(self) -> None:
        """Raise what was wrong, if anything was."""
        if not self._problems:
            return
        errors: Payload = {}
        for path, code, message in self._problems:
            place = errors
            for key in path.split(".") if path else []:
                place = place.setdefault(key, {})
            place.setdefault("_errors", []).append({"code": code, "message": message})
        raise ApiError(Problem.INVALID_FORM, errors=errors)
