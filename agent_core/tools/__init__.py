"""The list of tools that a session may use."""

from collections.abc import Iterable

from agent_core.contract import ContractRunner
from agent_core.gallery import Gallery
from agent_core.tools.base import AnyTool, Outcome, SubGoal, Tool, Toolbox, observe
from agent_core.tools.delegate import delegate
from agent_core.tools.files import edit_file, list_files, read_file, write_file
from agent_core.tools.goal import ask, deliver, finish, set_contract, set_plan
from agent_core.tools.run import Boxes, run_python, run_shell
from agent_core.tools.text import cut

__all__ = ["SMALL", "AnyTool", "Boxes", "Outcome", "SubGoal", "Tool", "Toolbox", "cut", "observe", "toolbox"]

SMALL = frozenset(
    {"run_python", "read_file", "write_file", "search", "read_page", "ask", "set_contract", "finish"}
)
"""All that is offered where the model's window is small: a goal's way from a question to a checked answer."""


def toolbox(boxes: Boxes, runner: ContractRunner, gallery: Gallery, more: Iterable[AnyTool] = ()) -> Toolbox:
    """Every tool of this version, those that a composition root brings along among them."""
    workspaces = boxes.workspaces
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
            delegate(),
            *more,
        ]
    )
