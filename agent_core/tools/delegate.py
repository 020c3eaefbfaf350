"""Hand a piece of the work to a session of its own, whose context nobody else has to carry."""

from pydantic import Field

from agent_core.session import State
from agent_core.tools.base import Outcome, SubGoal, Tool, ToolArguments


class Delegate(ToolArguments):
    """Arguments of `delegate`."""

    goal: str = Field(
        min_length=1,
        max_length=4000,
        description="All that it has to know: it sees your files and nothing else. Say what to hand back.",
    )


def delegate() -> Tool[Delegate]:
    """The tool that starts a sub-session, which the session then waits for."""

    async def run(args: Delegate, _state: State) -> Outcome:
        return Outcome(text="", sub=SubGoal(role="delegate", goal=args.goal))

    description = "Give a piece of the work to a fresh agent; you get a paragraph and its files back."
    return Tool(name="delegate", description=description, args=Delegate, run=run)
