"""Read a long file for a question: each part by a model of its own, then one answer from all of them."""

from collections.abc import Callable
from pathlib import PurePosixPath

from pydantic import Field

from agent_core.condensing import MOST_PIECES, Piece, joined, pieces
from agent_core.context import aside
from agent_core.errors import FetchFailedError, ModelError, ToolError
from agent_core.fence import fenced
from agent_core.session import State
from agent_core.session.files import under
from agent_core.skills import Ask
from agent_core.tools.base import AnyTool, Outcome, Tool, ToolArguments
from agent_core.values import NamedFile
from agent_core.web import Fetched, GuardedFetcher
from agent_core.workspace import Workspaces

LARGEST = 8_000_000
"""Bytes of one file."""
MOST_FILES = 20
_PAGES = {".html": "text/html", ".htm": "text/html", ".xhtml": "text/html", ".pdf": "application/pdf"}


class Summarize(ToolArguments):
    """Arguments of `summarize`."""

    source: str = Field(min_length=1, description="A file or folder of the workspace.")
    question: str = Field(min_length=1, max_length=2000)


def summarize(workspaces: Workspaces, web: GuardedFetcher, ask: Callable[[State], Ask]) -> AnyTool:
    """The tool. `ask`: asks the model for text, on the session's account; `web` parses pages and PDFs."""

    async def run(args: Summarize, state: State) -> Outcome:
        files = under(state.files, args.source)
        parts: list[Piece] = []
        for file in files[:MOST_FILES]:
            parts += pieces(file.path, await _text(workspaces, web, state, file))
        if not parts:
            raise ToolError(f"{args.source!r} holds no text.")
        try:
            answer = await _answer(ask(state), state, args.question, parts[:MOST_PIECES])
        except ModelError as error:
            raise ToolError(f"The model that reads did not answer: {error}") from error
        return Outcome(text="\n\n".join([answer, _read(files, parts)]))

    description = "Have long files read for a question; the answer names the lines it rests on."
    return Tool(name="summarize", description=description, args=Summarize, run=run)


async def _answer(ask: Ask, state: State, question: str, parts: list[Piece]) -> str:
    answers: list[tuple[Piece, str]] = []
    for number, part in enumerate(parts, 1):
        text = fenced(part.text, state.started.fence, part.where)
        asked = f"The question: {question}\n\nPart {number} of {len(parts)}, {part.where}:\n{text}"
        answers.append((part, await ask(aside("summarize", asked))))
    if len(answers) == 1:
        return answers[0][1].strip()
    together = fenced(joined(answers), state.started.fence, "readers")
    return (
        await ask(aside("summarize_whole", f"The question: {question}\n\nThe answers:\n{together}"))
    ).strip()


async def _text(workspaces: Workspaces, web: GuardedFetcher, state: State, named: NamedFile) -> str:
    if named.file.size > LARGEST:
        raise ToolError(
            f"{named.path!r} has {named.file.size:,} bytes, more than {LARGEST:,}. Split it by `run_python`."
        )
    data = await workspaces.read(state.ref, named.file)
    if kind := _PAGES.get(PurePosixPath(named.path).suffix.lower()):
        answer = Fetched(
            url=f"https://workspace.invalid/{named.path}", status=200, content_type=kind, body=data
        )
        try:
            return (await web.parse(answer)).markdown
        except FetchFailedError as error:
            raise ToolError(f"{named.path!r} cannot be read: {error}") from error
    if b"\0" in data[:8192]:
        raise ToolError(f"{named.path!r} is no text ({named.file.size:,} bytes). Use `run_python` on it.")
    return data.decode("utf-8", "replace")


def _read(files: list[NamedFile], parts: list[Piece]) -> str:
    """What was read, and what was not."""
    read = parts[:MOST_PIECES]
    rows = [f"(Read in {len(read)} parts: {read[0].where} … {read[-1].where}.)" if len(read) > 1 else ""]
    if len(parts) > len(read):
        rows.append(f"(Not read: {len(parts) - len(read)} parts from {parts[MOST_PIECES].where} on.)")
    if len(files) > MOST_FILES:
        rows.append(f"(Not read: {len(files) - MOST_FILES} more files from {files[MOST_FILES].path} on.)")
    return "\n".join(row for row in rows if row) or f"(Read whole: {read[0].where}.)"
