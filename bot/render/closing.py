"""The last message of a session, and the hand-over of files. Pure."""

from collections.abc import Sequence, Set

from agent_core.events import Delivered, Ended
from agent_core.session import State
from agent_core.values import Action, CheckResult, NamedFile, Status
from bot.render.block import Block
from bot.render.card import EMOJI, outcome
from bot.render.claims import cited, source_rows, with_claims
from bot.render.escape import fenced, line, prose
from bot.render.files import attachments
from bot.render.post import Attachment
from bot.render.split import size
from bot.render.words import counted, dollars, named, thread_title

SUMMARY_ROOM = 3400


def closing(state: State, ended: Ended, handed: Set[NamedFile]) -> Block:
    """How it ended, the summary, the checks, what it cost, and the files that the thread lacks."""
    rows = [f"{EMOJI[ended.status]} **{outcome(ended.status, checked=ended.checked)}**"]
    words = _claims(state, ended)
    summary = prose(words)
    files: tuple[Attachment, ...] = ()
    if size(summary) > SUMMARY_ROOM:
        whole = words.encode("utf-8", "replace")
        files = (Attachment(name="summary.md", content=whole),)
        summary = prose(words, SUMMARY_ROOM) + "\n… the rest is in the file"
    if summary:
        rows.append(summary)
    if state.results and state.contract:
        rows.append(checks(state.results))
    if found := cited(ended.summary, state.marks.sources):
        rows += ["**Sources**", *source_rows(found)]
    left = [file for file in ended.files if file not in handed]
    if ended.files:
        rows.append(f"📎 {named(ended.files)}")
    spent = f"{counted(state.step, 'step')} · {dollars(state.cost_usd)} · {state.usage.total_tokens:,} tokens"
    rows.append(f"-# {spent}")
    return Block(text="\n".join(rows), files=(*files, *attachments(left)))


def _claims(state: State, ended: Ended) -> str:
    """The summary; where others' words went into it, each claim with what it rests on."""
    if not state.marks.tainted or ended.status is not Status.FINISHED:
        return ended.summary
    return with_claims(ended.summary, state.marks.sources, state.results)


def checks(results: Sequence[CheckResult]) -> str:
    """Each check with how it came out; what a failing one printed stands under it."""
    rows = ["**Checks**"]
    for result in results[:20]:
        rows.append(f"{'✅' if result.holds else '❌'} {line(result.name, 100)}")
        if not result.holds and result.output.strip():
            rows.append(fenced(result.output[-300:]))
    return "\n".join(rows)


def to_judge(state: State, action: Action) -> tuple[Block, tuple[NamedFile, ...]]:
    """What a person needs who judges whether the goal is reached: the summary, and the files."""
    given = action.arguments or {}
    paths = given.get("files")
    files = tuple(
        NamedFile(path=path, file=state.files[path])
        for path in (paths if isinstance(paths, list) else [])
        if isinstance(path, str) and path in state.files
    )
    rows = [prose(str(given.get("summary", "")), 1000), f"📎 {named(files)}" if files else ""]
    return Block(text="\n".join(row for row in rows if row), files=attachments(files)), files


def delivery(delivered: Delivered) -> Block:
    """The note and the files of a hand-over."""
    note = prose(delivered.note)
    files: Sequence[NamedFile] = delivered.files
    text = f"📎 {named(files)}" if not note else f"{note}\n📎 {named(files)}"
    return Block(text=text, files=attachments(files))


def thread_name(state: State, ended: Ended) -> str:
    """The thread's last name: how it ended, then the name that it had."""
    emoji = "✅" if ended.status is Status.FINISHED else EMOJI[ended.status]
    return f"{emoji} {thread_title(state.goal)}"
