"""Programs for the two boxes of a check. They are read as text and run there, never imported here."""

from importlib.resources import files


def program(name: str, *first: str) -> str:
    """The source of a program, with those before it that it builds on."""
    folder = files("agent_core.skills.inside")
    return "\n\n".join(folder.joinpath(f"{one}.py").read_text(encoding="utf-8") for one in (*first, name))
