"""Plan, contract, questions, deliveries, and the end of a goal."""

from typing import Annotated

from pydantic import Field

from agent_core.contract import ContractRunner, broken
from agent_core.errors import ToolError
from agent_core.events import ContractFrozen, Delivered, PlanSet
from agent_core.session import State
from agent_core.session.files import named
from agent_core.tools.base import Outcome, Tool, ToolArguments
from agent_core.values import Check, PlanItem

MOST_OPTIONS = 10


class PlanLine(ToolArguments):
    """One line of a plan."""

    text: str = Field(min_length=1, max_length=200)
    done: bool = False


class SetPlan(ToolArguments):
    """Arguments of `set_plan`."""

    items: tuple[PlanLine, ...] = Field(max_length=30)


class ContractCheck(ToolArguments):
    """One check of a contract."""

    name: str = Field(min_length=1, max_length=100)
    code: str = Field(
        description="A Python script that sees a read-only copy of the delivered files and exits 0 "
        "only if it holds. Empty: a person judges."
    )
    invariant: bool = Field(default=False, description="Holds already and must go on holding.")


class SetContract(ToolArguments):
    """Arguments of `set_contract`."""

    checks: tuple[ContractCheck, ...] = Field(min_length=1, max_length=20)


class Ask(ToolArguments):
    """Arguments of `ask`."""

    question: str = Field(min_length=1, max_length=1500)
    options: tuple[Annotated[str, Field(min_length=1)], ...] | None = Field(
        default=None, max_length=MOST_OPTIONS, description="Answers to press, up to 10."
    )


class Deliver(ToolArguments):
    """Arguments of `deliver`."""

    paths: tuple[str, ...] = Field(min_length=1, max_length=50)
    note: str = Field(default="", max_length=1500)


class Finish(ToolArguments):
    """Arguments of `finish`."""

    summary: str = Field(min_length=1, description="What was done, what holds, what did not work.")
    files: tuple[str, ...] | None = Field(default=None, max_length=50, description="Files to hand over.")


def set_plan() -> Tool[SetPlan]:
    """The tool that shows people what is to be done."""

    async def run(args: SetPlan, _state: State) -> Outcome:
        items = tuple(PlanItem(text=line.text, done=line.done) for line in args.items)
        done = sum(item.done for item in items)
        return Outcome(text=f"The plan is set, {done} of {len(items)} done.", events=(PlanSet(items=items),))

    description = "Set the plan that people see; give it whole each time."
    return Tool(name="set_plan", description=description, args=SetPlan, run=run)


def set_contract(runner: ContractRunner) -> Tool[SetContract]:
    """The tool that proposes how success is judged. Runs each check red before it is frozen."""

    async def run(args: SetContract, state: State) -> Outcome:
        checks = tuple(Check(name=c.name, code=c.code, invariant=c.invariant) for c in args.checks)
        if len({check.name for check in checks}) < len(checks):
            raise ToolError("Two checks have the same name. Nothing was frozen; give each a name of its own.")
        results = await runner.run(state, checks, state.files)
        if unusable := [one.name for one in results if broken(one)]:
            raise ToolError(f"These checks are no valid Python: {', '.join(unusable)}. Nothing was frozen.")
        invariants = {check.name for check in checks if check.invariant}
        if early := [one.name for one in results if one.holds and one.name not in invariants]:
            raise ToolError(
                f"These checks pass already, before the work: {', '.join(early)}. Nothing was frozen. "
                "Make them fail now and hold only when the goal is reached, or mark them as invariant."
            )
        text = f"The contract is frozen: {len(checks)} checks decide whether this goal is reached."
        return Outcome(text=text, events=(ContractFrozen(checks=checks),))

    description = "Propose the checks that decide whether the goal is reached; frozen once agreed."
    return Tool(name="set_contract", description=description, args=SetContract, run=run)


def ask() -> Tool[Ask]:
    """The tool that asks a person. The session waits for the answer, so nothing is run here."""

    async def run(_args: Ask, _state: State) -> Outcome:
        raise ToolError("A question is answered by a person.")

    description = "Ask the people in the thread, and wait for the answer."
    return Tool(name="ask", description=description, args=Ask, run=run)


def deliver() -> Tool[Deliver]:
    """The tool that hands files over on the way."""

    async def run(args: Deliver, state: State) -> Outcome:
        files = named(state.files, args.paths)
        names = ", ".join(one.path for one in files)
        return Outcome(text=f"Handed over: {names}.", events=(Delivered(files=files, note=args.note),))

    description = "Hand files over to the people in the thread."
    return Tool(name="deliver", description=description, args=Deliver, run=run)


def finish() -> Tool[Finish]:
    """The tool that ends the goal. The session itself acts on it, so nothing is run here."""

    async def run(_args: Finish, _state: State) -> Outcome:
        raise ToolError("The session ends by its contract.")

    description = "End the goal."
    return Tool(name="finish", description=description, args=Finish, run=run)
