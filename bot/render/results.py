"""What came back from an action, as the thread shows it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from agent_core.values import Observation
from bot.render.block import Block, excerpt, shown
from bot.render.escape import code, fenced, is_lossy, line
from bot.render.post import Attachment
from bot.render.split import size
from bot.render.words import named

SMALL = 240
"""A result up to this size can share a message with others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """An action's observation, and which action it was."""

    key: str
    name: str
    observation: Observation
    refused: bool = False

    @property
    def small(self) -> bool:
        """It fits into a line among others."""
        text = self.observation.text
        return size(text) <= SMALL and "\n" not in text.strip() and not is_lossy(text) and not self.full

    @property
    def full(self) -> bool:
        """Its whole output is a file."""
        return self.observation.full is not None


def show_result(result: Result, *, room: int) -> Block:
    """The result in at most `room`; the whole as a file where that cuts it or where it is one already."""
    observation = result.observation
    title = f"↳ {code(result.name, 60)}{_mark(result)}"
    told = observation.text
    changed = [one for one in observation.changed if one != observation.full and one.path not in told]
    files = f"\n-# files: {named(changed)}" if changed else ""
    left = room - size(title) - size(files) - 2
    if observation.full is not None:
        name = f"result-{result.key}{PurePosixPath(observation.full.path).suffix or '.txt'}"
        whole = Attachment(name=name, content=observation.full)
        body = fenced(excerpt(observation.text, left - 8))
        return Block(text=f"{title}\n{body}{files}", files=(whole,))
    body = shown(observation.text, "", f"result-{result.key}.txt", room=left)
    return Block(text=f"{title}\n{body.text}{files}", files=body.files)


def show_results(step: int, results: Sequence[Result], *, room: int) -> Block:
    """Several results as a line each; the whole of what does not fit that way in one file."""
    lines = [_in_a_line(result) for result in results]
    text, rest = "", list(lines)
    while rest and size(text) + size(rest[0]) + 60 <= room:
        text = f"{text}\n{rest.pop(0)}".strip("\n")
    if rest:
        text = f"{text}\n… and {len(rest)} more in the file"
    if not rest and all(result.small for result in results):
        return Block(text=text)
    whole = "\n\n".join(f"{result.key} {result.name}\n{result.observation.text}" for result in results)
    attached = Attachment(name=f"results-{step}.txt", content=whole.encode("utf-8", "replace"))
    outputs = [
        Attachment(name=f"result-{result.key}.txt", content=result.observation.full)
        for result in results
        if result.observation.full is not None
    ]
    return Block(text=text, files=(attached, *outputs))


def _in_a_line(result: Result) -> str:
    text = line(result.observation.text, SMALL)
    return f"↳ {code(result.name, 60)}{_mark(result)} {text}"


def _mark(result: Result) -> str:
    if result.refused:
        return " ⛔"
    return " ⚠️" if result.observation.is_error else ""
