"""Using a skill: its script in a box, with arguments by name. It can do what any code in that box can."""

from pydantic import JsonValue

from agent_core.skills.inside import program
from agent_core.skills.values import Script


def call(script: Script, arguments: dict[str, JsonValue]) -> str:
    """The program that runs the script with these arguments.

    A function named `main`, `run` or as the skill, or the only one, gets them by name, and what it returns is
    printed. Any other script runs as a program: `--name value` where it names such an option, else the values
    in the order of its parameters; all of them as JSON on its standard input too.
    """
    declared = [one.name for one in script.parameters if one.name in arguments]
    order = [*declared, *(name for name in arguments if name not in declared)]
    name = script.name.replace("-", "_")
    put_in = {"SOURCE": script.source, "NAME": name, "ARGUMENTS": arguments, "ORDER": order}
    head = "\n".join(f"{key} = {value!r}" for key, value in put_in.items())
    return f"{head}\n\n{program('call')}"
