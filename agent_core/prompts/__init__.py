"""The prompts, one Markdown file each."""

from importlib.resources import files


def load(name: str) -> str:
    """The text of `name`.md in this folder. Raises FileNotFoundError where there is none."""
    return files("agent_core.prompts").joinpath(f"{name}.md").read_text(encoding="utf-8").strip()
