"""Collects what one commit adds to the thread: every text within a message, every post with its name."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from agent_core.session import State
from agent_core.storage import Asks
from agent_core.values import Action, NamedFile, ServerRules
from bot.render.asking import ANSWER_ROOM
from bot.render.block import Block
from bot.render.defang import defanged, packed
from bot.render.files import batches
from bot.render.marker import MARKER_ROOM, short_id, with_marker
from bot.render.post import Attachment, Draft, Edit, Showing
from bot.render.results import Result, show_results
from bot.render.split import MESSAGE_LIMIT, first_part, size, split
from bot.render.words import dollars

BODY = MESSAGE_LIMIT - MARKER_ROOM
"""What a post may hold besides its marker line."""
_HELD_ROOM = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A post that asks something, as it was posted: its answer is shown by changing it."""

    draft: Draft
    core: str
    """Its text without the lines that say how to answer."""
    about: str
    """The beginning of its marker line."""
    name: str

    def answered(self, line: str) -> Edit:
        """The post with its answer."""
        return Edit(key=self.draft.key, text=with_marker(fit(f"{self.core}\n{line}"), self.about, self.name))

    def reopened(self, line: str) -> Edit:
        """The post as it was, and why it asks again."""
        body = self.draft.text.rsplit("\n", 1)[0]
        return Edit(key=self.draft.key, text=with_marker(fit(f"{body}\n{line}"), self.about, self.name))


@dataclass(slots=True, kw_only=True)
class Thread:
    """What the next post depends on: the session's state, and what its thread shows already."""

    state: State
    actions: dict[str, Action] = field(default_factory=dict[str, Action])
    """Of the current step, by key."""
    held: list[Result] = field(default_factory=list[Result])
    """Results that go into the next post."""
    results: int = 0
    """Results of this step that had a post of their own."""
    step_post: str | None = None
    """The message of the current step."""
    last_post: str | None = None
    asked: dict[str, Asked] = field(default_factory=dict[str, Asked])
    """Action key -> the proposal or question that it waits with."""
    settled: set[str] = field(default_factory=set[str])
    """Keys of those that were decided."""
    above: Block | None = None
    """What the proposal of the same commit shows above itself."""
    budget: Asked | None = None
    handed: set[NamedFile] = field(default_factory=set[NamedFile])
    """Files that the thread has, each as it was then."""

    @property
    def open_posts(self) -> list[Asked]:
        """The posts that wait for an answer."""
        asked = [one for key, one in self.asked.items() if key not in self.settled]
        return [*asked, *([self.budget] if self.budget else [])]


class Page:
    """What one commit adds to a thread."""

    def __init__(self, thread: Thread, version: int) -> None:
        self.thread = thread
        self.showing: list[Showing] = []
        self._version = version
        self._posts = 0

    @property
    def about(self) -> str:
        """How every marker line of this commit begins."""
        state = self.thread.state
        return f"step {state.step} · {dollars(state.cost_usd)}"

    @property
    def room(self) -> int:
        """What the next post may hold so that it stays one message."""
        held = self.thread.held
        return BODY - 20 - (size(_held_block(self.thread, held).text) if held else 0)

    def post(
        self,
        text: str,
        *,
        files: Sequence[Attachment] = (),
        asks: Asks | None = None,
        reactions: tuple[str, ...] = (),
        mention: str | None = None,
        reply_to: str | None = None,
    ) -> Draft:
        """Add the text, in as many messages as it needs; the last, which is returned, carries the rest."""
        held = self._take_held()
        text, files = self._harmless(_joined(held.text, text), (*held.files, *files))
        *parts, last = split(text, BODY) or [""]
        groups = batches(files, self.thread.state.upload_limit) or [()]
        for part in parts:
            self._add(part)
        for group in groups[1:]:
            self._add("", files=group)
        return self._add(
            last, files=groups[0], asks=asks, reactions=reactions, mention=mention, reply_to=reply_to
        )

    def ask(
        self,
        core: str,
        how: str,
        *,
        above: Block,
        asks: Asks | None,
        reactions: tuple[str, ...],
        mention: str | None = None,
        reply_to: str | None = None,
    ) -> Asked:
        """Add a post that asks something and has room for its answer; what does not fit stands above it."""
        core = f"<@{mention}> {core}" if mention else core
        if self.thread.state.marks.tainted:
            core, how = defanged(core), defanged(how)
        held = self._take_held()
        before, files = _joined(held.text, above.text), (*held.files, *above.files)
        if size(before) + size(core) + max(size(how), ANSWER_ROOM) + 3 > BODY:
            self.post(before, files=files)
            before, files = "", ()
        core = fit(_joined(before, core), BODY - max(size(how), ANSWER_ROOM) - 1)
        draft = self.post(
            f"{core}\n{how}", files=files, asks=asks, reactions=reactions, mention=mention, reply_to=reply_to
        )
        return Asked(draft=draft, core=core, about=self.about, name=self._name(draft.part))

    def flush(self) -> None:
        """Post what is held, now."""
        if self.thread.held:
            self.post("")

    def change(self, edit: Edit) -> None:
        """Change a post that is there."""
        tainted = self.thread.state.marks.tainted
        self.showing.append(replace(edit, text=defanged(edit.text)) if tainted else edit)

    def _harmless(self, text: str, files: tuple[Attachment, ...]) -> tuple[str, tuple[Attachment, ...]]:
        """As it may be posted, where strangers may have had a hand in it."""
        if not self.thread.state.marks.tainted:
            return text, files
        files, label = packed(files)
        return _joined(defanged(text), label), files

    def _take_held(self) -> Block:
        held, self.thread.held = self.thread.held, []
        return _held_block(self.thread, held) if held else Block(text="")

    def _add(
        self,
        text: str,
        *,
        files: tuple[Attachment, ...] = (),
        asks: Asks | None = None,
        reactions: tuple[str, ...] = (),
        mention: str | None = None,
        reply_to: str | None = None,
    ) -> Draft:
        part = str(self._posts)
        self._posts += 1
        draft = Draft(
            version=self._version,
            part=part,
            text=with_marker(text, self.about, self._name(part)),
            files=files,
            asks=asks,
            reactions=reactions,
            mention=mention,
            reply_to=reply_to,
        )
        self.showing.append(draft)
        self.thread.last_post = draft.key
        return draft

    def _name(self, part: str) -> str:
        return short_id(self.thread.state.ref, self._version, part)


def fit(text: str, room: int = BODY) -> str:
    """The text, or the beginning of it that fits, its fences closed."""
    return text if size(text) <= room else first_part(text, room)


def _held_block(thread: Thread, held: Sequence[Result]) -> Block:
    return show_results(thread.state.step, held, room=_HELD_ROOM)


def _joined(above: str, below: str) -> str:
    return f"{above}\n{below}" if above and below else above or below


def note(page: Page, rules: ServerRules, text: str) -> None:
    """What only a server that wants to see everything is shown."""
    if rules.verbosity == "full":
        page.post(f"-# {text}")


def waited_for(page: Page, rules: ServerRules) -> str | None:
    """The one person who is pinged, unless that was switched off."""
    starter = page.thread.state.starter.id
    return starter if rules.mentions and starter not in rules.quiet_members else None
