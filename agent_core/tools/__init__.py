"""The list of tools that a session may use."""

from collections.abc import Iterable

from agent_core.contract import ContractRunner
from agent_core.gallery import Gallery
from agent_core.packages import Packages
from agent_core.tools.base import AnyTool, Outcome, Tool, Toolbox, observe
from agent_core.tools.files import edit_file, list_files, read_file, write_file
from agent_core.tools.goal import ask, deliver, finish, set_contract, set_plan
from agent_core.tools.run import Boxes, run_python, run_shell
from agent_core.tools.text import cut
from agent_core.workspace import Workspaces
from sandbox import Limits, Pool

__all__ = ["SMALL", "AnyTool", "Boxes", "Outcome", "Tool", "Toolbox", "cut", "observe", "toolbox"]

SMALL = frozenset(
    {"run_python", "read_file", "write_file", "search", "read_page", "ask", "set_contract", "finish"}
)
"""All that is offered where the model's window is small: a goal's way from a question to a checked answer."""


def toolbox(
    workspaces: Workspaces,
    runner: ContractRunner,
    limits: Limits,
    pool: Pool | None,
    more: Iterable[AnyTool] = (),
    *,
    packages: Packages | None = None,
    gallery: Gallery,
) -> Toolbox:
    """Every tool of this version, those that a composition root brings along among them."""
    boxes = Boxes(workspaces=workspaces, limits=limits, pool=pool, packages=packages)
    return Toolbox(
        [
            read_file(workspaces, gallery),
            list_files(workspaces),
            write_file(workspaces),
            edit_file(workspaces),
            run_python(boxes),
            run_shell(boxes),
            set_plan(),
            set_contract(runner),
            ask(),
            deliver(),
            finish(),
            *more,
        ]
    )
