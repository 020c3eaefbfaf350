"""The status card at the top of a thread, from the state alone: the same state gives the same text. Pure."""

from agent_core.links import host_of
from agent_core.session import State
from agent_core.values import Right, ServerRules, Status
from bot.render.defang import defanged
from bot.render.escape import code, line
from bot.render.words import counted, dollars, who

EMOJI = {
    Status.RUNNING: "⚙️",
    Status.WAITING: "⏳",
    Status.PAUSED: "⏸️",
    Status.FINISHED: "🏁",
    Status.STOPPED: "🛑",
    Status.FAILED: "💥",
}
_WAITS_FOR = {
    "decision": "for a decision",
    "answer": "for an answer",
    "time": "for a time",
    "thread": "for its thread",
    "budget": "for budget",
    "delegate": "for its delegate",
}


def outcome(status: Status, *, checked: bool) -> str:
    """The exact words for how a session ended."""
    return "finished, unchecked" if status is Status.FINISHED and not checked else str(status)


def show_card(state: State, rules: ServerRules) -> str:
    """State, step, plan, contract, budget, files, who may approve, marks; without the marker line."""
    rows = [
        f"{EMOJI[state.status]} {_standing(state)}",
        f"🎯 {line(state.goal, 250)}",
        _spent(state),
        *_plan(state),
        *_contract(state),
        *_files(state),
    ]
    if not state.ended:
        rows.append(f"**Autonomy** {state.started.autonomy} · **Approve** {who(rules, Right.APPROVE)}")
    rows += _marks(state)
    text = "\n".join(rows)
    return defanged(text) if state.marks.tainted else text


def _marks(state: State) -> list[str]:
    """Both marks, and what set them: the newest first."""
    places = [host_of(place) or place for place in reversed(state.marks.places)]
    marks = [("tainted", "by", places), ("private", "for", list(reversed(state.marks.private)))]
    said = [f"{name} {how} {_few(what)}" for name, how, what in marks if what]
    return [f"**Marks** {' · '.join(said)}"] if said else []


def _few(names: list[str]) -> str:
    each = list(dict.fromkeys(names))
    more = f" and {len(each) - 3} more" if len(each) > 3 else ""
    return ", ".join(code(name, 50) for name in each[:3]) + more


def _standing(state: State) -> str:
    if state.ended:
        return f"**{outcome(state.ended.status, checked=state.ended.checked)}**"
    if state.paused:
        return f"**paused** · {line(state.paused.reason, 200)}"
    if state.waiting:
        about = f" · {line(state.failure.text, 160)}" if state.waiting == "time" and state.failure else ""
        return f"**waiting** {_WAITS_FOR[state.waiting]}{about}"
    return "**running**"


def _spent(state: State) -> str:
    steps = f"Step {state.step} of {state.limits.steps}"
    spent = f"{dollars(state.cost_usd)} of {dollars(state.limits.usd)}"
    return f"{steps} · {spent} · {counted(state.usage.total_tokens, 'token')}"


def _plan(state: State) -> list[str]:
    if not state.plan:
        return []
    rows = [f"{'☑' if item.done else '☐'} {line(item.text, 60)}" for item in state.plan[:10]]
    left = len(state.plan) - 10
    done = sum(item.done for item in state.plan)
    head = f"**Plan** {done} of {len(state.plan)} done"
    return [head, *rows, *([f"… and {left} more"] if left > 0 else [])]


def _contract(state: State) -> list[str]:
    if not state.contract:
        return []
    held = {result.name: result.holds for result in state.results}
    sign = {True: "✅", False: "❌", None: "▫️"}
    rows = [f"{sign[held.get(check.name)]} {line(check.name, 60)}" for check in state.contract[:8]]
    left = len(state.contract) - 8
    return ["**Done when**", *rows, *([f"… and {left} more"] if left > 0 else [])]


def _files(state: State) -> list[str]:
    if not state.files:
        return []
    names = [code(path, 40) for path in list(state.files)[-6:]]
    left = len(state.files) - len(names)
    return [f"**Files** {', '.join(names)}" + (f" and {left} more" if left else "")]
