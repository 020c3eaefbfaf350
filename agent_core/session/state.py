"""The state of a session, commit by commit. Deterministic: the same commits give the same state."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from agent_core.below import CalledBack, Delegated, Rejoined, Relayed
from agent_core.events import (
    ActionStarted,
    CallReserved,
    CallSettled,
    Checked,
    Commit,
    Compacted,
    ContractFrozen,
    Decided,
    DecisionWithdrawn,
    Delivered,
    Ended,
    Event,
    Forked,
    Installed,
    Item,
    LimitReached,
    Marked,
    Observed,
    Paused,
    PersonSpoke,
    PlanSet,
    Proposed,
    QuestionAsked,
    Reached,
    ReactionChanged,
    Recalled,
    Reminded,
    Resumed,
    Rewound,
    RuleOffered,
    SessionStarted,
    SignalsTaken,
    StopRequested,
    Thought,
    ThoughtFailed,
    ThreadBound,
    Told,
    ToppedUp,
    WordsChanged,
)
from agent_core.policy import Standing
from agent_core.session.acting import act, decide
from agent_core.session.below import follow
from agent_core.session.compaction import Room
from agent_core.session.files import folders_above
from agent_core.session.lead import Tail
from agent_core.session.marks import Marks
from agent_core.session.pending import Pending, asked_for
from agent_core.session.reactions import Reaction, Reactions
from agent_core.session.spending import Spending
from agent_core.values import (
    Check,
    CheckResult,
    FileRef,
    Limits,
    NamedFile,
    Person,
    PlanItem,
    SessionRef,
    Status,
    Usage,
    Waiting,
)

MOST_SEEN = 1000
"""Ids of messages that are remembered, the newest."""

LONGEST_WORK_S = 900.0
"""A longer gap between two commits of a running session means that nobody was at work on it."""


@dataclass(slots=True, kw_only=True)
class State:
    """Everything that a turn, the context and the thread's status card need to know."""

    ref: SessionRef
    started: SessionStarted
    epoch: int = field(default=0, compare=False)
    """How often the journal had been rewritten when this was read."""
    version: int = 0
    started_at: float = 0.0
    at: float = 0.0
    thread_id: str | None = None
    upload_limit: int = 10 * 1024 * 1024
    inbox_id: str = "0-0"
    seen: list[str] = field(default_factory=list[str])
    """Ids of the last messages and rewinds that were taken: none of them is taken twice."""
    reactions: Reactions = field(default_factory=dict[Reaction, Person])
    """Who pressed; only what is there now, on posts that still wait."""
    step: int = 0
    pending: list[Pending] = field(default_factory=list[Pending])
    unheard: list[str] = field(default_factory=list[str])
    """Ids of messages that no request has held yet."""
    history: list[Item] = field(default_factory=list[Item])
    recalled: str | None = None
    """What the memory was asked about last: a message's id, or empty for the goal."""
    after_steps: dict[int, int] = field(default_factory=dict[int, int])
    """Step -> the last version before the next thought; 0: before the first."""
    forked: Forked | None = None
    """Where it comes from, if it was forked from another session."""
    reminded: int = 0
    """How often somebody was reminded of what waits now."""
    asked_at: float = 0.0
    """When what waits now was asked."""
    room: Room = field(default_factory=Room)
    plan: tuple[PlanItem, ...] = ()
    contract: tuple[Check, ...] | None = None
    results: tuple[CheckResult, ...] = ()
    files: dict[str, FileRef] = field(default_factory=dict[str, FileRef])
    inputs: dict[str, FileRef] = field(default_factory=dict[str, FileRef])
    delivered: dict[str, FileRef] = field(default_factory=dict[str, FileRef])
    spending: Spending = field(default_factory=Spending)
    tail: Tail = field(default_factory=Tail)
    limits: Limits = field(default_factory=Limits)
    active_s: float = 0.0
    """Seconds of work; waiting for people is not counted."""
    limit: LimitReached | None = None
    limit_version: int = 0
    failure: ThoughtFailed | None = None
    failures: int = 0
    """Failed thoughts in a row."""
    overflows: int = 0
    """Requests in a row that did not fit the model's window."""
    told: int = 0
    """How often the model was told that it goes in circles, since a person last said something."""
    on_new_way: int = 0
    """The step after which somebody last put the model on a new way: circles are looked for after it."""
    first_run_allowed: bool = False
    five_left: int = 0
    always: set[str] = field(default_factory=set[str])
    marks: Marks = field(default_factory=Marks)
    children: int = 0
    """How many sub-sessions it has started."""
    paused: Paused | None = None
    stop: StopRequested | None = None
    ended: Ended | None = None

    @property
    def goal(self) -> str:
        """What the person asked for, verbatim."""
        return self.started.goal

    @property
    def starter(self) -> Person:
        """Who asked."""
        return self.started.starter

    @property
    def channel_id(self) -> str:
        """Where the goal was given; the thread's parent."""
        return self.started.channel_id

    @property
    def usage(self) -> Usage:
        """The tokens that it has used."""
        return self.spending.usage

    @property
    def cost_usd(self) -> float:
        """US$ that it has spent."""
        return self.spending.usd

    @property
    def tainted(self) -> bool:
        """Its context holds a stranger's text."""
        return self.marks.tainted

    @property
    def proposal(self) -> Pending | None:
        """The action that waits for a decision."""
        return next((pending for pending in self.pending if pending.open), None)

    @property
    def question(self) -> Pending | None:
        """The question that waits for an answer."""
        return next((pending for pending in self.pending if pending.question is not None), None)

    @property
    def child(self) -> Pending | None:
        """The action that a session of its own does, while that is at work."""
        return next((pending for pending in self.pending if pending.child is not None), None)

    @property
    def waiting(self) -> Waiting | None:
        """What the session waits for; None while it works, is paused or has ended."""
        if self.ended or self.paused or self.stop:
            return None
        if self.thread_id is None:
            return "thread"
        if self.proposal:
            return "decision"
        if self.question:
            return "answer"
        if self.child:
            return "delegate"
        if self.limit:
            return "budget"
        return "time" if self.failure and self.failure.retry_at is not None else None

    @property
    def status(self) -> Status:
        """Where the session stands."""
        if self.ended:
            return self.ended.status
        if self.paused:
            return Status.PAUSED
        return Status.WAITING if self.waiting else Status.RUNNING

    @property
    def standing(self) -> Standing:
        """What the policy needs to know."""
        return Standing(
            autonomy=self.started.autonomy,
            first_run_allowed=self.first_run_allowed,
            contract_frozen=self.contract is not None,
            five_left=self.five_left,
            always=self.always,
            tainted=self.marks.tainted,
            private=bool(self.marks.private),
            sources=self.marks.places,
            addresses=self.marks.addresses,
            safe_tools=frozenset(self.started.safe_tools),
        )

    @property
    def last_thought(self) -> Thought | None:
        """The newest thought that it still knows of."""
        return next((item for item in reversed(self.history) if isinstance(item, Thought)), None)

    def find(self, key: str) -> Pending | None:
        """The pending action of this key."""
        return next((pending for pending in self.pending if pending.key == key), None)

    def apply(self, commit: Commit) -> None:
        """Fold one commit in. Raises ValueError where a version is missing."""
        if commit.version != self.version + 1:
            message = f"{self.ref}: version {commit.version} follows {self.version}"
            raise ValueError(message)
        if self.status is Status.RUNNING and commit.at - self.at < LONGEST_WORK_S:
            self.active_s += max(0.0, commit.at - self.at)
        self.version, self.at = commit.version, commit.at
        self.tail.apply(commit)
        for event in commit.events:
            self.marks.take(event)
            self._apply(event)

    def _apply(self, event: Event) -> None:  # noqa: C901, PLR0912 - one flat line per event of the union
        match event:
            case SessionStarted():
                self._begin(event)
            case ThreadBound():
                self.thread_id, self.upload_limit = event.thread_id, event.upload_limit
            case SignalsTaken():
                self.inbox_id = event.inbox_id
            case PersonSpoke():
                self._hear(event)
            case WordsChanged():
                self._change_words(event)
            case Thought():
                self._think(event)
            case ThoughtFailed():
                self._fail(event)
            case Told():
                self.start_anew(told=self.told + 1)
                self.history.append(event)
            case Compacted():
                self.room.compacted(event)
                self.history.append(event)
            case Recalled():
                self._recall(event)
            case Reminded():
                self.reminded = event.number
            case ReactionChanged() | Proposed() | Decided() | DecisionWithdrawn() | RuleOffered():
                decide(self, event)
            case ActionStarted() | Observed() | QuestionAsked() | Checked():
                act(self, event)
            case Delegated() | Relayed() | CalledBack() | Rejoined():
                follow(self, event)
            case Marked() | Installed() | Reached() | Rewound() | Forked():
                pass  # the marks take the first three, rewind.apply the last two
            case PlanSet():
                self.plan = event.items
            case ContractFrozen():
                self.contract = event.checks
            case Delivered():
                self.delivered |= {named.path: named.file for named in event.files}
            case LimitReached() | ToppedUp() | CallReserved() | CallSettled():
                self._pay(event)
            case Paused():
                self.paused = event
            case Resumed():
                self._resume()
            case StopRequested():
                self.stop = event
            case Ended():
                self.ended, self.pending = event, []

    def _begin(self, event: SessionStarted) -> None:
        self.limits, self.started_at = event.limits, self.at
        self.files |= {named.path: named.file for named in event.kept}
        self._add_inputs(event.files)

    def _resume(self) -> None:
        self.paused = None
        self.limit = self.limit if self.limit and self.limit.until is None else None
        self.start_anew(told=0)

    def _recall(self, event: Recalled) -> None:
        self.recalled = event.about
        if event.text:
            self.history.append(event)

    def _pay(self, event: LimitReached | ToppedUp | CallReserved | CallSettled) -> None:
        match event:
            case LimitReached():
                self.limit, self.limit_version = event, self.version
                self.asked_at, self.reminded = self.at, 0
                self.reactions = {key: who for key, who in self.reactions.items() if key[0] != "budget"}
            case ToppedUp():
                self.limits, self.limit = self.limits.plus(event.by), None
            case CallReserved() | CallSettled():
                self.spending.take(event, self.version)
                self.limit = None  # a day has passed, or somebody granted more

    def _hear(self, event: PersonSpoke) -> None:
        self.told, self.on_new_way = 0, self.step
        self.see(event.message_id)
        self.unheard.append(event.message_id)
        self.history.append(event)
        self._add_inputs(event.files)

    def _fail(self, event: ThoughtFailed) -> None:
        self.failure, self.failures = event, self.failures + 1
        self.overflows = self.overflows + 1 if event.error == "overflow" else 0
        if event.retry_at is None:
            self.paused = Paused(by="bot", reason=event.text)

    def see(self, signal_id: str) -> None:
        """What was asked for under this id is done; asked for again, it is not done again."""
        if signal_id:
            self.seen = [*self.seen[-MOST_SEEN + 1 :], signal_id]

    def start_anew(self, told: int) -> None:
        """What went wrong before this step no longer counts."""
        self.told, self.on_new_way = told, self.step
        self.failure, self.failures, self.overflows = None, 0, 0

    def _add_inputs(self, files: Iterable[NamedFile]) -> None:
        added = {named.path: named.file for named in files}
        for path in added:
            for folder in folders_above(path):
                self.files.pop(folder, None)  # a file that a script put where the folder has to be
        self.files |= added
        self.inputs |= added

    def spoken(self, message_id: str) -> PersonSpoke | None:
        """The words of this message, as long as no request has held them."""
        spoken = {one.message_id: one for one in self.history if isinstance(one, PersonSpoke)}
        return spoken.get(message_id) if message_id in self.unheard else None

    def _change_words(self, event: WordsChanged) -> None:
        spoke = self.spoken(event.message_id)
        if spoke is None:
            return
        if event.text is not None:
            self.history[self.history.index(spoke)] = replace(spoke, text=event.text)
            return
        self.history.remove(spoke)
        self.unheard.remove(event.message_id)
        for named in spoke.files:
            self.files.pop(named.path, None)
            self.inputs.pop(named.path, None)

    def _think(self, event: Thought) -> None:
        before = self.last_thought
        self.after_steps[before.step if before else 0] = self.version - 1
        self.step = event.step
        self.spending.think(event)
        self.limit = None
        self.room.thought(event)
        self.failure, self.failures, self.overflows = None, 0, 0
        heard = set(event.heard)
        self.unheard = [message_id for message_id in self.unheard if message_id not in heard]
        self.history.append(event)
        self.reactions = {key: person for key, person in self.reactions.items() if key[0] == "budget"}
        self.pending = asked_for(event)
