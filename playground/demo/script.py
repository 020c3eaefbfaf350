"""What a script is: a generator of turns, and the scene that it plays in.

A script is a generator: it yields the next turn and is sent what came of it. It is replayed from the start
for every request, so it depends on nothing but what it is sent: the same transcript gives the same turn.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field

from playground.demo.transcript import Past
from playground.demo.wire import Call

_COLOURS = "red|orange|yellow|green|blue|purple|violet|pink|brown|grey|gray|black|teal|crimson|gold|navy"
_KINDS = "bar|line|scatter|pie|histogram"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One assistant turn: a thought for people, and the calls that go with it."""

    thought: str
    calls: tuple[Call, ...]


Script = Generator[Turn, Past, str]
"""A script returns the summary that it finishes with."""


class ScriptEndedError(Exception):
    """The script cannot go on; its text is the summary to finish with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What people's words ask for, as far as the scripts understand it; the newest word counts."""

    numbers: tuple[int, ...] = ()
    colour: str | None = None
    kind: str | None = None

    def number(self, default: int, *, low: int, high: int) -> int:
        """The newest number, kept within what a demo can compute in a moment."""
        return min(max(self.numbers[-1] if self.numbers else default, low), high)


def wishes_of(texts: Iterable[str]) -> Wishes:
    """Read the wishes out of people's words, oldest first."""
    text = "\n".join(texts)
    numbers = tuple(int(re.sub(r"\D", "", found)) for found in re.findall(r"\b\d[\d,'_]{0,18}\b", text))
    colours = re.findall(rf"\b({_COLOURS})\b", text, re.IGNORECASE)
    kinds = re.findall(rf"\b({_KINDS})s?\b", text, re.IGNORECASE)
    return Wishes(
        numbers=numbers,
        colour=colours[-1].lower() if colours else None,
        kind=kinds[-1].lower() if kinds else None,
    )


@dataclass(slots=True, kw_only=True)
class Scene:
    """What a script knows while it plays: one per request, filled as the replay goes on."""

    goal: str
    offered: frozenset[str]
    words: list[str] = field(default_factory=list[str])
    """People's words after the goal, also the reasons of their rejections."""
    files: list[str] = field(default_factory=list[str])
    """Dropped files by name, as people's messages and listings mention them."""
    plan: tuple[str, ...] = ()
    pending: list[str] = field(default_factory=list[str])
    """Files to hand over by `finish` where `deliver` is not offered."""
    _heard: int = 0

    def hear(self, past: Past) -> None:
        """Take in what people said and dropped; called by the replay, before the script is sent the turn."""
        self.words.extend(past.words)
        self.see(past.files)

    def see(self, names: Iterable[str]) -> None:
        """Remember dropped files."""
        self.files.extend(name for name in names if name not in self.files)

    def news(self) -> tuple[str, ...]:
        """People's words that the script has not asked for yet."""
        fresh = tuple(self.words[self._heard :])
        self._heard = len(self.words)
        return fresh

    def wishes(self) -> Wishes:
        """What goal and words ask for by now."""
        return wishes_of([self.goal, *self.words])

    def file(self, *endings: str) -> str | None:
        """The newest dropped file with one of these endings."""
        fitting = [name for name in self.files if name.lower().endswith(endings)]
        return fitting[-1] if fitting else None

    def has(self, tool: str) -> bool:
        """Whether the request offers this tool."""
        return tool in self.offered

    def turn(self, thought: str, *calls: Call | None) -> Turn:
        """A turn of those calls that are there; a needed tool that is not offered ends the script."""
        wanted = [call for call in calls if call is not None]
        missing = [call.name for call in wanted if not self.has(call.name)]
        if missing:
            raise ScriptEndedError(
                f"My script needs the tool {missing[0]}, and this session does not offer it."
            )
        return Turn(thought=thought, calls=tuple(wanted))

    def set_plan(self, *items: str) -> Call | None:
        """The plan with nothing done yet."""
        self.plan = items
        return self.ticked(0)

    def ticked(self, done: int) -> Call | None:
        """The plan with its first items done; None where there is no such tool."""
        if not self.has("set_plan"):
            return None
        items = [{"text": text, "done": number < done} for number, text in enumerate(self.plan)]
        return Call(name="set_plan", arguments={"items": items})

    def finish(self, summary: str, thought: str = "That is all there is to do.") -> Turn:
        """The last turn, with whatever could not be handed over before."""
        arguments: dict[str, object] = {"summary": summary}
        if self.pending:
            arguments["files"] = list(self.pending)
        return Turn(thought=thought, calls=(Call(name="finish", arguments=arguments),))
