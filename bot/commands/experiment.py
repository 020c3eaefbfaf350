"""/experiment: said before it starts, looked at as often as one likes, and reported as it is."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from discord import app_commands

from agent_core.errors import RefusedError
from agent_core.experiments import Experiment, Look, Looked, Registered
from agent_core.ledger import amount, refuse_plan
from agent_core.values import Right
from bot.commands.answer import Asking, answer, asker, defer
from bot.commands.desk import Desk, guild_of, let_in
from bot.commands.ledger import day_of
from bot.render.books import experiment_line, experiment_rows, fitted, forecast_line

_COUNTS = re.compile(r"\s*(\d{1,9})\s*(?:/|of)\s*(\d{1,9})\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """What came in since the last look, as somebody typed it."""

    variant: str | None
    control: str | None
    minutes: int
    day: str | None


def experiment(desk: Desk) -> app_commands.Group:
    """The commands that register, enter and report."""
    group = app_commands.Group(
        name="experiment", description="Experiments that say beforehand what would count."
    )

    @group.command(name="add", description="Register an experiment before it starts.")
    @app_commands.describe(
        hypothesis="What you expect, and of what.",
        metric="Hits per trial, such as sign-ups per visitor.",
        cap="The most that it may cost.",
        stop="The last day that counts, as 2026-12-31.",
        probability="How likely success is, from 0 to 1.",
        baseline="The rate to beat, such as 0.05; without one a control arm runs along.",
    )
    async def add(  # noqa: PLR0917 - the parameters are the options
        interaction: Asking,
        hypothesis: app_commands.Range[str, 1, 500],
        metric: app_commands.Range[str, 1, 500],
        cap: str,
        stop: str,
        probability: float,
        baseline: float | None = None,
    ) -> None:
        refuse_plan(f"{hypothesis}\n{metric}")
        member = await let_in(desk, interaction, Right.APPROVE)
        await defer(desk.api, interaction, ephemeral=False)
        registered = Registered(
            id=str(interaction.id),
            hypothesis=hypothesis,
            metric=metric,
            baseline=baseline,
            cost_cap=amount(cap),
            stop_date=day_of(stop),
            probability=probability,
            start=desk.clock.today(),
            by=member.person,
        )
        added = await desk.experiments.add(guild_of(interaction), registered)
        await answer(desk.api, interaction, await _report(desk, guild_of(interaction), added))

    @group.command(name="list", description="All experiments, and how good past forecasts were.")
    async def show(interaction: Asking) -> None:
        asker(interaction)
        await defer(desk.api, interaction, ephemeral=True)
        await answer(desk.api, interaction, await _list(desk, guild_of(interaction)))

    @group.command(
        name="report", description="How an experiment stands; with numbers, those are entered first."
    )
    @app_commands.describe(
        experiment="Its number.",
        variant="New hits of new trials since the last look, such as 8/100.",
        control="The same of the control arm.",
        minutes="People's time that went into it since the last look.",
        day="The day of the numbers, as 2026-11-03; today unless you say otherwise.",
    )
    async def report(  # noqa: PLR0917 - the parameters are the options
        interaction: Asking,
        experiment: str,
        variant: str | None = None,
        control: str | None = None,
        minutes: app_commands.Range[int, 0, 100_000] = 0,
        day: str | None = None,
    ) -> None:
        numbers = Numbers(variant=variant, control=control, minutes=minutes, day=day)
        await _enter_and_report(desk, interaction, experiment, numbers)

    return group


async def _enter_and_report(desk: Desk, interaction: Asking, name: str, numbers: Numbers) -> None:
    guild_id = guild_of(interaction)
    if numbers.variant is None and numbers.control is None and not numbers.minutes:
        asker(interaction)
        await defer(desk.api, interaction, ephemeral=False)
        found = (await desk.experiments.register_of(guild_id)).find(name)
        await answer(desk.api, interaction, await _report(desk, guild_id, found))
        return
    member = await let_in(desk, interaction, Right.APPROVE)
    await defer(desk.api, interaction, ephemeral=False)
    found = (await desk.experiments.register_of(guild_id)).find(name)
    variant_hits, variant_trials = _counts("variant", numbers.variant)
    control_hits, control_trials = _counts("control", numbers.control)
    looked = Looked(
        id=str(interaction.id),
        experiment=found.registered.id,
        day=day_of(numbers.day) if numbers.day else desk.clock.today(),
        look=Look(
            control_hits=control_hits,
            control_trials=control_trials,
            variant_hits=variant_hits,
            variant_trials=variant_trials,
        ),
        minutes=numbers.minutes,
        by=member.person,
    )
    found = await desk.experiments.look(guild_id, looked)
    await answer(desk.api, interaction, await _report(desk, guild_id, found))


async def _report(desk: Desk, guild_id: str, experiment: Experiment) -> str:
    books = await desk.ledger.books(guild_id)
    net = books.net_of(experiment.registered.id)
    outcome = experiment.outcome(desk.clock.today(), net)
    brier = (await desk.experiments.register_of(guild_id)).brier(
        desk.clock.today(), await _nets(desk, guild_id)
    )
    return experiment_rows(experiment, outcome, net, books.currency) + "\n" + forecast_line(brier)


async def _list(desk: Desk, guild_id: str) -> str:
    register, nets = await desk.experiments.register_of(guild_id), await _nets(desk, guild_id)
    today: date = desk.clock.today()
    rows = [
        experiment_line(one, one.outcome(today, nets[one.registered.id]))
        for one in reversed(register.experiments.values())
    ]
    if not rows:
        return "Nothing is registered yet. `/experiment add` says beforehand what would count."
    return fitted((forecast_line(register.brier(today, nets)), *rows), 2000)


async def _nets(desk: Desk, guild_id: str) -> dict[str, Decimal]:
    books = await desk.ledger.books(guild_id)
    register = await desk.experiments.register_of(guild_id)
    return {name: books.net_of(name) for name in register.experiments}


def _counts(arm: str, text: str | None) -> tuple[int, int]:
    if text is None:
        return 0, 0
    found = _COUNTS.fullmatch(text)
    if found is None:
        raise RefusedError(f"{arm}: {text!r} says no hits and trials. Write them as 8/100.")
    return int(found[1]), int(found[2])
