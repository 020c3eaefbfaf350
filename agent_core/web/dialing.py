"""The choke point: nothing is dialled but addresses that `is_public` accepts.

aiohttp asks `Dialer.socket` for a socket with the very address it is about to dial: literals, DNS answers
and redirects all pass here. The resolver comes before it and refuses a name when any of its answers is not
public.
"""

import asyncio
import socket
from collections.abc import Iterable
from contextvars import ContextVar
from ipaddress import ip_address
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

from agent_core.web.addresses import is_public


class NotPublicError(OSError):
    """An OSError, because that is what aiohttp passes on from a resolver and a socket factory."""


class Dialer:
    """Makes the sockets of one fetcher and remembers which addresses each fetch dialled."""

    def __init__(self) -> None:
        self._dialled: ContextVar[list[str] | None] = ContextVar("dialled", default=None)

    def record(self) -> list[str]:
        """A new list that the running fetch's dialled addresses are appended to."""
        dialled: list[str] = []
        self._dialled.set(dialled)
        return dialled

    def socket(self, info: tuple[Any, Any, int, str, tuple[Any, ...]]) -> socket.socket:
        """A socket for the address that is about to be dialled; NotPublicError for any other."""
        family, kind, proto, _, target = info
        if family not in (socket.AF_INET, socket.AF_INET6):
            raise NotPublicError("only IPv4 and IPv6 are dialled")
        check_address(str(target[0]))
        if family == socket.AF_INET6 and len(target) == 4 and target[3]:
            raise NotPublicError(f"{target[0]} is bound to one interface")
        dialled = self._dialled.get()
        if dialled is not None:
            dialled.append(str(target[0]))
        return socket.socket(family, kind, proto)


class PublicResolver(AbstractResolver):
    """The system's resolver, which does not believe names with a private answer among theirs."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """All addresses of a name. NotPublicError when one of them is not public, else OSError."""
        loop = asyncio.get_running_loop()
        try:
            infos = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family)
        except UnicodeError as error:
            raise OSError(f"{host!r} is not a name") from error
        return list(_results(host, port, infos))

    async def close(self) -> None:
        """Nothing is held."""


def check_address(text: str) -> None:
    """Raises NotPublicError unless the text spells a public address."""
    try:
        public = is_public(ip_address(text))
    except ValueError:
        public = False
    if not public:
        raise NotPublicError(f"{text} is not an address of the public internet")


def _results(host: str, port: int, infos: Iterable[tuple[Any, ...]]) -> Iterable[ResolveResult]:
    for family, _, proto, _, target in list(infos):
        check_address(str(target[0]))
        yield ResolveResult(
            hostname=host,
            host=str(target[0]),
            port=port,
            family=family,
            proto=proto,
            flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
        )
