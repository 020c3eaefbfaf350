"""A session far ahead waits for its thread, and before it acts on a yes for somebody who listens."""

from agent_core.events import Commit, Decided, Event, PlanSet, SignalsTaken, StopRequested
from agent_core.session import Act, End, Pending, State, Think, Wait, next_for
from agent_core.session.lead import LONGEST_AHEAD_S, MOST_AHEAD, Lead, Tail
from agent_core.session.next import UNHEARD_END_S
from tests.agent_core.session.desk import ANN, RUN, Desk, call


def tail(*commits: tuple[int, float]) -> Tail:
    found = Tail()
    for version, at in commits:
        found.apply(Commit(version=version, at=at, events=(PlanSet(items=()),)))
    return found


def test_the_lead_is_what_came_after_the_version_that_is_shown():
    commits = tail((1, 10.0), (2, 20.0), (3, 30.0))
    assert commits.lead(1) == Lead(events=2, since=20.0)
    assert commits.lead(3) == Lead()


def test_what_no_thread_shows_is_no_lead():
    found = Tail()
    found.apply(Commit(version=1, at=1.0, events=(SignalsTaken(inbox_id="1-0"),)))
    assert found.lead(0) == Lead()


def test_a_session_is_too_far_ahead_by_events_or_by_time():
    many = tail(*((version, 0.0) for version in range(1, MOST_AHEAD + 1)))
    assert many.lead(0).too_far(0.0)
    assert not many.lead(1).too_far(LONGEST_AHEAD_S)
    assert many.lead(1).too_far(LONGEST_AHEAD_S + 1)


def test_a_long_history_that_nobody_saw_stays_too_far_ahead():
    many = tail(*((version, 0.0) for version in range(1, 1000)))
    assert many.lead(0).too_far(0.0)
    assert not many.lead(999).too_far(1e9)


def after(state: State, event: Event) -> State:
    state.apply(Commit(version=state.version + 1, at=state.at, events=(event,)))
    return state


FAR = Lead(events=MOST_AHEAD, since=0.0)


def test_far_ahead_nothing_is_thought_or_done_until_the_thread_is_back():
    state = Desk().state
    assert isinstance(next_for(state, now=0.0, fresh=False), Think)
    assert next_for(state, now=0.0, fresh=False, lead=FAR) == Wait(for_thread=True)


def test_far_ahead_a_stop_still_ends_it():
    state = after(Desk().state, StopRequested(person=ANN))
    assert isinstance(next_for(state, now=0.0, fresh=False, lead=FAR), End)


def test_a_yes_is_not_acted_on_while_nobody_brings_what_people_say():
    desk = Desk()
    desk.think(RUN)
    state = after(desk.state, Decided(action="1.1", person=ANN, how="once"))
    waits = next_for(state, now=50.0, fresh=False, heard=False)
    assert isinstance(waits, Wait)
    assert waits.until is not None
    assert waits.until > 50.0
    assert isinstance(next_for(state, now=50.0, fresh=False), Act)


def test_an_end_waits_a_little_for_words_that_are_on_their_way():
    desk = Desk()
    state = desk.state
    state.pending = [Pending(key="1.1", action=call("finish", summary="done"), problem=None)]
    now = state.at + 1
    assert isinstance(next_for(state, now=now, fresh=False, heard=False), Wait)
    assert isinstance(next_for(state, now=now, fresh=False), End)
    assert isinstance(next_for(state, now=state.at + UNHEARD_END_S, fresh=False, heard=False), End)


def test_what_needs_nobody_is_done_while_nobody_listens():
    assert isinstance(next_for(Desk().state, now=0.0, fresh=False, heard=False), Think)
