"""What an exploration or improvement came to, and how a server's learning goes: tables and pictures. Pure."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime

from agent_core.ledger.export import harmless
from agent_core.skills import Held, Severity, Shelves, Skill
from bot.render.escape import line
from bot.render.plots import Series, bar_chart, line_chart
from bot.render.words import counted

MOST_ROWS = 25
_WORKS = "works"
_WINDOW = 20
"""Tries over which a success rate is taken."""


def report(made: Sequence[Held], shelves: Shelves, *, what: str) -> str:
    """A row for each script that a session has filed, and the errors by how often and how bad."""
    if not made:
        return f"**{what}**: nothing new was filed."
    proven = sum(one.skill.proven for one in made)
    head = (
        f"**{what}: {counted(len(made), 'script')}** · {proven} among the successes ·"
        f" {len(made) - proven} among the failures"
    )
    rows = [_row(one) for one in made[:MOST_ROWS]]
    if len(made) > MOST_ROWS:
        rows.append(f"… and {len(made) - MOST_ROWS} more in the table")
    mine = {one.skill.id for one in made}
    errors = sorted(
        (seen for seen in shelves.errors.values() if seen.skills & mine), key=lambda seen: -seen.weight
    )
    if errors:
        rows.append("**Errors**, by how often and how bad")
        rows += [
            f"- {counted(seen.count, 'time')} · {seen.signature.severity.words} ·"
            f" {line(seen.signature.kind, 60)}"
            for seen in errors[:8]
        ]
    return "\n".join([head, *rows])


def table(made: Iterable[Held]) -> bytes:
    """The same as CSV, one row for each script."""
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(
        ["name", "id", "shelf", "error", "severity", "mutants_caught", "mutants", "seconds", "parents"]
    )
    for one in made:
        filed = one.skill.filed
        error = filed.signature
        writer.writerow(
            [
                one.card.script.name,
                one.skill.id,
                filed.shelf,
                harmless(error.kind) if error else "",
                error.severity.words if error else "",
                filed.caught,
                filed.mutants,
                f"{filed.duration_s:.3f}",
                " ".join(filed.parents),
            ]
        )
    return sheet.getvalue().encode()


def outcome_chart(made: Sequence[Held]) -> bytes:
    """Successes, and failures by their error. Slow: not on the loop."""
    errors = Counter(_kind(one) for one in made if not one.skill.proven)
    labels = [_WORKS, *(kind for kind, _ in errors.most_common(9))]
    proven = sum(one.skill.proven for one in made)
    series = [
        Series(name="successes", values=[proven, *(0 for _ in labels[1:])]),
        Series(name="failures", values=[0, *(errors[kind] for kind in labels[1:])]),
    ]
    return bar_chart("Successes and failures", labels, series, unit="scripts")


def rate_chart(shelves: Shelves) -> bytes:
    """The share of tries that worked, day by day, of all and of the last ones. Slow: not on the loop."""
    days: dict[date, tuple[float, float]] = {}
    worked: list[bool] = []
    for at, works in shelves.tried:
        worked.append(works)
        last = worked[-_WINDOW:]
        days[datetime.fromtimestamp(at, UTC).date()] = (
            100 * sum(worked) / len(worked),
            100 * sum(last) / len(last),
        )
    series = [
        Series(name="all so far", values=[whole for whole, _ in days.values()]),
        Series(name=f"the last {_WINDOW}", values=[recent for _, recent in days.values()]),
    ]
    return line_chart("Tries that worked", list(days), series, unit="%")


def error_chart(shelves: Shelves) -> bytes:
    """Errors by how often they came, a colour for each severity. Slow: not on the loop."""
    seen = sorted(shelves.errors.values(), key=lambda one: -one.weight)[:10]
    labels = [one.signature.kind for one in seen]
    series = [
        Series(
            name=severity.words,
            values=[one.count if one.signature.severity is severity else 0 for one in seen],
        )
        for severity in sorted(Severity, reverse=True)
        if any(one.signature.severity is severity for one in seen)
    ]
    return bar_chart("Errors by frequency and severity", labels, series, unit="times")


def lineage(held: Sequence[Held]) -> list[str]:
    """The skills that have parents or children, as a tree; a child of two stands under each."""
    known = {one.skill.id: one for one in held}
    children: dict[str, list[str]] = {}
    for one in held:
        for parent in one.skill.filed.parents:
            children.setdefault(parent, []).append(one.skill.id)
    roots = [
        one.skill.id
        for one in held
        if one.skill.id in children and not set(one.skill.filed.parents) & set(known)
    ]
    rows: list[str] = []

    def grow(skill: str, depth: int, above: frozenset[str]) -> None:
        if skill not in known or skill in above:
            return
        one = known[skill]
        mark = "✅" if one.skill.proven else "❌"
        rows.append(f"{'  ' * depth}- {mark} {one.card.script.name} ({skill}, score {one.skill.score:.2f})")
        for child in children.get(skill, []):
            grow(child, depth + 1, above | {skill})

    for root in roots:
        grow(root, 0, frozenset())
    return rows


def helped(skills: Iterable[Skill]) -> list[tuple[Skill, float, float]]:
    """Skills that were used, the surest first: with the share of runs that worked, between which bounds.

    Bounds of 95 % after Wilson (1927).
    """
    found: list[tuple[Skill, float, float]] = []
    for one in skills:
        if one.runs:
            low, high = wilson(one.worked, one.runs)
            found.append((one, low, high))
    return sorted(found, key=lambda row: -row[1])


def wilson(worked: int, runs: int) -> tuple[float, float]:
    """Between which shares the true one lies, in 95 of 100 cases."""
    z, share = 1.96, worked / runs
    middle = (share + z * z / (2 * runs)) / (1 + z * z / runs)
    half = z / (1 + z * z / runs) * ((share * (1 - share) + z * z / (4 * runs)) / runs) ** 0.5
    return max(0.0, middle - half), min(1.0, middle + half)


def _row(held: Held) -> str:
    mark = "✅" if held.skill.proven else "❌"
    name = line(held.card.script.name, 64)
    locked = " · 🔒 in quarantine" if held.skill.quarantined else ""
    error = held.skill.filed.signature
    if held.skill.proven or error is None:
        filed = held.skill.filed
        return f"{mark} {name} · its check notices {filed.caught} of {filed.mutants} mistakes{locked}"
    return f"{mark} {name} · {line(error.kind, 60)} ({error.severity.words}){locked}"


def _kind(held: Held) -> str:
    return held.skill.filed.signature.kind if held.skill.filed.signature else "failed"
