"""What is written down about experiments: each registered before it starts, then one look after another."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from agent_core.experiments.evalue import Look
from agent_core.storage.chronicle import Written
from agent_core.values import Person

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """An experiment, said before anything of it has happened."""

    id: str
    hypothesis: str
    metric: str
    """What is counted: hits out of trials, such as sign-ups per visitor."""
    baseline: float | None
    """The rate that is to be beaten, from 0 to 1; None: a control arm runs beside it."""
    cost_cap: Decimal
    """In the books' currency."""
    stop_date: date
    probability: float
    """How likely its success was thought to be, from 0 to 1."""
    start: date
    by: Person
    session: str = ""
    kind: Literal["registered"] = "registered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What came in since the last look."""

    id: str
    experiment: str
    day: date
    look: Look
    minutes: int
    """Of people's time that went into it since the last look."""
    by: Person
    kind: Literal["looked"] = "looked"


Record = Registered | Looked


STORED: TypeAdapter[Written[Record]] = TypeAdapter(Written[Annotated[Record, Field(discriminator="kind")]])
"""How they are kept."""
