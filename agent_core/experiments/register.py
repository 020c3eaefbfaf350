"""The experiments of one server, folded from their records, and what has become of each. Pure."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from agent_core.errors import RefusedError
from agent_core.experiments.evalue import ENOUGH, Look, evidence
from agent_core.experiments.records import Looked, Record, Registered
from agent_core.storage.chronicle import Written

Outcome = Literal["running", "success", "nothing shown", "over its cap"]

LONGEST_TEXT = 500


@dataclass(slots=True, kw_only=True)
class Experiment:
    """A registered experiment and its looks."""

    number: int
    registered: Registered
    looks: list[Looked] = field(default_factory=list[Looked])

    @property
    def values(self) -> list[float]:
        """The e-value after each look that counts: those up to the stop date."""
        counted = [one.look for one in self.looks if one.day <= self.registered.stop_date]
        return evidence(counted, self.registered.baseline)

    @property
    def minutes(self) -> int:
        """Of people's time that went into it."""
        return sum(one.minutes for one in self.looks)

    @property
    def total(self) -> Look:
        """All looks together."""
        looks = [one.look for one in self.looks]
        return Look(
            control_hits=sum(one.control_hits for one in looks),
            control_trials=sum(one.control_trials for one in looks),
            variant_hits=sum(one.variant_hits for one in looks),
            variant_trials=sum(one.variant_trials for one in looks),
        )

    def outcome(self, today: date, net: Decimal) -> Outcome:
        """What has become of it; `net`: income less expenses so far, in the books' currency."""
        if any(value >= ENOUGH for value in self.values):
            return "success"
        if -net > self.registered.cost_cap:
            return "over its cap"
        return "nothing shown" if today > self.registered.stop_date else "running"


@dataclass(slots=True, kw_only=True)
class Register:
    """Everything that was ever registered, in order."""

    number: int = 0
    experiments: dict[str, Experiment] = field(default_factory=dict[str, Experiment])
    seen: set[str] = field(default_factory=set[str])

    def apply(self, written: Written[Record]) -> None:
        """Fold one record. Raises ValueError where the numbering has a gap."""
        if written.number != self.number + 1:
            raise ValueError(f"record {written.number} after {self.number}")
        self.number = written.number
        match written.record:
            case Registered() as registered:
                number = len(self.experiments) + 1
                self.experiments[registered.id] = Experiment(number=number, registered=registered)
            case Looked() as looked:
                self.seen.add(looked.id)
                self.experiments[looked.experiment].looks.append(looked)

    def allow(self, record: Record) -> bool:
        """Whether this may be written now; False where it stands there already. Raises RefusedError."""
        match record:
            case Registered():
                if record.id in self.experiments:
                    return False
                _check(record)
            case Looked():
                if record.id in self.seen:
                    return False
                _check_look(self.find(record.experiment), record)
        return True

    def find(self, name: str) -> Experiment:
        """The experiment with this id or number. Raises RefusedError."""
        plain = name.strip().removeprefix("#")
        if found := self.experiments.get(plain):
            return found
        for experiment in self.experiments.values():
            if str(experiment.number) == plain:
                return experiment
        raise RefusedError(f"There is no experiment {name!r}. `/experiment list` shows them.")

    def brier(self, today: date, nets: dict[str, Decimal]) -> tuple[float, int] | None:
        """The mean squared error of past forecasts, and how many those are; None before the first has ended.

        0 is perfect, 0.25 is what always saying one half gets (Brier, 1950).
        """
        errors = [
            (one.registered.probability - (outcome == "success")) ** 2
            for one in self.experiments.values()
            if (outcome := one.outcome(today, nets.get(one.registered.id, Decimal(0)))) != "running"
        ]
        return (sum(errors) / len(errors), len(errors)) if errors else None


def _check(registered: Registered) -> None:
    for name, text in (("hypothesis", registered.hypothesis), ("metric", registered.metric)):
        if not text.strip() or len(text) > LONGEST_TEXT:
            raise RefusedError(f"Say the {name} in 1 to {LONGEST_TEXT} characters.")
    if not 0 < registered.probability < 1:
        raise RefusedError("Say how likely success is as a number between 0 and 1, such as 0.3.")
    if registered.baseline is not None and not 0 < registered.baseline < 1:
        raise RefusedError(
            "The baseline is a rate between 0 and 1, such as 0.05; leave it out for a control arm."
        )
    if registered.cost_cap < 0:
        raise RefusedError("The cost cap cannot be negative.")
    if registered.stop_date < registered.start:
        raise RefusedError(f"The stop date {registered.stop_date} is over. Register it before it starts.")


def _check_look(experiment: Experiment, looked: Looked) -> None:
    look, registered = looked.look, experiment.registered
    if looked.day < registered.start:
        raise RefusedError(
            f"The experiment was registered on {registered.start}: nothing before that counts."
        )
    if looked.day > registered.stop_date:
        raise RefusedError(f"The experiment ended on {registered.stop_date}: what came later does not count.")
    if experiment.looks and looked.day < experiment.looks[-1].day:
        raise RefusedError(f"The last look was on {experiment.looks[-1].day}; looks are entered in order.")
    arms = {
        "control": (look.control_hits, look.control_trials),
        "variant": (look.variant_hits, look.variant_trials),
    }
    for name, (hits, trials) in arms.items():
        if not 0 <= hits <= trials <= 10**9:
            raise RefusedError(f"{name}: {hits} of {trials} cannot be. Write hits/trials, such as 8/100.")
    if registered.baseline is not None and look.control_trials:
        raise RefusedError("This experiment is compared with its baseline: it has no control arm.")
    if looked.minutes < 0:
        raise RefusedError("Minutes cannot be negative.")
