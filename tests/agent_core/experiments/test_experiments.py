"""Experiments: registered first, judged by a test that looking daily does not fool."""

from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest

from agent_core.clock import Clock
from agent_core.errors import RefusedError
from agent_core.experiments import ENOUGH, Experiments, Look, Looked, Registered, evidence
from agent_core.storage import Storage
from agent_core.values import Person

ANN = Person(id="1", name="Ann")
GUILD = "10"


def day_of(random: Random, control: float, variant: float, size: int = 100) -> Look:
    return Look(
        control_hits=_hits(random, size, control),
        control_trials=size,
        variant_hits=_hits(random, size, variant),
        variant_trials=size,
    )


def _hits(random: Random, size: int, rate: float) -> int:
    return sum(random.random() < rate for _ in range(size))


def ever_called(random: Random, control: float, variant: float, days: int = 30) -> bool:
    return max(evidence(day_of(random, control, variant) for _ in range(days))) >= ENOUGH


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.5])
def test_looking_daily_at_nothing_seldom_finds_something(rate: float):
    random = Random(2)  # noqa: S311 - to repeat it
    called = sum(ever_called(random, rate, rate) for _ in range(200))
    assert called <= 10


def test_a_real_rise_from_5_to_8_percent_is_mostly_found():
    random = Random(3)  # noqa: S311 - to repeat it
    assert sum(ever_called(random, 0.05, 0.08) for _ in range(50)) >= 40


def test_a_fall_is_no_success():
    assert max(evidence([Look(control_hits=80, control_trials=100, variant_hits=2, variant_trials=100)])) < 1


def test_a_rate_is_compared_with_its_baseline():
    random = Random(4)  # noqa: S311 - to repeat it
    days = [Look(control_hits=0, control_trials=0, variant_hits=_hits(random, 100, 0.1), variant_trials=100)
            for _ in range(30)]  # fmt: skip
    assert max(evidence(days, baseline=0.05)) >= ENOUGH
    assert max(evidence(days, baseline=0.1)) < ENOUGH


def registered(today: date, **changed: object) -> Registered:
    fields: dict[str, object] = {
        "id": "x",
        "hypothesis": "The price first gets more sign-ups",
        "metric": "sign-ups per visitor",
        "baseline": None,
        "cost_cap": Decimal(20),
        "stop_date": today + timedelta(days=30),
        "probability": 0.3,
        "start": today,
        "by": ANN,
    }
    return Registered(**(fields | changed))  # pyright: ignore[reportArgumentType]


@pytest.fixture
def experiments(storage: Storage) -> Experiments:
    return Experiments(records=storage.experiments, clock=Clock())


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"probability": 1.0}, "between 0 and 1"),
        ({"baseline": 1.5}, "baseline"),
        ({"cost_cap": Decimal(-1)}, "cost cap"),
        ({"hypothesis": " "}, "hypothesis"),
        ({"stop_date": date(2001, 1, 1)}, "is over"),
    ],
)
async def test_a_registration_that_cannot_be_judged_is_refused(
    experiments: Experiments, changed: dict[str, object], why: str
):
    with pytest.raises(RefusedError, match=why):
        await experiments.add(GUILD, registered(Clock().today(), **changed))
    assert (await experiments.register_of(GUILD)).number == 0


def looked(today: date, name: str, look: Look, minutes: int = 5) -> Looked:
    return Looked(id=name, experiment="x", day=today, look=look, minutes=minutes, by=ANN)


async def test_success_stays_success_and_the_forecast_is_scored(experiments: Experiments):
    today = Clock().today()
    await experiments.add(GUILD, registered(today))
    strong = Look(control_hits=5, control_trials=100, variant_hits=40, variant_trials=100)
    experiment = await experiments.look(GUILD, looked(today, "1", strong))
    weak = Look(control_hits=50, control_trials=100, variant_hits=0, variant_trials=100)
    await experiments.look(GUILD, looked(today, "2", weak))
    await experiments.look(GUILD, looked(today, "2", weak))  # said twice, counted once
    assert experiment.outcome(today, Decimal(0)) == "success"
    assert experiment.minutes == 10
    register = await experiments.register_of(GUILD)
    assert register.brier(today, {}) == (pytest.approx(0.49), 1)


async def test_nothing_worked_is_a_normal_result(experiments: Experiments):
    today = Clock().today()
    await experiments.add(GUILD, registered(today))
    flat = Look(control_hits=5, control_trials=100, variant_hits=5, variant_trials=100)
    experiment = await experiments.look(GUILD, looked(today, "1", flat))
    assert experiment.outcome(today, Decimal(0)) == "running"
    later = today + timedelta(days=31)
    assert experiment.outcome(later, Decimal(0)) == "nothing shown"
    assert experiment.outcome(today, Decimal(-21)) == "over its cap"
    register = await experiments.register_of(GUILD)
    assert register.brier(later, {}) == (pytest.approx(0.09), 1)


async def test_numbers_that_cannot_be_or_come_too_late_are_refused(experiments: Experiments):
    today = Clock().today()
    await experiments.add(GUILD, registered(today, stop_date=today))
    bad = Look(control_hits=5, control_trials=4, variant_hits=0, variant_trials=0)
    with pytest.raises(RefusedError, match="5 of 4 cannot be"):
        await experiments.look(GUILD, looked(today, "1", bad))
    fine = Look(control_hits=1, control_trials=4, variant_hits=0, variant_trials=0)
    for day, why in ((today - timedelta(days=1), "nothing before"), (today + timedelta(days=1), "ended on")):
        with pytest.raises(RefusedError, match=why):
            await experiments.look(GUILD, looked(day, "2", fine))


async def test_numbers_of_days_to_come_do_not_close_the_experiment_for_those_of_today(
    experiments: Experiments,
):
    today = Clock().today()
    await experiments.add(GUILD, registered(today, stop_date=today + timedelta(days=400)))
    fine = Look(control_hits=1, control_trials=4, variant_hits=0, variant_trials=0)
    with pytest.raises(RefusedError, match="still to come"):
        await experiments.look(GUILD, looked(today + timedelta(days=300), "1", fine))
    assert (await experiments.look(GUILD, looked(today, "2", fine))).total == fine
