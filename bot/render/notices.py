"""What a thread says in passing: that it went back, goes on from elsewhere, that something waits. Pure."""

from agent_core.below import Delegated, Rejoined, Relayed
from agent_core.events import Forked, ReactionChanged, Reminded, Rewound
from agent_core.values import Status
from bot.render.escape import code, line, prose
from bot.render.words import counted, dollars

CUT_IN_SILENCE = (
    "⚠️ The model's server read only {:,} tokens of a longer request and dropped the rest without a word."
    " From now on requests are kept below that.\n-# a larger window helps (Ollama: `num_ctx`),"
    " or set `CONTEXT_WINDOW`"
)

_WAITED = {1: "an hour", 2: "twelve hours", 3: "three days"}


def rewound(event: Rewound) -> str:
    """Who took it back, and to where."""
    return (
        f"⏪ **{line(event.person.name, 60)}** took this goal back to step {event.step}: its files, its"
        " plan and what it knows are as they were then. What was spent stays spent."
    )


def forked(event: Forked) -> str:
    """Where the session comes from."""
    place = f" of <#{event.source_thread}>" if event.source_thread else ""
    name = line(event.starter.name, 60)
    return f"🍴 **{name}** goes on from step {event.step}{place}, with a budget of its own."


def reminded(event: Reminded, person_id: str | None) -> str:
    """A short word under what waits; it pings the one person, unless that was switched off."""
    to = f"<@{person_id}> " if person_id else ""
    return f"{to}⏰ this has waited for {_WAITED.get(event.number, 'a while')} now · silence is never a yes"


def stands_still(reason: str) -> str:
    """That nothing goes on, and why."""
    return f"⏸️ **paused** · {prose(reason, 1000)}\n-# `/resume` goes on, `/stop` ends it"


def delegated(event: Delegated) -> str:
    """A sub-session begins: what it is to do, and what it may spend."""
    kind = "" if event.role == "delegate" else f" ({line(event.role, 40)})"
    share = f"{dollars(event.limits.usd)}, {counted(event.limits.steps, 'step')}"
    return f"🧩 **delegated{kind}:** {prose(event.goal, 1200)}\n-# it may use {share} of this goal's budget"


def rejoined(event: Rejoined, spent_usd: float) -> str:
    """It has ended: how, after how many steps, and what it cost."""
    how = "has finished" if event.status is Status.FINISHED else f"ended as {event.status}"
    return f"🧩 the delegate {how} · {counted(event.steps, 'step')} · {dollars(spent_usd)}"


def relayed(event: Relayed) -> str:
    """A word was handed on to it."""
    verb = "allowed" if event.allowed else "rejected"
    standing = " on a standing yes" if event.uses_five else ""
    return f"the delegate's {code(event.asks_for.name, 60)} is {verb}{standing}"


def pressed(event: ReactionChanged) -> str:
    """Who pressed what, or took it back."""
    verb = "pressed" if event.present else "took back"
    return f"**{line(event.person.name, 60)}** {verb} {line(event.emoji, 40)}"
