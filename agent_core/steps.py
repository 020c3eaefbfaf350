"""What the loop does outside of the state: think, act, check, end. Each returns what happened."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from uuid import uuid4

from agent_core import compacting, context
from agent_core.budget import Meter, Metered, PricedModel
from agent_core.clock import Clock
from agent_core.contract import ContractRunner, in_words, judged_files
from agent_core.delegating import Delegating, delegated
from agent_core.engine import Engine
from agent_core.errors import (
    BudgetReachedError,
    ModelError,
    OverflowModelError,
    RateLimitError,
    SandboxRefusedError,
    ToolError,
    TransientModelError,
)
from agent_core.events import (
    ActionStarted,
    Checked,
    Ended,
    Event,
    LimitReached,
    Observed,
    Paused,
    Recalled,
    Thought,
    ThoughtFailed,
)
from agent_core.fence import fenced
from agent_core.gallery import Gallery
from agent_core.interrupt import InterruptionError, interruptible
from agent_core.model import tool_names
from agent_core.outside import Marked
from agent_core.policy import Verdict
from agent_core.session import Pending, State
from agent_core.session.below import stands_still
from agent_core.session.files import free_path, named
from agent_core.session.lead import Lead
from agent_core.session.next import first_proposal, must_hear
from agent_core.session.pending import keyed
from agent_core.session.take import disown
from agent_core.skills import Ask
from agent_core.storage import Storage
from agent_core.tools import Outcome, SubGoal, Toolbox, cut, observe
from agent_core.values import Message, NamedFile, Person, Right, Status
from agent_core.workspace import Workspaces

THINK_S = 600.0
"""Seconds that one model call may take, repeats included."""

SUMMARY_S = 120.0
"""Seconds that the summary of the oldest steps may take."""

RETRY_S = (5.0, 30.0, 120.0, 600.0)
"""Seconds until a failed thought is tried again; after the last the session pauses."""


_OWN_WORDS = frozenset(
    {"set_plan", "ask", "deliver", "write_file", "edit_file", "remember", "book", "forget"}
)
"""Tools that answer in words of the program's own."""


async def _nothing(_: State) -> tuple[Event, ...]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The parts that a worker works with, put together by the composition root."""

    storage: Storage
    engine: Engine
    clock: Clock
    model: PricedModel
    fast: PricedModel
    """For summaries; may be the same."""
    meter: Meter
    tools: Toolbox
    runner: ContractRunner
    workspaces: Workspaces
    followed: bool = False
    """Threads show what sessions do, and gateways bring what people do: sessions wait for both."""
    still_may: Callable[[State, Person, Right], Awaitable[bool]]
    """Whether the person holds the right at this moment."""
    on_ended: Callable[[State], Awaitable[None]]
    """What else follows from the end of a session; at least once, before it leaves the index of live ones."""
    recall: Callable[[State], Awaitable[Recalled | None]]
    """What the memory knows of what was just said; None where it was asked before."""
    parting: Callable[[State], Awaitable[tuple[Event, ...]]] = _nothing
    """What is handed over with the end of a session, whatever the model says."""
    compact_at: int = 32_000
    """Tokens of a request past which its oldest steps are summarised."""
    window: Callable[[], int | None] = lambda: None
    """The model's window in tokens, as far as it is known by now."""
    gallery: Gallery
    roles: Mapping[str, Toolbox] = field(default_factory=dict[str, Toolbox])
    """The tools of sessions that do not work on a goal of somebody's; see roles.py."""
    delegating: Delegating | None = None
    """None: there are no sub-sessions."""

    def tools_of(self, state: State) -> Toolbox:
        """What this session may use."""
        return self.roles.get(state.started.role, self.tools)


async def think(house: House, state: State) -> tuple[Event, ...]:
    """Ask the model for the next step; before it the memory, and make room where that is due."""
    if recalled := await house.recall(state):
        return (recalled,)
    pictures = await house.gallery.shown(state)
    sized = compacting.measure(state, pictures)
    at = compacting.limit(house.compact_at, state.room.window, house.window())
    through = compacting.due(state, at, sized)
    if through is not None:
        return await _compact(house, state, through, pictures)
    if pictures:
        sized = compacting.measure(state)  # vendors count a picture from 64 tokens on: none is missed below
    account = Metered(meter=house.meter, state=state, model=house.model, purpose="think")
    call = account.call(context.request(state, pictures), state.started.tools)
    try:
        reply = await interruptible(call.complete(timeout_s=THINK_S), house.storage.inbox, state)
    except InterruptionError:
        return call.settled()  # whoever interrupted stands in the inbox and is taken next
    except BudgetReachedError as error:
        return (*call.settled(), _reached(error))
    except ModelError as error:
        return (*call.settled(), _failed(house, state, error))
    step, tools = state.step + 1, house.tools_of(state)
    actions = keyed(step, reply.actions)
    offered = tool_names(state.started.tools)
    thought = Thought(
        step=step,
        text=reply.text,
        actions=reply.actions,
        problems={key: problem for key, one in actions if (problem := tools.problem(one, offered))},
        usage=reply.usage,
        cost_usd=reply.cost_usd,
        message=reply.message,
        heard=tuple(state.unheard),
        metered=True,
        cut=reply.finish_reason == "length",
        read=compacting.silently_cut(state, reply.usage, sized) or 0,
    )
    proposed = first_proposal(state, thought)
    return (*call.settled(), thought, *([proposed] if proposed else []))


async def _compact(house: House, state: State, through: int, pictures: context.Pictures) -> tuple[Event, ...]:
    """Let a summary take the place of the oldest steps."""
    account = Metered(meter=house.meter, state=state, model=house.fast, purpose="compact")
    call = account.call(compacting.order(state, through))
    try:
        reply = await interruptible(call.complete(timeout_s=SUMMARY_S), house.storage.inbox, state)
        summary = reply.text
    except InterruptionError:
        return call.settled()
    except BudgetReachedError as error:
        return (*call.settled(), _reached(error))
    except ModelError:
        summary = ""  # a digest does: a session never stands still for this
    return (*call.settled(), compacting.compacted(state, through, summary, pictures))


def asking(house: House, state: State, purpose: str = "check", *, fast: bool = False) -> Ask:
    """Has a text written on the session's account, by the smart model or the fast one."""

    async def ask(messages: list[Message]) -> str:
        model = house.fast if fast else house.model
        account = Metered(meter=house.meter, state=state, model=model, purpose=purpose)
        return (await account.complete(messages, timeout_s=SUMMARY_S)).text

    return ask


async def begin(house: House, state: State, pending: Pending, verdict: Verdict) -> tuple[Event, ...]:
    """Write down that the action starts; nothing where it had started, or where a signal comes first."""
    if pending.started:
        return ()
    if pending.decision:
        if not await _still_may(house, state, pending):
            return disown(state, pending)
        if await house.storage.inbox.fresh(state.ref, state.inbox_id):
            return ()  # a no may have come while the right was looked up
    uses_five = verdict.uses_five and pending.decision is None
    return (ActionStarted(action=pending.key, run_id=uuid4().hex, uses_five=uses_five),)


async def act(house: House, state: State, pending: Pending) -> tuple[Event, ...]:
    """Run the action, if it has started, and cut what came back to size."""
    if not pending.started:
        return ()
    work = house.tools_of(state).act(pending.action, state)
    try:
        outcome = await interruptible(work, house.storage.inbox, state)
        if outcome.sub:
            return _hand_over(house, state, pending, outcome.sub)
    except ToolError as error:
        outcome = Outcome(text=str(error), is_error=True)
    except InterruptionError as error:
        outcome = Outcome(text=f"{error} The files are as they were before it.", is_error=True)
    except BudgetReachedError as error:
        return (_reached(error),)  # started, not observed: it is run again once there is money
    except SandboxRefusedError as error:
        return (Paused(by="bot", reason=str(error)),)  # started, not observed: it is run again on resume
    return (*outcome.events, await _observed(house, state, pending, outcome))


def _hand_over(house: House, state: State, pending: Pending, sub: SubGoal) -> tuple[Event, ...]:
    """Have a session of its own do it. Raises ToolError where there can be none."""
    if house.delegating is None:
        raise ToolError("There are no sub-sessions here. Do this yourself.")
    return delegated(state, pending, sub)


async def attend(house: House, state: State, pending: Pending) -> tuple[Event, ...]:
    """Look after the session that does the action; nothing where it is waited for."""
    if house.delegating is None:
        return (await _not_finished(house, state, pending, "There are no sub-sessions here."),)
    found = await house.delegating.attend(state, pending, lambda one: _still_may(house, state, one))
    if not isinstance(found, Outcome):
        return found
    return (*found.events, await _observed(house, state, pending, found))


async def check(house: House, state: State, pending: Pending) -> tuple[Event, ...]:
    """Run the contract; a check that fails is what the model sees next."""
    try:
        finishing = {one.path: one.file for one in _finishing(state, pending)}
        judged = judged_files(state, finishing)
        work = house.runner.run(state, state.contract or (), judged)
        results = await interruptible(work, house.storage.inbox, state)
    except (ToolError, InterruptionError) as error:
        return (await _not_finished(house, state, pending, str(error)),)
    except SandboxRefusedError as error:
        return (Paused(by="bot", reason=str(error)),)
    checked = Checked(action=pending.key, results=results)
    if all(result.holds for result in results):
        return (checked,)
    seen = ", ".join(sorted(judged)) or "no files"
    text = f"Not finished. These checks of the contract fail:\n{in_words(results)}\nThey saw: {seen}."
    return (checked, await _not_finished(house, state, pending, text))


async def end(house: House, state: State, status: Status, pending: Pending | None) -> tuple[Event, ...]:
    """The closing event, or what keeps the goal from ending."""
    if pending is None:
        why = stands_still(state, house.clock.now()) or "Stopped."
        summary = f"Stopped by {state.stop.person.name}." if state.stop else why
        return (*await house.parting(state), Ended(status=status, summary=summary, checked=False))
    if pending.decision and not await _still_may(house, state, pending):
        return disown(state, pending)
    try:
        files = _finishing(state, pending)
    except ToolError as error:
        return (await _not_finished(house, state, pending, str(error)),)
    summary = str((pending.action.arguments or {}).get("summary", ""))
    ended = Ended(status=status, summary=summary, checked=state.contract is not None, files=files)
    return (*await house.parting(state), ended)


async def lead(house: House, state: State, shown: int) -> tuple[Lead, int]:
    """How far the session is ahead of its thread, and which version that shows; `shown`: as known before."""
    if not house.followed or state.started.parent:
        return Lead(), shown  # the thread shows no steps of a sub-session
    found = state.tail.lead(shown)
    if not found.too_far(house.clock.now()):
        return found, shown
    shown = await house.storage.posts.cursor(state.ref)
    return state.tail.lead(shown), shown


async def heard(house: House, state: State) -> bool:
    """Whether a no, or words, would be known by now: asked only where it matters."""
    if not house.followed or state.started.parent or not must_hear(state, house.clock.now()):
        return True
    return await house.storage.hearing.heard(state.ref.guild_id)


async def wait_for_thread(house: House, state: State) -> None:
    """Leave the session alone until its thread shows more."""
    shown = await house.storage.posts.wait_for(state.ref)
    await house.engine.report(state.ref)
    if not state.tail.lead(shown).too_far(house.clock.now()):
        await house.engine.wake(state.ref)  # it was shown just before we said that we wait


async def rest(house: House, state: State, until: float | None) -> None:
    """Leave the session alone until a signal or the given time."""
    # What a turn asked for on its way may have been lost with its worker.
    await house.engine.report(state.ref)
    if above := state.started.parent:
        await house.engine.wake(above.ref)  # it may wait for just this
    if state.ended:
        if house.delegating:
            await house.delegating.leave(state)
        await house.on_ended(state)
        await house.storage.index.ended(state.ref)
        await house.storage.inbox.clear(state.ref)
        await house.workspaces.close(state.ref)
    elif until is not None:
        await house.engine.at(state.ref, until)


def _reached(error: BudgetReachedError) -> LimitReached:
    return LimitReached(what=error.what, text=str(error), until=error.until)


def _failed(house: House, state: State, error: ModelError) -> ThoughtFailed:
    """When to try again, if at all: only what can pass is tried."""
    wait_s: float | None = None
    if isinstance(error, RateLimitError) and error.retry_after_s is not None:
        least_s = RETRY_S[min(state.failures, len(RETRY_S) - 1)]
        wait_s = max(error.retry_after_s, least_s)  # "0" from a server that goes on refusing must not spin
    elif isinstance(error, TransientModelError | RateLimitError) and state.failures < len(RETRY_S):
        wait_s = RETRY_S[state.failures]
    elif isinstance(error, OverflowModelError):
        wait_s = 0.0  # the session notices the second in a row, and thinks with a fresh context
    retry_at = None if wait_s is None else house.clock.now() + wait_s
    return ThoughtFailed(error=error.kind, text=str(error), retry_at=retry_at)


async def _still_may(house: House, state: State, pending: Pending) -> bool:
    """Whether whoever decided may still, now that it is acted on. Asked above a sub-session, not in it."""
    if pending.decision is None or state.started.parent:
        return True
    return await house.still_may(state, pending.decision.person, Right.APPROVE)


async def _observed(house: House, state: State, pending: Pending, outcome: Outcome) -> Observed:
    """What the model will read: what is too long is cut, and kept whole in a workspace file of its own."""
    files = {path: file for path, file in state.files.items() if path not in outcome.removed}
    files |= {one.path: one.file for one in outcome.changed}
    path = free_path(files, "outputs", f"{pending.key}.txt")
    text, was_cut = cut(outcome.text, path)
    if _shows_outside(state, pending, outcome):
        text = fenced(text, state.started.fence, f"workspace, by {pending.action.name}")
    full: NamedFile | None = None
    if was_cut:
        data = outcome.text.encode("utf-8", "replace")
        full = NamedFile(path=path, file=await house.storage.blobs.put_bytes(state.ref.guild_id, data))
    return Observed(action=pending.key, observation=observe(outcome, text, full))


def _shows_outside(state: State, pending: Pending, outcome: Outcome) -> bool:
    """Whether the output may hold what strangers wrote: their files lie in the workspace."""
    marked = any(isinstance(event, Marked | Recalled) and event.tainted for event in outcome.events)
    return (state.marks.tainted or marked) and not outcome.fenced and pending.action.name not in _OWN_WORDS


async def _not_finished(house: House, state: State, pending: Pending, text: str) -> Observed:
    return await _observed(house, state, pending, Outcome(text=text, is_error=True))


def _finishing(state: State, pending: Pending) -> tuple[NamedFile, ...]:
    """The files that `finish` names. Raises ToolError where one is not there."""
    paths = (pending.action.arguments or {}).get("files")
    return named(state.files, [str(path) for path in paths]) if isinstance(paths, list) else ()
