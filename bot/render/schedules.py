"""A schedule as its channel shows it. Pure."""

from agent_core.schedule import Plan
from bot.render.escape import code, line

PART = "schedule"
"""What stands in for a session where a message belongs to a schedule."""

PAUSE, GO_ON, RUN, REMOVE = "⏸", "▶", "⏩", "🗑"


def card(plan: Plan) -> str:
    """The schedule's own post."""
    rows = [
        f"🗓️ **Schedule** by <@{plan.by.id}>: {code(plan.words, 80)}",
        f"> {line(plan.goal, 300)}",
        when(plan),
    ]
    about = [f"autonomy {plan.autonomy}"] if plan.autonomy else []
    about += [f"budget ${plan.budget_usd:.2f}"] if plan.budget_usd is not None else []
    about += [f"template {plan.template}"] if plan.template else []
    about += ["with a check before it"] if plan.check else []
    if about:
        rows.append(f"-# {' · '.join(about)}")
    rows.append(f"-# {PAUSE}️ pause · {GO_ON}️ go on · {RUN} run now · {REMOVE}️ remove")
    return "\n".join(rows)


def when(plan: Plan) -> str:
    """When it comes next, or why it does not."""
    if plan.paused:
        return f"⏸️ paused: {line(plan.paused, 200)}"
    if plan.next is None:
        return "It is over."
    return f"next <t:{int(plan.next)}:F> (<t:{int(plan.next)}:R>)"


def row(number: int, plan: Plan) -> str:
    """The schedule in one line of a list."""
    return f"**{number}** {code(plan.words, 60)} · {line(plan.goal, 60)} · {when(plan)}"


def note(plan: Plan, due: float, missed: int) -> str:
    """That it comes late, and what is left out."""
    left = f" {missed} earlier time{'s were' if missed > 1 else ' was'} left out." if missed else ""
    return f"⏰ {code(plan.words, 60)} was due <t:{int(due)}:f>, while I was away: it begins now.{left}"
