"""Keep a session's context affordable: when is it compacted, where is it cut, and what takes its place.

Cut only at the borders of steps, so that calls keep their results. The last steps stay as they are. People's
words, goal, plan, contract, answers and decisions stand outside the summary.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent_core import context
from agent_core.context import NO_PICTURES, Pictures
from agent_core.events import Compacted, Item, Observed, PersonSpoke, Recalled, Thought, Told
from agent_core.model import TYPICAL_PICTURE, estimate_tokens
from agent_core.session import State
from agent_core.session.compaction import LEAST_GAIN
from agent_core.session.next import reminder
from agent_core.session.pending import keyed
from agent_core.tools.text import middle_out
from agent_core.values import Message, Usage

KEEP_TOKENS = 6_000
"""About so much of the last steps stays as it is."""

SHARE = 0.6
"""Of the model's window that a request may fill before it is compacted."""

LEAST_CUT = 0.7
"""A server that counts less than this of what was expected has cut the request."""
LEAST_WINDOW = 1_000
"""Tokens; no model that can work has a smaller window, so a smaller count is a server that miscounts."""
LOWEST_RATIO = 0.55
"""True tokens per estimated one that plain prose has; all else has more."""

LONGEST_SUMMARY = 6_000
LONGEST_DIGEST = 4_000
LONGEST_CONTRACT = 4_000
_RESULT_BYTES = 1_500
_CALL_BYTES = 400
_LINE = 160
_PLAUSIBLE = (0.4, 2.5)
"""True tokens per estimated one; a server that says otherwise counts something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """How many tokens the next request will have."""

    total: int
    ratio: float
    """True tokens per estimated one, as the last reply showed."""

    def of(self, messages: Sequence[Message]) -> int:
        """Tokens of some messages."""
        return round(self.ratio * _estimate(messages))


def limit(compact_at: int, *windows: int | None) -> int:
    """Tokens past which a request is compacted: the setting, or a share of the smallest known window."""
    return min([compact_at, *(int(SHARE * window) for window in windows if window)])


def measure(state: State, pictures: Pictures = NO_PICTURES) -> Measure:
    """What the last request really had, and an estimate of what came since, in the server's own tokens.

    `pictures`: those that the request shows; what they are does not matter here.
    """
    pictures = {sha256: url and "" for sha256, url in pictures.items()}
    now = context.request(state, pictures)
    tools = estimate_tokens(list(state.started.tools))
    whole = tools + _estimate(now)
    last = state.last_thought
    if last is None:
        return Measure(total=whole, ratio=1.0)
    before = context.view(state.history[: state.history.index(last)])
    asked = context.messages(state.started, before, pictures)
    estimated = tools + _estimate(asked)
    true = last.usage.prompt_tokens
    ratio = true / estimated
    if last.read or not _PLAUSIBLE[0] <= ratio <= _PLAUSIBLE[1]:
        return Measure(total=whole, ratio=1.0)
    if now[: len(asked)] == asked:
        return Measure(total=true + round(ratio * _estimate(now[len(asked) :])), ratio=ratio)
    return Measure(total=round(ratio * whole), ratio=ratio)


def due(state: State, at: int, sized: Measure) -> int | None:
    """The last step that has to leave the context now; None where none has to, or none can.

    `sized`: the next request, as `measure` says.
    """
    forced = state.overflows > 0 and not state.room.tried
    if not forced and not state.room.worth_it:
        return None
    if not forced and sized.total <= at:
        return None
    items = context.view(state.history)
    prefix = context.messages(state.started, [one for one in items if isinstance(one, PersonSpoke)])
    fixed = sized.of(prefix) + round(sized.ratio * estimate_tokens(list(state.started.tools)))
    room = min(KEEP_TOKENS, max(0, at - fixed) // 3)
    through = _border(items, sized, room // 2 if forced else room)
    if through is None:
        return None
    head, _ = context.parted(items, through)
    gone = sized.of(context.messages(state.started, head)) - sized.of(prefix)
    return through if forced or gone >= LEAST_GAIN * sized.total else None


def silently_cut(state: State, usage: Usage, sized: Measure) -> int | None:
    """Tokens that the server read, where they are far fewer than it was sent; None where it read all.

    `sized`: the request, as it was measured before it was sent.
    Ollama does this: what does not fit its window is dropped from the front, and nothing says so.
    """
    true = usage.prompt_tokens
    if true < LEAST_WINDOW or (state.room.window is not None and true >= LEAST_CUT * state.room.window):
        return None
    expected = sized.total * (LOWEST_RATIO if sized.ratio == 1.0 else 1.0)
    return true if true < LEAST_CUT * expected else None


def order(state: State, through: int) -> list[Message]:
    """What the fast model is asked: a record of the steps up to this one."""
    head, _ = context.parted(context.view(state.history), through)
    text = "\n".join(["The goal:", state.goal, "", "The transcript:", _transcript(head)])
    return context.aside("compact", text)


def compacted(state: State, through: int, summary: str, pictures: Pictures = NO_PICTURES) -> Compacted:
    """The record that takes the place of the steps up to `through`; without a summary a digest of them."""
    head, _ = context.parted(context.view(state.history), through)
    sized = measure(state, pictures)
    new = Compacted(
        summary=middle_out(summary.strip(), LONGEST_SUMMARY) or _digest(head),
        through=through,
        kept=_agreed(state, head),
        before=sized.total,
        after=0,
        forced=state.overflows > 0,
    )
    words = [one for one in head if isinstance(one, PersonSpoke)]
    left = sized.of(context.messages(state.started, [*words, new]))
    shrunk = sized.of(context.messages(state.started, head)) - left
    return replace(new, after=max(0, sized.total - shrunk))


def _estimate(messages: Sequence[Message]) -> int:
    return sum(estimate_tokens(message) for message in messages)


def _border(items: Sequence[Item], sized: Measure, room: int) -> int | None:
    """The last step before those of the end that fit into the room; the very last step always stays."""
    steps = [item.step for item in items if isinstance(item, Thought)]
    size = 0.0
    for item in reversed(items):
        size += sized.ratio * _weight(item)
        if isinstance(item, Thought) and size > room:
            return item.step if item.step != steps[-1] else next(iter(steps[-2:-1]), None)
    return None


def _weight(item: Item) -> int:
    match item:
        case Thought():
            return estimate_tokens(item.message)
        case Observed():
            return estimate_tokens(item.observation.text) + TYPICAL_PICTURE * len(item.observation.shown)
        case PersonSpoke() | Told() | Recalled():
            return estimate_tokens(item.text)
        case Compacted():
            return 0


def _transcript(head: Sequence[Item]) -> str:
    """The steps as text. What people wrote is only mentioned: it stays in the context as it is."""
    lines: list[str] = []
    for item in head:
        match item:
            case Compacted():
                lines.append(f"Earlier record (steps 1 to {item.through}):\n{item.summary}")
            case PersonSpoke():
                lines.append(f"[{item.person.name} wrote a message, which is kept apart.]")
            case Told():
                lines.append(f"The system said: {item.text}")
            case Recalled():
                pass  # it can be recalled again
            case Thought():
                lines.append(f"Step {item.step}: {item.text.strip()}")
                lines += [
                    f"call {key}: {action.name} {middle_out(action.raw, _CALL_BYTES)}"
                    for key, action in keyed(item.step, item.actions)
                ]
            case Observed():
                lines.append(f"result {item.action}: {middle_out(item.observation.text, _RESULT_BYTES)}")
    return "\n".join(lines)


def _digest(head: Sequence[Item]) -> str:
    """One line a call: what was done and how it began to answer."""
    lines: list[str] = []
    for item in head:
        match item:
            case Compacted():
                lines.append(item.summary)
            case Thought() if item.actions:
                lines.append(f"step {item.step}: {', '.join(action.name for action in item.actions)}")
            case Observed():
                first = item.observation.text.strip().split("\n", 1)[0][:_LINE]
                lines.append(f"{item.action} {'failed' if item.observation.is_error else 'gave'}: {first}")
            case _:
                pass
    return middle_out("\n".join(lines), LONGEST_DIGEST) or "Nothing worth keeping."


def _agreed(state: State, head: Sequence[Item]) -> str:
    """Plan and contract as they stand, and what people answered and decided in the steps that leave."""
    spoken = [one.text.strip() for one in head if isinstance(one, PersonSpoke) and one.text.strip()]
    earlier = [one.kept.partition(_DECIDED)[2].strip() for one in head if isinstance(one, Compacted)]
    lines = [line for line in earlier if line]
    actions = {
        key: action
        for one in head
        if isinstance(one, Thought)
        for key, action in keyed(one.step, one.actions)
    }
    for item in head:
        if isinstance(item, Observed) and item.action in actions:
            lines += _decided(item, actions[item.action].name, spoken)
    parts = [reminder(state), *_contract(state)]
    parts += ["\n".join([_DECIDED, *lines])] if lines else []
    return "\n\n".join(part for part in parts if part)


def _contract(state: State) -> list[str]:
    """The code of the checks: with the step that set them, it left the context."""
    each = LONGEST_CONTRACT // max(1, len(state.contract or ()))
    return [f"The check {check.name!r}:\n{middle_out(check.code, each)}" for check in state.contract or ()]


_DECIDED = "What people answered and decided:"


def _decided(item: Observed, tool: str, spoken: Sequence[str]) -> list[str]:
    """A line for an answer or a no. Words that stand in the context as a message are not repeated."""
    text = item.observation.text
    answered = tool == "ask" and not item.observation.is_error
    if not answered and not (item.refused and text.startswith("Rejected by ")):
        return []
    for words in spoken:
        text = text.replace(words, "(as written in the thread)")
    return [f"- `{tool}` {item.action}: {middle_out(text, _CALL_BYTES)}"]
