"""Faults that people order: each takes effect on the next matching requests, or at once on the gateway."""

import fnmatch
import re
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

RestKind: TypeAlias = Literal["rate_limit", "status", "drop", "lose_reply", "slow"]
GatewayKind: TypeAlias = Literal["reconnect", "close", "invalid_session", "malformed_event", "silent_socket"]
REST_KINDS: frozenset[str] = frozenset(get_args(RestKind))
GATEWAY_KINDS: frozenset[str] = frozenset(get_args(GatewayKind))


@dataclass(slots=True, kw_only=True)
class Fault:
    """An order. `path` is a part of the path, or its end with * or {name} in it."""

    kind: str
    count: int = 1
    method: str | None = None
    path: str | None = None
    seconds: float = 1.0
    code: int | None = None

    def matches(self, method: str, path: str) -> bool:
        """Whether a request is meant."""
        if self.method is not None and self.method.upper() != method:
            return False
        if self.path is None:
            return True
        pattern = re.sub(r"\{\w+\}", "*", self.path)
        return fnmatch.fnmatchcase(path, f"*{pattern}") if "*" in pattern else pattern in path


class Faults:
    """The orders that are still open for REST."""

    def __init__(self) -> None:
        self._open: list[Fault] = []

    def order(self, fault: Fault) -> None:
        """Make the next `count` matching requests fail."""
        self._open.append(fault)

    def clear(self) -> None:
        """Take back every order."""
        self._open.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """The first order that means this request, used up by one."""
        for fault in self._open:
            if fault.matches(method, path):
                fault.count -= 1
                if fault.count <= 0:
                    self._open.remove(fault)
                return fault
        return None
