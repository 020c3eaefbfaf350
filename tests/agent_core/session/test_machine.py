"""Whatever people press and say, and whatever the model asks for: what a session may never do.

Bolder than `Desk`: the worker stops at any boundary, so signals come between any two commits.
"""

import json
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agent_core import context
from agent_core.events import (
    ActionStarted,
    Decided,
    DecisionWithdrawn,
    Ended,
    Event,
    LimitReached,
    Observed,
    Paused,
    PersonSpoke,
    Resumed,
    StopRequested,
    Thought,
    ThoughtFailed,
    ToppedUp,
    dump_commit,
    load_commit,
)
from agent_core.policy import risk_of
from agent_core.session import Think, Wait, apply, fold
from agent_core.session.snapshot import dump_head, dump_pieces, load_head, load_piece
from agent_core.session.take import ALWAYS, DIGITS, FIVE, MORE, ONCE, REJECT, STOP
from agent_core.signals import (
    Edited,
    PauseAsked,
    Post,
    Reacted,
    ResumeAsked,
    Said,
    Signal,
    StopAsked,
    ThreadOpened,
    Withdrawn,
)
from agent_core.values import Action, Autonomy, Limits, Message, Person, Risk, Status
from tests.agent_core.session.desk import ANN, BOB, REF, Desk, call

PEOPLE = st.sampled_from([ANN, BOB])
POSTS: st.SearchStrategy[Post] = st.sampled_from(["proposal", "proposal", "rule", "question", "budget"])
EMOJI = st.sampled_from([ONCE, ONCE, FIVE, ALWAYS, ALWAYS, REJECT, DIGITS[0], DIGITS[1], MORE, "👍"])
OFTEN = st.sampled_from([True, True, False])
AHEAD = st.integers(0, 9)
"""Commits until the worker stops."""
LUCK = st.integers(0, 20)
MESSAGES = st.integers(1, 12).map(str)
CALLS = st.sampled_from(
    [
        call("run_python", code="1"),
        call("run_python", code="1"),
        call("run_shell", command="ls"),
        call("install", packages=["six"]),
        call("book", entry=1),
        call("list_files"),
        call("ask", question="Which?", options=["a", "b"]),
        call("set_contract", checks=[]),
    ]
    * 2
    + [call("finish", summary="done")]
)  # fmt: skip
SIGNALS = st.one_of(
    st.builds(
        Said,
        message_id=MESSAGES,
        person=PEOPLE,
        text=st.sampled_from(["", "go left", "! wait"]),
        interrupt=st.booleans(),
        may_decide=st.booleans(),
    ),
    st.builds(Edited, message_id=MESSAGES, edited_at=st.floats(0, 9), text=st.just("go right")),
    st.builds(Withdrawn, message_id=MESSAGES),
    st.builds(PauseAsked, by=st.just("Ann"), reason=st.just("lunch")),
    st.builds(ResumeAsked, person=PEOPLE),
    st.builds(ResumeAsked, person=PEOPLE),
)  # fmt: skip


class Session(RuleBasedStateMachine):
    """People, a model and a worker that stops at any boundary."""

    @initialize(autonomy=st.sampled_from(Autonomy), steps=st.integers(1, 6), thread=OFTEN)
    def open(self, autonomy: Autonomy, steps: int, thread: bool) -> None:
        self.desk = Desk(autonomy, Limits(steps=steps), thread=thread)
        self.request: list[Message] = []
        self.live = self.desk.state

    @property
    def thinks(self) -> bool:
        """The model is needed next."""
        return isinstance(self.desk.go_on(0), Think)

    @rule(signal=SIGNALS, ahead=AHEAD)
    def say(self, signal: Signal, ahead: int) -> None:
        """Anything, at any time."""
        self.desk.send(signal)
        self.desk.go_on(ahead)

    @rule(post=POSTS, emoji=EMOJI, person=PEOPLE, present=OFTEN, ahead=AHEAD)
    def press(self, *, post: Post, emoji: str, person: Person, present: bool, ahead: int) -> None:
        """Any reaction, on the last post or the one before."""
        state = self.desk.state
        old = max(1, state.step - ahead % 2)
        about = str(state.limit_version) if post == "budget" else f"{old}.1"
        self.desk.send(Reacted(post=post, about=about, person=person, emoji=emoji, present=present))
        self.desk.go_on(ahead)

    @precondition(lambda self: not self.thinks)
    @rule(
        presses=st.lists(st.tuples(PEOPLE, EMOJI, st.integers(0, 3)), min_size=1, max_size=4),
        ahead=st.integers(0, 9),
    )
    def answer(self, presses: list[tuple[Person, str, int]], ahead: int) -> None:
        """Do what is waited for, some of it taken back at once."""
        if isinstance(self.desk.go_on(), Think):
            return
        for person, emoji, number in presses:
            signal = self.answered(person, emoji, number)
            self.desk.send(signal)
            if number == 3 and isinstance(signal, Reacted):
                self.desk.send(replace(signal, present=False))
        self.desk.go_on(ahead)

    def answered(self, person: Person, emoji: str, number: int) -> Signal:
        state = self.desk.state
        match state.waiting:
            case "decision":
                post: Post = "rule" if emoji == ALWAYS and state.pending[0].offered else "proposal"
                return self.desk.pressed(emoji, person, post=post)
            case "answer":
                return self.desk.pressed(DIGITS[number], person, post="question")
            case "budget":
                return self.desk.pressed(MORE, person, post="budget")
            case "thread":
                return ThreadOpened(thread_id="40", upload_limit=1)
            case _:
                return ResumeAsked(person=person)

    @rule(person=PEOPLE, by_press=st.booleans(), luck=LUCK)
    def stop(self, person: Person, by_press: bool, luck: int) -> None:
        if luck != 7:
            return  # else too few sessions live long
        press = Reacted(post="proposal", about="1.1", person=person, emoji=STOP, present=True)
        self.desk.send(press if by_press else StopAsked(person=person))

    @rule(person=PEOPLE)
    def lose_or_gain_the_right(self, person: Person) -> None:
        self.desk.lost ^= {person.id}

    @precondition(lambda self: self.thinks)
    @rule(actions=st.lists(CALLS, min_size=1, max_size=4), bad=LUCK, ahead=st.integers(0, 9))
    def think(self, actions: list[Action], bad: int, ahead: int) -> None:
        step = self.desk.state.step
        self.heard_everything()
        numbered = [replace(one, id=f"c{step}-{n}") for n, one in enumerate(actions)]
        problems = {f"{step + 1}.1": "wrong arguments"} if bad == 7 else {}
        self.desk.reply(*numbered[: 0 if bad == 9 else None], problems=problems, whole=True)
        self.desk.go_on(ahead)

    @precondition(lambda self: self.thinks)
    @rule(again=st.booleans(), luck=LUCK)
    def fail_to_think(self, again: bool, luck: int) -> None:
        if luck == 7:
            retry_at = self.desk.now + 30 if again else None
            self.desk.append(ThoughtFailed(error="transient", text="no", retry_at=retry_at))

    @rule()
    def die_while_an_action_runs(self) -> None:
        self.desk.dies_while_acting = True
        self.desk.go_on()
        self.desk.dies_while_acting = False

    @rule(seconds=st.floats(1, 5000))
    def pass_time(self, seconds: float) -> None:
        self.desk.now += seconds
        self.desk.go_on()

    @rule()
    def come_to_rest(self) -> None:
        step = self.desk.go_on()
        state = self.desk.state
        assert isinstance(step, Think | Wait)
        assert not self.desk.fresh() or state.ended
        if isinstance(step, Wait) and step.until is None and not state.ended:
            assert state.paused or state.waiting  # somebody has to do something, and the thread says what
        if state.stop:
            assert state.ended

    @invariant()
    def stored_and_live_are_one(self) -> None:
        for commit in self.desk.commits[self.live.version :]:
            apply(self.live, commit)
        assert fold(REF, [load_commit(dump_commit(one)) for one in self.desk.commits]) == self.live

    @invariant()
    def a_snapshot_and_the_rest_are_one_with_the_whole(self) -> None:
        cut = self.desk.message * 7 % len(self.desk.commits) + 1
        early = fold(REF, self.desk.commits[:cut])
        assert early is not None
        restored = load_head(dump_head(early, ())).state
        restored.history = [item for piece in dump_pieces(early) for item in load_piece(piece)]
        for commit in self.desk.commits[cut:]:
            apply(restored, commit)
        assert restored == self.desk.state

    @invariant()
    def nothing_ran_that_was_not_allowed(self) -> None:
        books = Books(self.live.started.autonomy)
        for commit in self.desk.commits:
            for event in commit.events:
                books.enter(event)

    def heard_everything(self) -> None:
        """The request is valid, an extension of the one before, and holds all words once."""
        before, self.request = self.request, context.request(self.desk.state)
        assert json.dumps(self.request[: len(before)]) == json.dumps(before)
        check_request(self.request)
        said = [one for one in self.desk.state.history if isinstance(one, PersonSpoke)]
        users = [str(one["content"]) for one in self.request if one["role"] == "user"]
        assert sum("writes in the thread" in one for one in users) == len(said)
        assert self.desk.state.ended is None


def check_request(messages: list[Message]) -> None:
    """Each call has its result right after it, in order; nothing else has one."""
    due: list[object] = []
    for message in messages:
        if message["role"] == "tool":
            assert due.pop(0) == message["tool_call_id"]
            continue
        assert not due
        calls = message.get("tool_calls")
        due = [one["id"] for one in calls if isinstance(one, dict)] if isinstance(calls, list) else []
    assert not due


class Books:
    """Walks a whole journal with a second, simpler bookkeeping of what was allowed."""

    def __init__(self, autonomy: Autonomy) -> None:
        self.autonomy = autonomy
        self.decisions: dict[str, Decided] = {}
        self.pending: list[str] = []
        self.names: dict[str, str] = {}
        self.stands: set[str] = set()
        """Why nothing may go on."""
        self.five = 0
        self.always: set[str] = set()
        self.ran = self.contract = False

    def enter(self, event: Event) -> None:
        assert "end" not in self.stands
        match event:
            case Thought():
                self.think(event)
            case Decided():
                self.decisions[event.action] = event
            case DecisionWithdrawn():
                del self.decisions[event.action]
            case ActionStarted():
                self.start(event)
            case Observed():
                assert event.action == self.pending.pop(0)  # in order, and once: it is gone
                succeeded = not event.refused and not event.observation.is_error
                self.contract |= succeeded and self.names[event.action] == "set_contract"
            case Ended():
                assert event.status is Status.STOPPED or self.names[self.pending[0]] == "finish"
                self.stands.add("end")
            case _:
                self.stand(event)

    def stand(self, event: Event) -> None:
        match event:
            case StopRequested():
                self.stands.add("stop")
            case Paused() | ThoughtFailed(retry_at=None):
                self.stands.add("pause")
            case Resumed():
                self.stands.discard("pause")
            case LimitReached():
                self.stands.add("limit")
            case ToppedUp():
                self.stands.discard("limit")
            case _:
                pass

    def think(self, thought: Thought) -> None:
        assert not self.pending  # every call was observed before
        assert not self.stands
        self.pending = [f"{thought.step}.{n + 1}" for n in range(len(thought.actions))]
        self.names |= {key: one.name for key, one in zip(self.pending, thought.actions, strict=True)}

    def start(self, started: ActionStarted) -> None:
        assert not self.stands & {"stop", "pause"}
        assert started.action == self.pending[0]
        name, decision = self.names[started.action], self.decisions.get(started.action)
        assert decision is None or decision.how != "reject"
        passes = self.asks(name) and decision is None
        assert started.uses_five == (passes and name not in self.always)
        assert not (passes and (name == "book" or (self.contract and name == "set_contract")))
        self.five -= started.uses_five
        assert self.five >= 0
        if decision and decision.how == "five":
            self.five = 4
        if decision and decision.how == "always":
            self.always.add(name)
        self.ran |= risk_of(name) is Risk.RUN

    def asks(self, name: str) -> bool:
        """Whether it needs somebody's word."""
        run_asks = {Autonomy.ASK: True, Autonomy.GUARDED: not self.ran, Autonomy.AUTO: False}[self.autonomy]
        if name == "book" or (self.contract and name == "set_contract"):
            return True
        risk = risk_of(name)
        return (risk is Risk.REACH and self.autonomy is not Autonomy.AUTO) or (risk is Risk.RUN and run_asks)


TestSession = Session.TestCase
TestSession.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
