"""Reading a JSON body field by field: right types and sizes, or a 50035 that names every wrong field."""

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import urlsplit

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
        self._problems.append((self.place(key), code, message))

    def text(
        self,
        key: str,
        *,
        least: int = 0,
        most: int | None = None,
        needed: bool = False,
        strip: bool = False,
    ) -> str | None:
        """A string, for names without the space around it; None where it is null or absent."""
        value = self._body.get(key)
        if value is None:
            return self._missing(key) if needed else None
        if not isinstance(value, str):
            self.wrong(key, "STRING_TYPE_CONVERT", "Could not interpret the value as string.")
            return None
        value = value.strip() if strip else value
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

    def address(
        self, key: str, *, most: int = 2048, schemes: Sequence[str] = ("http", "https"), needed: bool = False
    ) -> str | None:
        """A link with one of the schemes; None where it is null or absent."""
        value = self.text(key, most=most, needed=needed)
        if value is None:
            return None
        scheme = value.partition(":")[0]
        if scheme.lower() not in schemes or not value.lower().startswith(f"{scheme.lower()}://"):
            known = ", ".join(f"'{one}'" for one in schemes)
            self.wrong(
                key,
                "URL_TYPE_INVALID_SCHEME",
                f'Scheme "{scheme}" is not supported. Scheme must be one of ({known}).',
            )
        elif not _has_host(value):
            self.wrong(key, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
        return value

    def moment(self, key: str) -> str | None:
        """A point in time as ISO 8601, given back in UTC; None where it is null or absent."""
        value = self.text(key)
        if value is None:
            return None
        try:
            at = datetime.fromisoformat(value)
            return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
        except (ValueError, OverflowError):
            self.wrong(key, "DATE_TIME_TYPE_PARSE", f"Could not parse {value}. Should be ISO8601.")
            return None

    def number(self, key: str) -> float | None:
        """A number, whole or not; None where it is null or absent."""
        value = self._body.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.wrong(key, "NUMBER_TYPE_COERCE", f'Value "{value}" is not float.')
            return None
        return value

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
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 64:
            return str(value)
        if is_snowflake(value):
            return str(value)
        self.wrong(key, "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')
        return None

    def snowflakes(self, key: str) -> list[str]:
        """A list of ids."""
        values = self._list(key, None)
        found = [self._as_snowflake(f"{key}.{index}", value) for index, value in enumerate(values)]
        return [value for value in found if value is not None]

    def texts(self, key: str, allowed: Sequence[str] | None = None) -> list[str]:
        """A list of strings, each out of a set where one is given."""
        found: list[str] = []
        for index, value in enumerate(self._list(key, None)):
            if not isinstance(value, str):
                self.wrong(
                    f"{key}.{index}", "STRING_TYPE_CONVERT", "Could not interpret the value as string."
                )
            elif allowed is not None and value not in allowed:
                options = ", ".join(f"'{one}'" for one in allowed)
                self.wrong(f"{key}.{index}", "BASE_TYPE_CHOICES", f"Value must be one of ({options}).")
            else:
                found.append(value)
        return found

    def choices(self, key: str, allowed: Collection[int]) -> list[int]:
        """A list of whole numbers out of a set."""
        found: list[int] = []
        for index, value in enumerate(self._list(key, None)):
            if isinstance(value, int) and not isinstance(value, bool) and value in allowed:
                found.append(value)
            else:
                options = ", ".join(str(one) for one in sorted(allowed))
                self.wrong(f"{key}.{index}", "BASE_TYPE_CHOICES", f"Value must be one of ({options}).")
        return found

    def inner(self, key: str) -> "Form | None":
        """An object inside; None where it is null or absent."""
        value = self._body.get(key)
        if value is None:
            return None
        return Form(value, path=self.place(key), problems=self._problems)

    def beside(self, path: str, body: object) -> "Form":
        """Another object, whose problems are raised with this one's."""
        return Form(body, path=path, problems=self._problems)

    def inners(self, key: str, *, most: int | None = None) -> Iterator[tuple[int, "Form"]]:
        """The objects of a list inside, with their places."""
        for index, value in enumerate(self._list(key, most)):
            yield index, Form(value, path=self.place(f"{key}.{index}"), problems=self._problems)

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

    def place(self, key: str) -> str:
        """The dotted path of a field from the request's root."""
        return ".".join(part for part in (self._path, key) if part)

    def refused(self, key: str) -> bool:
        """Whether something at or below a field was found wrong so far."""
        name = self.place(key)
        return any(path == name or path.startswith(f"{name}.") for path, _, _ in self._problems)

    def check(self) -> None:
        """Raise what was wrong, if anything was."""
        if not self._problems:
            return
        errors: Payload = {}
        for path, code, message in self._problems:
            if any(_is_below(other, path) for other, _, _ in self._problems):
                continue  # Discord's shape has either problems or fields at a place
            place = errors
            for key in path.split(".") if path else []:
                place = place.setdefault(key, {})
            place.setdefault("_errors", []).append({"code": code, "message": message})
        raise ApiError(Problem.INVALID_FORM, errors=errors)


def forms_of(bodies: object) -> tuple[list[Form], Form]:
    """The objects of a body that is a list, and the form whose `check()` raises what was wrong with any."""
    whole = Form({})
    if not isinstance(bodies, list):
        whole.wrong("", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
        return [], whole
    listed = cast("list[object]", bodies)
    return [whole.beside(str(index), body) for index, body in enumerate(listed)], whole


def _is_below(path: str, above: str) -> bool:
    return path != above and (not above or path.startswith(f"{above}."))


def is_snowflake(value: object) -> bool:
    """Whether a value is an id as a string: digits of a number of 64 bits."""
    return isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 20


def _has_host(address: str) -> bool:
    try:
        return bool(urlsplit(address).netloc) and not re.search(r"\s", address)
    except ValueError:
        return False
