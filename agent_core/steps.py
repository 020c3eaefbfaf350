"""What the loop does outside of the state: think, act, check, end. Each returns what happened."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import uuid4

from agent_core import context
from agent_core.clock import Clock
from agent_core.contract import ContractRunner, in_words, judged_files
from agent_core.engine import Engine
from agent_core.errors import ModelError, RateLimitError, SandboxRefusedError, ToolError, TransientModelError
from agent_core.events import (
    ActionStarted,
    Checked,
    Ended,
    Event,
    Observed,
    Paused,
    Thought,
    ThoughtFailed,
)
from agent_core.interrupt import InterruptionError, interruptible
from agent_core.model import ModelReply
from agent_core.policy import Verdict
from agent_core.session import Pending, State
from agent_core.session.files import named
from agent_core.session.next import first_proposal, reopen
from agent_core.session.state import keyed
from agent_core.storage import Storage
from agent_core.tools import Outcome, Toolbox, cut, observe
from agent_core.values import Message, NamedFile, Observation, Person, Right, Status
from agent_core.workspace import Workspaces

THINK_S = 600.0
"""Seconds that one model call may take, repeats included."""

RETRY_S = (5.0, 30.0, 120.0, 600.0)
"""Seconds until a failed thought is tried again; after the last the session pauses."""


class Thinker(Protocol):
    """What the loop needs of a model."""

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[Message],
        *,
        on_text: Callable[[str], None] | None = None,
        timeout_s: float,
    ) -> ModelReply:
        """One reply. Raises ModelError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The parts that a worker works with, put together by the composition root."""

    storage: Storage
    engine: Engine
    clock: Clock
    model: Thinker
    tools: Toolbox
    runner: ContractRunner
    workspaces: Workspaces
    still_may: Callable[[State, Person, Right], Awaitable[bool]]
    """Whether the person holds the right at this moment."""


async def think(house: House, state: State) -> tuple[Event, ...]:
    """Ask the model for the next step."""
    work = house.model.complete(
        context.request(state), state.started.tools, on_text=_unread, timeout_s=THINK_S
    )
    try:
        reply = await interruptible(work, house.storage.inbox, state)
    except InterruptionError:
        return ()  # whoever interrupted stands in the inbox and is taken next
    except ModelError as error:
        return (_failed(house, state, error),)
    step = state.step + 1
    actions = keyed(step, reply.actions)
    thought = Thought(
        step=step,
        text=reply.text,
        actions=reply.actions,
        problems={key: problem for key, one in actions if (problem := house.tools.problem(one))},
        usage=reply.usage,
        cost_usd=reply.cost_usd,
        message=reply.message,
        heard=tuple(state.unheard),
    )
    proposed = first_proposal(state, thought)
    return (thought, proposed) if proposed else (thought,)


async def begin(house: House, state: State, pending: Pending, verdict: Verdict) -> tuple[Event, ...]:
    """Write down that the action starts; nothing where it had started before."""
    if pending.started:
        return ()
    decision = pending.decision
    if decision and not await house.still_may(state, decision.person, Right.APPROVE):
        return (reopen(pending),)
    uses_five = verdict.uses_five and decision is None
    return (ActionStarted(action=pending.key, run_id=uuid4().hex, uses_five=uses_five),)


async def act(house: House, state: State, pending: Pending) -> tuple[Event, ...]:
    """Run the action and cut what came back to size."""
    try:
        outcome = await interruptible(house.tools.act(pending.action, state), house.storage.inbox, state)
    except InterruptionError as error:
        outcome = Outcome(text=f"{error} The files are as they were before it.", is_error=True)
    except SandboxRefusedError as error:
        return (Paused(by="bot", reason=str(error)),)  # started, not observed: it is run again on resume
    path = f"outputs/{pending.key}.txt"
    text, was_cut = cut(outcome.text, path)
    full = await _store_whole(house, state, outcome, path) if was_cut else None
    return (*outcome.events, Observed(action=pending.key, observation=observe(outcome, text, full)))


async def check(house: House, state: State, pending: Pending) -> tuple[Event, ...]:
    """Run the contract; a check that fails is what the model sees next."""
    try:
        finishing = {one.path: one.file for one in _finishing(state, pending)}
        judged = judged_files(state, finishing)
        work = house.runner.run(state, state.contract or (), judged)
        results = await interruptible(work, house.storage.inbox, state)
    except (ToolError, InterruptionError) as error:
        return (_not_finished(pending, str(error)),)
    except SandboxRefusedError as error:
        return (Paused(by="bot", reason=str(error)),)
    checked = Checked(action=pending.key, results=results)
    if all(result.holds for result in results):
        return (checked,)
    seen = ", ".join(sorted(judged)) or "no files"
    text = f"Not finished. These checks of the contract fail:\n{in_words(results)}\nThey saw: {seen}."
    return (checked, _not_finished(pending, text))


def end(state: State, status: Status, pending: Pending | None) -> tuple[Event, ...]:
    """The closing event, or what keeps the goal from ending."""
    if pending is None:
        summary = f"Stopped by {state.stop.person.name}." if state.stop else "Stopped."
        return (Ended(status=status, summary=summary, checked=False),)
    try:
        files = _finishing(state, pending)
    except ToolError as error:
        return (_not_finished(pending, str(error)),)
    summary = str((pending.action.arguments or {}).get("summary", ""))
    return (Ended(status=status, summary=summary, checked=state.contract is not None, files=files),)


async def rest(house: House, state: State, until: float | None) -> None:
    """Leave the session alone until a signal or the given time."""
    if state.ended:
        await house.storage.index.ended(state.ref)
        await house.workspaces.close(state.ref)
    elif until is not None:
        await house.engine.at(state.ref, until)


def _unread(_text: str) -> None:
    """Streaming is for the watchdog and for cutting off in time; nobody reads along yet."""


def _failed(house: House, state: State, error: ModelError) -> ThoughtFailed:
    """When to try again, if at all: only what can pass is tried."""
    wait_s: float | None = None
    if isinstance(error, RateLimitError) and error.retry_after_s is not None:
        wait_s = error.retry_after_s
    elif isinstance(error, TransientModelError | RateLimitError) and state.failures < len(RETRY_S):
        wait_s = RETRY_S[state.failures]
    retry_at = None if wait_s is None else house.clock.now() + wait_s
    return ThoughtFailed(error=error.kind, text=str(error), retry_at=retry_at)


async def _store_whole(house: House, state: State, outcome: Outcome, path: str) -> NamedFile:
    """Put the whole output into a workspace file of its own."""
    files = {name: file for name, file in state.files.items() if name not in outcome.removed}
    files |= {one.path: one.file for one in outcome.changed}
    workspace = await house.workspaces.open(state.ref, files)
    return await workspace.write(path, outcome.text.encode("utf-8", "replace"))


def _finishing(state: State, pending: Pending) -> tuple[NamedFile, ...]:
    """The files that `finish` names. Raises ToolError where one is not there."""
    paths = (pending.action.arguments or {}).get("files")
    return named(state.files, [str(path) for path in paths]) if isinstance(paths, list) else ()


def _not_finished(pending: Pending, text: str) -> Observed:
    return Observed(action=pending.key, observation=Observation(text=text, is_error=True))
