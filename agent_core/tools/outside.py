"""How a tool hands on what came from outside: numbered, fenced, marked and audited."""

from collections.abc import Iterable, Sequence

from agent_core.events import Event
from agent_core.fence import fenced
from agent_core.links import keys_of
from agent_core.outside import Marked, Reached
from agent_core.session import State
from agent_core.tools.base import Outcome
from agent_core.values import NamedFile, Source
from agent_core.web import FetchRecord

MOST_ADDRESSES = 2000
"""Of one page: of those behind them each asks where that is due."""


def current(state: State) -> str:
    """The key of the action that runs: actions run in order."""
    return state.pending[0].key if state.pending else ""


def audit(state: State, records: Iterable[FetchRecord]) -> tuple[Event, ...]:
    """What the journal keeps of each fetch."""
    return tuple(
        Reached(
            action=current(state),
            url=record.url[:2000],
            outcome=record.outcome,
            reason=record.reason[:300],
            status=record.status,
            size=record.size,
            sent=record.sent,
            addresses=record.addresses[:20],
            duration_s=round(record.duration_s, 3),
        )
        for record in records
    )


def marked(state: State, sources: Sequence[Source], addresses: Iterable[str] = ()) -> Marked:
    """That texts of these sources come into the session, with the addresses that stand in them."""
    return Marked(
        action=current(state), tainted=tuple(sources), addresses=keys_of(addresses)[:MOST_ADDRESSES]
    )


def failed(state: State, url: str, reason: str, records: Sequence[FetchRecord]) -> Outcome:
    """A fetch that gave nothing: why stands in words of the server, once one was dialled."""
    events = audit(state, records)
    if not any(record.addresses for record in records):
        return Outcome(text=reason, is_error=True, events=events, fenced=True)
    source = Source(number=state.marks.number_of(url), url=url, how="page")
    text = fenced(reason, state.started.fence, f"{source.number} {url}")
    return Outcome(text=text, is_error=True, events=(*events, marked(state, [source])), fenced=True)


def told(
    state: State,
    head: str,
    body: str,
    *,
    sources: Sequence[Source],
    addresses: Iterable[str] = (),
    records: Iterable[FetchRecord] = (),
    changed: tuple[NamedFile, ...] = (),
) -> Outcome:
    """The program's own words, then the stranger's between fences."""
    where = f"{sources[0].number} {sources[0].url}" if len(sources) == 1 else "several, numbered"
    return Outcome(
        text=f"{head}\n{fenced(body, state.started.fence, where)}",
        changed=changed,
        events=(*audit(state, records), marked(state, sources, addresses)),
        fenced=True,
    )
