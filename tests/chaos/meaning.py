"""What a goal has come to, with the names and times left out that differ from run to run."""

import dataclasses
import re
from collections.abc import Iterable
from dataclasses import dataclass

from agent_core.events import CallReserved, CallSettled, Commit, Event, Observed, Recalled, SignalsTaken
from agent_core.session import fold
from agent_core.values import SessionRef
from tests.chaos.stage import Chaos
from tests.flow.people import Thread

CUT = "Interrupted: the bot stopped"
_NAMES = frozenset(
    (
        *("run_id", "message_id", "person", "message", "usage", "heard", "limits"),
        *("starter", "cost_usd", "thread_id", "retry_at", "tools", "system", "fence", "channel_id"),
    )
)
"""Fields whose values are another run's."""
_BOOKS = (CallReserved, CallSettled, SignalsTaken, Recalled)
"""Events that say what others have left behind, not what this goal has come to."""


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """All that people, files and the world can tell of a goal."""

    events: tuple[str, ...]
    files: tuple[tuple[str, str], ...]
    posts: tuple[str, ...]
    world: tuple[str, ...]
    cut: int = 0
    """Actions that reach the world and were cut: each is told once, and was done once or not at all."""
    commits: int = 0


async def meaning(stage: Chaos, ref: SessionRef, thread: Thread) -> Meaning:
    """The meaning of a goal that is over."""
    commits = await stage.journal(ref)
    state = fold(ref, commits)
    assert state is not None
    events = list(_events(commits))
    cut = sum(isinstance(one, Observed) and one.observation.text.startswith(CUT) for one in events)
    ours = [one for one in await thread.messages() if one["author"].get("bot", False)]
    return Meaning(
        events=tuple(_without_names(event) for event in events),
        files=tuple(sorted((path, file.sha256) for path, file in state.files.items())),
        posts=tuple(_post(one["content"]) for one in ours),
        world=tuple(line.partition(" ")[2] for line in stage.world() if line.startswith(f"{ref.id} ")),
        cut=cut,
        commits=len(commits),
    )


def _events(commits: Iterable[Commit]) -> Iterable[Event]:
    for commit in commits:
        yield from (event for event in commit.events if not isinstance(event, _BOOKS))


def _without_names(event: Event) -> str:
    kept = {one.name: getattr(event, one.name) for one in dataclasses.fields(event) if one.name not in _NAMES}
    text = re.sub(r"goal-\w+", "goal", str(kept))
    text = re.sub(r"call_\d+", "call", text)
    return re.sub(rf"text=.({CUT}[^'\"]*|sent: \w+)., is_error=\w+", "the world", text)


def _post(content: str) -> str:
    lines = [line for line in content.split("\n") if not line.startswith("-#")]
    text = re.sub(r"goal-\w+", "goal", "\n".join(lines))
    text = re.sub(rf"(`call_out`)(?: ⚠️)?(\n```\n)(?:{CUT}[^\n]*|sent: \w+)", r"\1\2the world", text)
    return re.sub(r"<t:\d+(:\w)?>|\d+(\.\d+)? (s|min|ms)\b", "a time", text)
