"""A session without a world: what it would do outside is only written down."""

from collections.abc import Sequence

from pydantic import JsonValue

from agent_core.events import (
    ActionStarted,
    Checked,
    Commit,
    ContractFrozen,
    Ended,
    Event,
    Observed,
    SessionStarted,
    SignalsTaken,
    Thought,
    ThreadBound,
)
from agent_core.session import (
    Act,
    Attend,
    CheckContract,
    End,
    Next,
    Pending,
    Propose,
    Record,
    State,
    TakeSignals,
    Think,
    Wait,
    fold,
    next_for,
    take,
)
from agent_core.session.next import first_proposal
from agent_core.session.take import disown
from agent_core.signals import Post, Reacted, Said, Signal
from agent_core.values import (
    Action,
    Autonomy,
    Check,
    CheckResult,
    Limits,
    Message,
    NamedFile,
    Observation,
    Person,
    SessionRef,
    Usage,
)

ANN = Person(id="1", name="Ann")
BOB = Person(id="2", name="Bob")
REF = SessionRef("10", "20")
MOST_COMMITS = 1000


def call(name: str, **arguments: JsonValue) -> Action:
    """A tool call of the model."""
    return Action(id=f"call-{name}", name=name, arguments=arguments, raw="{}")


RUN = call("run_python", code="print(1)")


class Desk:
    """Plays worker and people for one session."""

    def __init__(
        self,
        autonomy: Autonomy = Autonomy.GUARDED,
        limits: Limits | None = None,
        thread: bool = True,
        files: Sequence[NamedFile] = (),
        shows: tuple[NamedFile, ...] = (),
    ) -> None:
        self.now = 1_000.0
        self.shows = shows
        """Pictures that come of each `read_file`."""
        self.commits: list[Commit] = []
        self.inbox: list[tuple[str, Signal]] = []
        self.ran: list[str] = []
        self.verdicts: dict[str, bool] = {}
        self.lost: set[str] = set()
        """Ids of people who may no longer decide."""
        self.dies_while_acting = False
        self.message = 0
        started = SessionStarted(
            goal="count to three",
            starter=ANN,
            channel_id="30",
            autonomy=autonomy,
            limits=limits or Limits(),
            model="m",
            system="s",
            tools=(),
            files=tuple(files),
        )
        self.commits.append(Commit(version=1, at=self.now, events=(started,)))
        if thread:
            self.append(ThreadBound(thread_id="40", upload_limit=100))

    @property
    def state(self) -> State:
        """The state folded anew from the journal."""
        state = fold(REF, self.commits)
        assert state is not None
        return state

    def append(self, *events: Event) -> None:
        """One commit, a second later."""
        self.now += 1
        self.commits.append(Commit(version=len(self.commits) + 1, at=self.now, events=events))

    def think(self, *actions: Action, text: str = "so", problems: dict[str, str] | None = None) -> Next:
        """The model answers with these actions; then everything happens that can."""
        self.reply(*actions, text=text, problems=problems)
        return self.go_on()

    def begin(self, *actions: Action) -> None:
        """The model answers, and the worker dies while the first action runs."""
        self.reply(*actions)
        self.append(ActionStarted(action=f"{self.state.step}.1", run_id="r"))

    def reply(
        self,
        *actions: Action,
        text: str = "so",
        problems: dict[str, str] | None = None,
        whole: bool = False,
    ) -> None:
        """The model answers with these actions; nothing happens yet. `whole`: its message holds the calls."""
        state = self.state
        message: Message = {"role": "assistant", "content": text}
        if whole and actions:
            message["tool_calls"] = [{"id": one.id, "function": {"name": one.name}} for one in actions]
        thought = Thought(
            step=state.step + 1,
            text=text,
            actions=actions,
            problems=problems or {},
            usage=Usage(prompt_tokens=10, completion_tokens=5),
            cost_usd=0.01,
            message=message,
            heard=tuple(state.unheard),
        )
        proposed = first_proposal(state, thought)
        self.append(thought, *((proposed,) if proposed else ()))

    def signal(self, *signals: Signal) -> Next:
        """These signals arrive together; then everything happens that can."""
        self.send(*signals)
        return self.go_on()

    def send(self, *signals: Signal) -> None:
        """These signals arrive; nobody is at work."""
        for signal in signals:
            self.inbox.append((f"{len(self.inbox) + 1}-0", signal))

    def fresh(self) -> list[tuple[str, Signal]]:
        """What nobody has taken yet."""
        after = self.state.inbox_id
        return [entry for entry in self.inbox if _after(entry[0], after)]

    def say(self, text: str, person: Person = ANN, *, may_decide: bool = True) -> Next:
        """A message in the thread."""
        self.message += 1
        message_id = str(100 + self.message)
        return self.signal(Said(message_id=message_id, person=person, text=text, may_decide=may_decide))

    def press(
        self, emoji: str, person: Person = ANN, *, post: Post = "proposal", present: bool = True
    ) -> Next:
        """A reaction on the post that is open."""
        return self.signal(self.pressed(emoji, person, post=post, present=present))

    def pressed(
        self, emoji: str, person: Person = ANN, *, post: Post = "proposal", present: bool = True
    ) -> Reacted:
        """The signal of `press`."""
        state = self.state
        about = (
            str(state.limit_version) if post == "budget" else (state.pending[0].key if state.pending else "0")
        )
        return Reacted(post=post, about=about, person=person, emoji=emoji, present=present)

    def go_on(self, most: int = MOST_COMMITS) -> Next:  # noqa: C901 - the loop, in miniature
        """Do everything that can be done without the model or a person; what is needed next.

        `most`: the worker ends after so many commits.
        """
        for done in range(MOST_COMMITS):
            state, fresh = self.state, self.fresh()
            step = next_for(state, now=self.now, fresh=bool(fresh))
            if done >= most:
                return step
            match step:
                case Think() | Wait() | Attend():
                    return step
                case TakeSignals():
                    (inbox_id, signal), *later = fresh
                    self.append(*take(state, inbox_id, signal, [one for _, one in later]))
                case Propose(proposed=proposed):
                    self.append(proposed)
                case Record(events=events):
                    self.append(*events)
                case Act():
                    self._act(step)
                    if self.dies_while_acting:
                        return step
                case CheckContract():
                    self._check(step)
                case End(finish=pending) if pending and self._has_lost(pending):
                    self.append(*disown(state, pending))
                case End(status=status):
                    self.append(Ended(status=status, summary="over", checked=bool(state.contract)))
        raise AssertionError("the session does not come to rest")

    def _has_lost(self, pending: Pending) -> bool:
        return pending.decision is not None and pending.decision.person.id in self.lost

    def _act(self, step: Act) -> None:
        pending = step.pending
        if self._has_lost(pending) and not pending.started:
            return self.append(*disown(self.state, pending))
        uses_five = step.verdict.uses_five and pending.decision is None
        if not pending.started:
            self.append(ActionStarted(action=pending.key, run_id="r", uses_five=uses_five))
        if self.dies_while_acting:
            return None
        self.ran.append(pending.key)
        shown = self.shows if pending.action.name == "read_file" else ()
        observation = Observation(text="exit code 0", shown=shown)
        events: list[Event] = [Observed(action=pending.key, observation=observation)]
        if pending.action.name == "set_contract":
            events.insert(
                0, ContractFrozen(checks=(Check(name="right", code="1"), Check(name="nice", code="")))
            )
        return self.append(*events)

    def _check(self, step: CheckContract) -> None:
        results = tuple(
            CheckResult(name=check.name, holds=self.verdicts.get(check.name, True))
            for check in self.state.contract or ()
            if check.code
        )
        events: list[Event] = [Checked(action=step.pending.key, results=results)]
        if not all(result.holds for result in results):
            failing = Observation(text="fails", is_error=True)
            events.append(Observed(action=step.pending.key, observation=failing))
        self.append(*events)

    def told(self) -> list[str]:
        """What the model was told by tools, oldest first."""
        return [observed.observation.text for observed in self.observed()]

    def observed(self) -> list[Observed]:
        """What came back from actions, oldest first."""
        return [item for item in self.state.history if isinstance(item, Observed)]

    def taken(self) -> int:
        """How many signals were taken."""
        return sum(isinstance(event, SignalsTaken) for commit in self.commits for event in commit.events)


def _after(one: str, other: str) -> bool:
    return int(one.partition("-")[0]) > int(other.partition("-")[0])
