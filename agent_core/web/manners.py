"""How one fetcher behaves towards a host: few connections, short pauses, robots.txt for crawling."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.robotparser import RobotFileParser

from agent_core.web.charset import decode
from agent_core.web.fetched import Fetched

AT_ONCE = 6
PAUSE_S = 0.1
ROBOTS_FOR_S = 3600.0
_REMEMBERED = 1000
_ROBOTS_BYTES = 500_000


class _Host:
    def __init__(self) -> None:
        self.places = asyncio.Semaphore(AT_ONCE)
        self.next_at = 0.0
        self.guests = 0


class Manners:
    """The waiting room before each host. One per fetcher; hosts that nobody visits are forgotten."""

    def __init__(self) -> None:
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def visit(self, origin: str) -> AsyncGenerator[None]:
        """Wait for a place at the host; the caller's deadline bounds the wait."""
        host = self._hosts.setdefault(origin, _Host())
        host.guests += 1
        try:
            async with host.places:
                now = time.monotonic()
                starts_at = max(now, host.next_at)
                host.next_at = starts_at + PAUSE_S
                await asyncio.sleep(starts_at - now)
                yield
        finally:
            host.guests -= 1
            if not host.guests and len(self._hosts) > _REMEMBERED:
                del self._hosts[origin]


class Robots:
    """What each site's robots.txt said, kept for an hour."""

    def __init__(self, agent: str) -> None:
        self._agent = agent
        self._known: OrderedDict[str, tuple[float, RobotFileParser]] = OrderedDict()

    def known(self, origin: str) -> RobotFileParser | None:
        """The rules that were read within the hour."""
        found = self._known.get(origin)
        return found[1] if found is not None and time.monotonic() - found[0] < ROBOTS_FOR_S else None

    def learn(self, origin: str, answer: Fetched | None) -> RobotFileParser:
        """Keep what came back. As RFC 9309 has it: a 4xx opens the site, no answer and a 5xx close it."""
        rules = RobotFileParser()
        if answer is None or answer.status >= 500:
            rules.parse(["User-agent: *", "Disallow: /"])
        elif answer.status >= 400:
            rules.parse([])
        else:
            rules.parse(decode(answer.body[:_ROBOTS_BYTES], answer.content_type).splitlines())
        rules.modified()
        self._known[origin] = (time.monotonic(), rules)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return rules

    def permit(self, rules: RobotFileParser, url: str) -> bool:
        """Whether the site lets our agent crawl this address."""
        return rules.can_fetch(self._agent, url)
