"""Read the messages of a request: the goal, and turn by turn what came back and what people said. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from playground.demo.wire import Message

_EXIT_CODE = re.compile(r"exit code (-?\d+)", re.IGNORECASE)
_REJECTED = re.compile(r"\b(rejected|denied|declined)\b", re.IGNORECASE)
_REASON = re.compile(r"\b(?:rejected|denied|declined)\b[^:\n]*:\s*(.+)", re.IGNORECASE | re.DOTALL)
_ENDS = r"(?![A-Za-z0-9]|\.[A-Za-z0-9])"
_WITH_SIZE = re.compile(r"^[\s\-*•]*inputs/([^/\n]+?)\s+\(?[\d,]+ bytes\)?$", re.MULTILINE)
"""A name with its size after it is whole, whatever stands in it."""
_INPUT = re.compile(rf"inputs/([^\n`\"'<>|*?/]+?\.[A-Za-z0-9]{{1,5}}){_ENDS}")
_GOAL = re.compile(r"\A(?:the goal\b[^\n]*:|goal:)\s+", re.IGNORECASE)
_SPEAKER = re.compile(r"\A[^\n]+ (?:writes|says|said|wrote)[^\n]*:\n+")
_TAIL = re.compile(r"(?:\A|\n\n)(?:It is done when: |Files dropped into the workspace:\n).*\Z", re.DOTALL)
"""What stands after a person's own words in a message."""
_REFUSED = re.compile(
    r"\A(error|there is no|wrong arguments)|\bnothing was (frozen|changed)\b",
    re.IGNORECASE,
)
_INTERRUPTED = re.compile(r"\A(interrupted|not run)\b", re.IGNORECASE)
_BOOKKEEPING = ("files written: ", "files removed: ", "not kept: ")
_FRONT = 240
"""How far from its start a result is searched for a verdict: further down it is a program's own output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one tool call brought back."""

    name: str
    text: str

    @property
    def exit_code(self) -> int | None:
        """The exit code of a run; None for tools that run nothing."""
        found = _EXIT_CODE.search(self.text[:_FRONT])
        return int(found[1]) if found else None

    @property
    def output(self) -> str:
        """What the run printed, without the lines that the tool itself adds."""
        found = _EXIT_CODE.search(self.text[:_FRONT])
        lines = self.text[found.end() if found else 0 :].strip().splitlines()
        while lines and found and lines[-1].startswith(_BOOKKEEPING):
            lines.pop()
        return "\n".join(lines)

    @property
    def rejected(self) -> bool:
        """Whether a person (or a rule) said no, so that nothing ran."""
        return self.exit_code is None and _REJECTED.search(self.text[:_FRONT]) is not None

    @property
    def interrupted(self) -> bool:
        """Whether somebody broke in, so that it never ran or did not run to its end."""
        return self.exit_code is None and _INTERRUPTED.search(self.text.strip()) is not None

    @property
    def reason(self) -> str:
        """Why it was rejected, in the person's words where there are any."""
        found = _REASON.search(self.text)
        return (found[1] if found else "").strip()

    @property
    def failed(self) -> bool:
        """Whether it ran, or was refused by its tool, without success."""
        if self.exit_code is not None or self.name in ("run_python", "run_shell"):
            return self.exit_code != 0
        return _REFUSED.search(self.text.strip()) is not None

    @property
    def complaint(self) -> str:
        """The line that names what went wrong: the last of a traceback."""
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        named = [
            line for line in lines if re.match(r"stopped: |[\w.]*(Error|Exception|Interrupt|Exit)\b", line)
        ]
        return (named or lines or ["it said nothing"])[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One turn that the model took: the results of its calls, then what people said before the next turn."""

    results: tuple[Result, ...] = ()
    words: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    """Names of files that people dropped meanwhile."""

    @property
    def last(self) -> Result:
        """The result of the turn's last call."""
        return self.results[-1] if self.results else Result(name="", text="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """Everything that a script reacts to."""

    goal: str
    opening: Past
    """What people said and dropped before the first turn, the goal's own files among them."""
    past: tuple[Past, ...] = ()


def read(messages: Sequence[Message]) -> Transcript:
    """Fold the messages; the first user message is the goal, later ones are people's words."""
    names: dict[str, str] = {}
    people: list[list[str]] = [[]]
    results: list[list[Result]] = [[]]
    for message in messages:
        if message.role == "assistant":
            names |= {call.id: call.function.name for call in message.tool_calls or []}
            people.append([])
            results.append([])
        elif message.role == "tool":
            name = names.get(message.tool_call_id or "", "")
            results[-1].append(Result(name=name, text=message.text))
        elif message.role == "user" and message.text.strip():
            people[-1].append(message.text.strip())
    opening = people[0]
    turns = zip(results[1:], people[1:], strict=True)
    return Transcript(
        goal=_GOAL.sub("", _TAIL.sub("", opening[0])) if opening else "",
        opening=Past(words=_words(opening[1:]), files=_files(opening)),
        past=tuple(Past(results=tuple(got), words=_words(said), files=_files(said)) for got, said in turns),
    )


def _files(messages: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for text in messages for name in input_names(text))


def _words(messages: Sequence[str]) -> tuple[str, ...]:
    """What people said, without who said it and which files came along; a file alone says nothing."""
    said = (_TAIL.sub("", _SPEAKER.sub("", text)).strip() for text in messages)
    return tuple(text for text in said if text)


def input_names(text: str) -> tuple[str, ...]:
    """The names of dropped files that a text mentions as `inputs/NAME`, in order, each once."""
    sized = [match[1] for match in _WITH_SIZE.finditer(text)]
    loose = _INPUT.finditer(_WITH_SIZE.sub("", text))
    return tuple(dict.fromkeys([*sized, *(match[1] for match in loose)]))


def listed_names(listing: str, endings: tuple[str, ...]) -> tuple[str, ...]:
    """The file names with one of these endings in the answer of `list_files`, whatever stands around them."""
    one_of = "|".join(re.escape(ending) for ending in endings)
    line_of = re.compile(rf"^[\s\-*•`]*inputs/([^/\n`]+?(?:{one_of})){_ENDS}", re.IGNORECASE)
    matches = (_WITH_SIZE.match(line) or line_of.match(line) for line in listing.splitlines())
    names = dict.fromkeys(match[1] for match in matches if match)
    return tuple(name for name in names if name.lower().endswith(endings))
