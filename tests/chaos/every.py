"""`make chaos`, its second half: a kill after each single commit of the goal in which everything happens."""

import asyncio
import random
import tempfile
from pathlib import Path

from tests.chaos.test_commits import check


def main() -> None:
    """Run it, and print."""
    with tempfile.TemporaryDirectory(prefix="gk") as folder:
        killed = asyncio.run(check(Path(folder), None, random.Random(0)))  # noqa: S311 - chance, not secrecy
    print(f"killed after each of {killed} commits: every time the goal was as without")


if __name__ == "__main__":
    main()
