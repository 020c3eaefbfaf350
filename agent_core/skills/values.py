"""What a skill is made of. A script with where it comes from is one blob; its check is another."""

import re
from dataclasses import dataclass
from typing import Literal

from pydantic import TypeAdapter

from agent_core.errors import RefusedError
from agent_core.memory.secrecy import secret_in
from agent_core.memory.values import AllChannels, Channels

MOST_SOURCE = 64_000
"""Characters of a script, and of a check."""
MOST_DESCRIPTION = 1_024
"""As the Agent Skills format has it."""
MOST_PARAMETERS = 20
MOST_DEPENDENCIES = 20
_LONGEST_NAME = 64

Shelf = Literal["successes", "failures"]
How = Literal["goal", "explore", "improve", "code", "import"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One argument of a script."""

    name: str
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A script in words and code."""

    name: str
    description: str
    source: str
    parameters: tuple[Parameter, ...] = ()
    dependencies: tuple[str, ...] = ()
    """Packages beyond the sandbox's own, as `name==version`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a script comes from."""

    how: How = "goal"
    channel_id: str | None = None
    """Where it may be read from, as a memory's; None: from everywhere in its server."""
    session: str = ""
    person: str = ""
    """Id of the member whose goal it was made for, or who imported it."""
    model: str = ""
    tainted: bool = False

    def may_be_read(self, channels: Channels) -> bool:
        """Whether somebody who reads these channels may see it."""
        return isinstance(channels, AllChannels) or self.channel_id is None or self.channel_id in channels


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A script with its origin: everything of it that somebody may want forgotten."""

    script: Script
    origin: Origin

    @property
    def lines(self) -> tuple[str, ...]:
        """The words in which it is shown."""
        script = self.script
        return (script.name, script.description, *(one.description for one in script.parameters))

    @property
    def words(self) -> str:
        """What it is found by."""
        script = self.script
        parts = [script.name.replace("-", " ").replace("_", " "), script.description]
        parts += [f"{one.name} {one.description}" for one in script.parameters]
        return "\n".join(parts)


CARD: TypeAdapter[Card] = TypeAdapter(Card)
"""How it is kept."""


def checked(script: Script) -> Script:
    """The script with a name that a folder can have. Raises RefusedError where it cannot be kept."""
    name = re.sub(r"[^a-z0-9_]+", "-", script.name.lower()).strip("-_")[:_LONGEST_NAME]
    if not name:
        raise RefusedError(f"{script.name[:80]!r} is no name: use letters and digits, such as csv-mean.")
    description = " ".join(script.description.split())
    if not description or len(description) > MOST_DESCRIPTION:
        raise RefusedError(f"Describe the script in 1 to {MOST_DESCRIPTION:,} characters.")
    if not script.source.strip() or len(script.source) > MOST_SOURCE:
        raise RefusedError(f"A script has 1 to {MOST_SOURCE:,} characters; this has {len(script.source):,}.")
    if len(script.parameters) > MOST_PARAMETERS or len(script.dependencies) > MOST_DEPENDENCIES:
        raise RefusedError(
            f"At most {MOST_PARAMETERS} parameters and {MOST_DEPENDENCIES} dependencies, please."
        )
    if found := secret_in(description):
        raise RefusedError(f"The description seems to hold a secret ({found}). Leave that out.")
    return Script(
        name=name,
        description=description,
        source=script.source,
        parameters=script.parameters,
        dependencies=tuple(sorted({one.strip().lower() for one in script.dependencies if one.strip()})),
    )
