"""Skills as people read them. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from agent_core.skills import Admitted, Change, Filed, Held, Shelves, Stood, Undone
from bot.render.books import fitted
from bot.render.escape import code, line
from bot.render.learning import helped
from bot.render.words import counted

ROOM = 1950
_STANDINGS = {
    "released": "released from quarantine",
    "quarantined": "put into quarantine",
    "archived": "archived",
    "active": "restored",
}


def row(held: Held) -> str:
    """One skill in two lines."""
    skill, script = held.skill, held.card.script
    mark = "✅" if skill.proven else "❌"
    runs = f" · worked in {skill.worked} of {skill.runs} runs" if skill.runs else ""
    flags = (" · 🔒 quarantine" if skill.quarantined else "") + (" · archived" if skill.archived else "")
    why = f" · {line(str(skill.filed.signature), 80)}" if skill.filed.signature else ""
    return (
        f"{mark} **{line(script.name, 64)}** {code(skill.id)}{flags}{runs}{why}\n"
        f"-# {line(script.description, 160)}"
    )


def listed(held: Sequence[Held], shelf: str) -> list[str]:
    """The newest first."""
    if not held:
        return [f"There are no {shelf or 'skills'} here yet."]
    proven = sum(one.skill.proven for one in held)
    head = f"**{counted(len(held), 'skill')}**: {proven} proven, {len(held) - proven} failed"
    return [head, *(row(one) for one in reversed(held))]


def page(held: Held, parents: Iterable[str]) -> str:
    """Everything about one skill but its code."""
    skill, script, origin = held.skill, held.card.script, held.card.origin
    filed = skill.filed
    takes = [f"- {code(one.name, 60)} {line(one.description, 100)}" for one in script.parameters]
    made = f"made by {'an import' if origin.how == 'import' else origin.how} <t:{int(skill.at)}:d>"
    place = f" in <#{origin.channel_id}>" if origin.channel_id else ""
    lineage = ", ".join(code(one) for one in parents)
    rows = [
        row(held),
        *(["**Takes**", *takes] if takes else []),
        f"**Judged** {line(filed.why, 300)}" if filed.why else "",
        f"**Comes from** {lineage}" if lineage else "",
        f"**Needs** {line(', '.join(script.dependencies), 200)}" if script.dependencies else "",
        f"-# {made}{place} · score {skill.score:.2f} · children: {skill.children}",
        "-# 🔒 It is not used until somebody who may decide says `change: release`." * skill.quarantined,
    ]
    return fitted([one for one in rows if one], ROOM)


def change_row(change: Change, names: Mapping[str, str]) -> str:
    """One entry of the history; skills that the reader may not see have no name."""
    record = change.record
    match record:
        case Filed():
            what = f"{_named(record.skill, names)} filed among the {record.shelf}"
        case Stood():
            by = f" by <@{record.by}>" if record.by else ""
            what = f"{_named(record.skill, names)} {_STANDINGS[record.standing]}{by}"
        case Undone():
            what = f"change {record.number} undone" + (f" by <@{record.by}>" if record.by else "")
    struck = f"~~{what}~~ (undone)" if change.undone else what
    room = len(record.archived) if isinstance(record, Filed | Stood) else 0
    more = f" · {counted(room, 'other')} archived for it" if room else ""
    return f"**{change.number}** <t:{int(change.at)}:R> {struck}{more}"


def plain_change(change: Change, names: Mapping[str, str]) -> str:
    """The same in one line without any markup, to pick from."""
    record = change.record
    match record:
        case Filed():
            what = f"{names.get(record.skill, 'a skill')}: filed among the {record.shelf}"
        case Stood():
            what = f"{names.get(record.skill, 'a skill')}: {_STANDINGS[record.standing]}"
        case Undone():
            what = f"undoing of {record.number}"
    return f"{change.number}: {what}"


def history(changes: Sequence[Change], names: Mapping[str, str]) -> list[str]:
    """The newest changes first."""
    if not changes:
        return ["Nothing has happened yet."]
    rows = [change_row(one, names) for one in reversed(changes)]
    return [*rows, "-# `/skills undo` takes one back; nothing is lost by it."]


def stats(shelves: Shelves, held: Sequence[Held]) -> str:
    """How it goes: numbers, what helped most, and which errors come how often. `held`: what may be seen."""
    skills = list(shelves.skills.values())
    active = [one for one in skills if not one.archived]
    proven = sum(one.proven for one in active)
    worked = sum(worked for _, worked in shelves.tried)
    tried = len(shelves.tried)
    share = f" ({100 * worked / tried:.0f} %)" if tried else ""
    errors = sorted(shelves.errors.values(), key=lambda one: (-one.weight, one.first))
    rows = [
        f"**{counted(proven, 'proven skill')}**, {len(active) - proven} failed,"
        f" {sum(one.quarantined for one in active)} in quarantine, {len(skills) - len(active)} archived",
        f"Tried {counted(tried, 'time')}, worked {worked:,}{share}",
        *_helped(held),
        *(["**Errors**, by how often and how bad"] if errors else []),
        *(
            f"- {counted(one.count, 'time')} · {one.signature.severity.words} ·"
            f" {line(str(one.signature), 120)} · <t:{int(one.first)}:d> to <t:{int(one.last)}:d>"
            for one in errors
        ),
    ]
    return fitted(rows, ROOM)


def _helped(held: Sequence[Held]) -> list[str]:
    """The skills whose runs worked most surely."""
    names = {one.skill.id: one.card.script.name for one in held}
    best = helped(one.skill for one in held)[:5]
    rows = [
        f"- **{line(names[skill.id], 64)}** worked in {skill.worked} of {skill.runs} runs:"
        f" {100 * low:.0f} to {100 * high:.0f} % of all, with 95 % confidence"
        for skill, low, high in best
    ]
    return ["**What helped most**, and how sure that is", *rows] if rows else []


def admitted_row(name: str, found: Admitted) -> str:
    """What an import came to, of one skill."""
    shown = f"**{line(name, 64)}**"
    if found.twin:
        return f"➖ {shown} was here already"
    if found.skill is None:
        return f"🚫 {shown} was not taken: {line(found.judgement.text, 120)}"
    held_back = " · 🔒 in quarantine" if found.skill.quarantined else ""
    stored = " · judged by the check that was here" if found.stored_check else ""
    if found.judgement.passed:
        return f"✅ {shown} is proven{held_back}{stored}"
    return f"❌ {shown} fails: {line(found.judgement.text, 120)}{held_back}{stored}"


def _named(skill: str, names: Mapping[str, str]) -> str:
    return f"**{line(names[skill], 64)}**" if skill in names else "a skill"
