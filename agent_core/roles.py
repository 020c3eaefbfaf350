"""THE ROLES: what kinds of sessions there are, and what each is told and may use. A new one is a line here.

The session of a thread has a role as a sub-session has one: `Order.role` names it for the first, the SubGoal
that a tool returns for the second.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agent_core.control import RolePrefix
from agent_core.prompts import load
from agent_core.tools import AnyTool, Toolbox

FOR_PEOPLE = frozenset({"ask", "deliver", "set_plan", "set_contract"})
"""Tools that speak with the people of a thread: a sub-session has none of its own."""
OF_THE_SERVER = frozenset({"book", "forget", "remember", "register_experiment"})
"""Tools that write what outlives the goal."""
DELEGATES = frozenset({"delegate", "write_code"})
"""Tools that a sub-session does in their place: one of them cannot start another."""
_FOR_SCRIPTS = frozenset(
    """
    run_python run_shell read_file write_file edit_file list_files search read_page install finish deliver
    save_skill find_skills run_skill recall set_plan ask
    """.split()  # noqa: SIM905 - a list of words reads best as words
)
"""What whoever works on the library of skills needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """One kind of session."""

    name: str
    prompts: tuple[str, ...] = ("system",)
    """Files of the folder prompts/, one below the other."""
    tools: frozenset[str] | None = None
    """Those of the common tools that it may use; None: all but those of `without`."""
    without: frozenset[str] = frozenset()
    own: tuple[AnyTool, ...] = ()
    """Tools that no other role has."""

    def wants(self, tool: str) -> bool:
        """Whether it may use this common tool."""
        return tool not in self.without and (self.tools is None or tool in self.tools)


def every_role() -> tuple[Role, ...]:
    """The table."""
    return (
        Role(name="goal"),
        Role(name="explore", prompts=("explore",), tools=_FOR_SCRIPTS),
        Role(name="improve", prompts=("improve",), tools=_FOR_SCRIPTS),
        Role(name="delegate", prompts=("delegate",), without=FOR_PEOPLE | OF_THE_SERVER | DELEGATES),
    )


class Roles:
    """The roles of a process, each with its tools."""

    def __init__(self, common: Toolbox, roles: Iterable[Role]) -> None:
        """`common`: the tools that roles choose from."""
        self._roles = {role.name: role for role in roles}
        self.toolboxes: Mapping[str, Toolbox] = {
            name: common.only(role.wants, role.own) for name, role in self._roles.items()
        }

    def prefixes(self) -> Mapping[str, RolePrefix]:
        """What a session of each role begins with."""
        return {
            name: RolePrefix(
                system="\n\n".join(load(prompt) for prompt in role.prompts),
                tools=self.toolboxes[name].schemas(),
            )
            for name, role in self._roles.items()
        }
