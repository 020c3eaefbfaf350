"""robots.txt as RFC 9309 has it: which addresses a site closes to programs that nobody sent there.

Not the standard library's parser, which knows no wildcards, takes the first rule instead of the longest
and raises on lines that strangers can write.
"""

import re
import time
from collections import OrderedDict
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes, urlsplit

from agent_core.web.charset import decode
from agent_core.web.fetched import Fetched

ROBOTS_FOR_S = 3600.0
_REMEMBERED = 1000
_BYTES = 500_000
_MOST_RULES = 5_000
_SAFE = "/?&=;:@,!()*$'+~"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line that opens or closes what begins like this; `*` is anything, `$` the end."""

    pattern: str
    opens: bool

    def fits(self, path: str) -> bool:
        """Whether the rule speaks of this path. Linear: each piece is looked for once."""
        pattern, ends = self.pattern.removesuffix("$"), self.pattern.endswith("$")
        first, *rest = pattern.split("*")
        if not path.startswith(first):
            return False
        place = len(first)
        if not rest:
            return not ends or place == len(path)
        for piece in rest[:-1]:
            found = path.find(piece, place)
            if found < 0:
                return False
            place = found + len(piece)
        return path.endswith(rest[-1], place) if ends else path.find(rest[-1], place) >= 0


class Robots:
    """What each site's robots.txt said, kept for an hour."""

    def __init__(self, agent: str) -> None:
        self._agent = agent.lower()
        self._known: OrderedDict[str, tuple[float, tuple[Rule, ...]]] = OrderedDict()

    def known(self, origin: str) -> tuple[Rule, ...] | None:
        """The rules that were read within the hour."""
        found = self._known.get(origin)
        return found[1] if found is not None and time.monotonic() - found[0] < ROBOTS_FOR_S else None

    def learn(self, origin: str, answer: Fetched | None) -> tuple[Rule, ...]:
        """Keep what came back: a 4xx opens the site; no answer, a 5xx and "too many" close it."""
        if answer is None or answer.status >= 500 or answer.status == 429:
            rules: tuple[Rule, ...] = (Rule(pattern="/", opens=False),)
        elif answer.status >= 400:
            rules = ()
        else:
            rules = parse(decode(answer.body[:_BYTES], answer.content_type), self._agent)
        self._known[origin] = (time.monotonic(), rules)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return rules


def permit(rules: tuple[Rule, ...], url: str) -> bool:
    """Whether the rules open an address: the longest that fits decides, of two the one that opens."""
    parts = urlsplit(url)
    path = _plain(parts.path or "/") + (f"?{_plain(parts.query)}" if parts.query else "")
    if path == "/robots.txt":
        return True
    fitting = [(len(rule.pattern), rule.opens) for rule in rules if rule.fits(path)]
    return max(fitting)[1] if fitting else True


def parse(text: str, agent: str) -> tuple[Rule, ...]:
    """The rules for an agent (in small letters), or those for everybody where it is not named."""
    named: list[Rule] = []
    common: list[Rule] = []
    groups: list[list[Rule]] = []
    heading = named_here = False
    for line in text.splitlines():
        key, colon, value = line.partition("#")[0].partition(":")
        key, value = key.strip().lower(), value.strip()
        if not colon:
            continue
        if key == "user-agent":
            groups = groups if heading else []
            heading = True
            token = re.match(r"[\w-]*", value.lower())
            mine = value == "*" or (token is not None and token[0] == agent)
            named_here = named_here or (mine and value != "*")
            if mine:
                groups.append(common if value == "*" else named)
        elif key in ("allow", "disallow"):
            heading = False
            for group in groups:
                if value and len(group) < _MOST_RULES:
                    group.append(Rule(pattern=_plain(value), opens=key == "allow"))
    return tuple(named if named_here else common)


def _plain(text: str) -> str:
    """One spelling for each address, whatever was percent-encoded."""
    return quote(unquote_to_bytes(text), safe=_SAFE)
