"""The examples of docs/playground.md, as a reader copies them."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "playground.md"
ADDRESS = "http://127.0.0.1:8080"


def example(language: str, holding: str, url: str) -> str:
    """The only example of a language that holds a word, pointed at a server."""
    blocks = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    (found,) = [block for block in blocks if holding in block]
    assert ADDRESS in found
    return found.replace(ADDRESS, url)
