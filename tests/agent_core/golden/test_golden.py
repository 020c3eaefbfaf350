"""Journals are for ever: what a version once wrote, every later one reads as the same values.

The files of a released format are never edited. New kinds of events, and new fields with defaults, go into
the newest one; its number rises with the first of them after a release.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import cast, get_args

import pytest
from pydantic import ValidationError

from agent_core.below import CalledBack, Delegated, Rejoined, Relayed
from agent_core.errors import NewerEventError
from agent_core.events import (
    FORMAT,
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
    dump_commit,
    load_commit,
)
from agent_core.values import (
    Action,
    Autonomy,
    Check,
    CheckResult,
    FileRef,
    Inherited,
    Limits,
    NamedFile,
    Observation,
    Package,
    Parent,
    Person,
    PlanItem,
    SessionRef,
    Source,
    Status,
    Usage,
)

FOLDER = Path(__file__).parent / f"format_{FORMAT}"
ANN = Person(id="80351110224678912", name="Ann 日本")
FILE = NamedFile(path="inputs/data (2).csv", file=FileRef(sha256="e3b0c442" * 8, size=0, mode=0o755))
LIMITS = Limits(usd=0.25, tokens=1000, steps=20, hours=1.5)

EVENTS: tuple[Event, ...] = (
    SessionStarted(
        goal='count "lines"\nof it',
        starter=ANN,
        channel_id="30",
        autonomy=Autonomy.ASK,
        limits=LIMITS,
        model="m",
        system="You are …",
        tools=({"type": "function", "function": {"name": "ask", "parameters": {"required": ["q"]}}},),
        done_when="it counts",
        files=(FILE,),
        fence="0123456789ab",
        marks=Inherited(
            tainted=(Source(number=1, url="https://a.example/"),), private=("x",), addresses=("0a" * 10,)
        ),
        safe_tools=("wiki__find",),
        parent=Parent(ref=SessionRef("10", "20"), action="3.1", tool="delegate", depth=1),
        role="delegate",
        subjects=("0123456789ab",),
    ),
    ThreadBound(thread_id="40", upload_limit=10_485_760),
    SignalsTaken(inbox_id="1764000000000-1"),
    PersonSpoke(message_id="50", person=ANN, text="go left 😀", files=(FILE,)),
    WordsChanged(message_id="50", text="go right"),
    ReactionChanged(post="rule", about="3.1", person=ANN, emoji="5️⃣", present=False),
    Thought(
        step=3,
        text="so",
        actions=(
            Action(id="call_1", name="run_python", arguments={"code": "1", "d": [None, 1.5]}, raw='{"code"'),
            Action(id="call_2", name="fly", arguments=None, raw="{"),
        ),
        problems={"3.2": "There is no tool 'fly'."},
        usage=Usage(prompt_tokens=100, completion_tokens=10, cached_tokens=64),
        cost_usd=0.0125,
        message={"role": "assistant", "content": None, "tool_calls": [{"id": "call_1"}], "reasoning": "…"},
        heard=("50",),
        metered=True,
        cut=True,
        read=4096,
    ),
    ThoughtFailed(error="rate_limit", text="wait", retry_at=1764000060.5),
    Told(text="You talk.", keep=6, reminder="Your plan:\n[ ] count", trim=600),
    Compacted(
        summary="It counted.",
        through=3,
        kept="Your plan:\n[ ] count",
        before=32_000,
        after=9_000,
        forced=True,
    ),
    Recalled(
        about="1100000000000000500",
        text="Memories:\n- Ann: no",
        memories=("a1",),
        tainted=True,
        private=True,
        authors=("80351110224678912",),
    ),
    Proposed(action="3.1", why="it runs", rule="every `run_python`", plan_card=True, judges=("nice",),
        asks_for=Action(id="call_1", name="run_python", arguments={"code": "1"}, raw="{}")),
    Decided(action="3.1", person=ANN, how="reject", reason="use less"),
    DecisionWithdrawn(action="3.1", person=ANN),
    RuleOffered(action="3.1", person=ANN, rule="every `run_python`"),
    ActionStarted(action="3.1", run_id="0f" * 16, uses_five=True),
    Observed(
        action="3.1",
        observation=Observation(
            text="exit 1", is_error=True, changed=(FILE,), removed=("a",), full=FILE, shown=(FILE,)
        ),
        refused=True,
    ),
    Marked(
        action="3.1",
        tainted=(Source(number=2, url="https://good.example/", title="Otters", how="page"),),
        private=("inputs/data (2).csv",),
        addresses=("0f" * 10,),
    ),
    Reached(
        action="3.1",
        url="https://good.example/",
        outcome="fetched",
        reason="",
        status=200,
        size=1234,
        sent=0,
        addresses=("93.184.216.34",),
        duration_s=0.25,
    ),
    Installed(
        action="3.1",
        packages=(Package(name="six", version="1.17.0", file="six-1.17.0-py3.whl", sha256="0f" * 32),),
    ),
    PlanSet(items=(PlanItem(text="count", done=True), PlanItem(text="tell"))),
    ContractFrozen(checks=(Check(name="three", code="assert 1", invariant=True), Check(name="ok", code=""))),
    QuestionAsked(action="3.1", question="Which?", options=("red", "blue")),
    Delegated(
        action="3.1",
        session="20~3.1",
        role="delegate",
        goal="count",
        limits=LIMITS,
        done_when="it counts",
        files=(FILE,),
    ),
    Relayed(
        action="3.1~2.1",
        asks_for=Action(id="call_1", name="run_python", arguments={"code": "1"}, raw="{}"),
        allowed=True,
        person=ANN,
        reason="go",
        uses_five=True,
    ),
    CalledBack(action="3.1", person=ANN),
    Rejoined(action="3.1", session="20~3.1", status=Status.FINISHED, steps=4, active_s=2.5),
    Delivered(files=(FILE,), note="here"),
    Checked(action="3.1", results=(CheckResult(name="three", holds=False, output="2"),)),
    LimitReached(what="member_day", text="$2.00 are spent.", until=1764000000.5),
    CallReserved(
        call="7.1",
        purpose="think",
        nano=12_345_678_901,
        tokens=20_000,
        estimate=16_000,
        day="2025-11-25",
        host_day="2025-11-24",
    ),
    CallSettled(
        call="7.1",
        purpose="think",
        nano=2_000_001,
        outcome="billed",
        usage=Usage(prompt_tokens=100, completion_tokens=10, cached_tokens=64),
        day="2025-11-25",
        host_day="2025-11-24",
    ),
    ToppedUp(person=ANN, by=LIMITS),
    Paused(by="bot", reason="no sandbox"),
    Resumed(person=ANN),
    Rewound(step=2, to_version=9, person=ANN, asked="1300000000000000001"),
    Forked(source="77", source_thread="40", step=2, starter=ANN, channel_id="30", limits=LIMITS),
    Reminded(number=2),
    StopRequested(person=ANN),
    Ended(status=Status.FINISHED, summary="done", checked=True, files=(FILE,)),
)  # fmt: skip


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.kind)
def test_a_stored_event_is_read_as_what_it_was(event: Event):
    stored = (FOLDER / f"{event.kind}.json").read_bytes()
    assert load_commit(stored) == Commit(version=7, at=1764000000.25, events=(event,), format=FORMAT)


def test_every_kind_of_event_is_stored_and_nothing_else():
    assert {type(event) for event in EVENTS} == set(get_args(Event))
    assert {path.stem for path in FOLDER.iterdir()} == {event.kind for event in EVENTS}


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.kind)
def test_what_is_written_today_is_still_the_same_format(event: Event):
    stored = (FOLDER / f"{event.kind}.json").read_bytes()
    assert dump_commit(load_commit(stored)) == stored.strip()


OLD = sorted(
    path for path in Path(__file__).parent.glob("format_*/*.json") if path.parent.name != f"format_{FORMAT}"
)


@pytest.mark.parametrize("path", OLD, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_journal_of_an_earlier_format_keeps_all_that_it_said(path: Path):
    stored = path.read_bytes()
    assert _holds(json.loads(dump_commit(load_commit(stored))), json.loads(stored))


def _holds(now: object, then: object) -> bool:
    """Everything of `then` is in `now`, which may have more fields."""
    if isinstance(then, dict):
        known = cast(dict[str, object], then)
        have = cast(dict[str, object], now) if isinstance(now, dict) else {}
        return all(key in have and _holds(have[key], value) for key, value in known.items())
    if isinstance(then, list):
        known, have = cast(list[object], then), cast(list[object], now)
        return len(known) == len(have) and all(_holds(*pair) for pair in zip(have, known, strict=True))
    return now == then


def test_the_journal_of_a_later_version_is_left_alone():
    later = dump_commit(replace(Commit(version=7, at=0.0, events=(EVENTS[1],)), format=FORMAT + 1))
    with pytest.raises(NewerEventError):
        load_commit(later.replace(b'"thread"', b'"thread_of_tomorrow"'))
    with pytest.raises(NewerEventError):  # it can be read, but may mean another thing there
        load_commit(later)


def test_a_kind_of_event_that_is_not_known_is_a_later_version_s_and_no_damage():
    stored = dump_commit(Commit(version=7, at=0.0, events=(EVENTS[1],)))
    with pytest.raises(NewerEventError):
        load_commit(stored.replace(b'"thread"', b'"thread_of_tomorrow"'))
    with pytest.raises(ValidationError):
        load_commit(stored.replace(b'"thread_id"', b'"thread_ix"'))
