"""Runs scripts in boxes for the tests, as whatever user it is started: JSON in on a descriptor, JSON out on another.

The tests give it what a bot would hold: secrets in its environment, on its command line, in open descriptors, on its input.
"""

import asyncio
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from sandbox import Limits, Pool, Sandbox


async def main(asked: Path, answered: Path) -> None:
    """`asked` holds a list of scripts; `answered` gets as many [exit code, stdout, stderr]."""
    scripts: list[str] = json.loads(asked.read_text(encoding="utf-8"))
    answers: list[tuple[int, str, str]] = []
    limits = Limits(timeout_s=20.0, memory_mb=256, disk_mb=32)
    with TemporaryDirectory() as folder:
        async with Pool() as pool, Sandbox(workspace=Path(folder), limits=limits, pool=pool) as box:
            for script in scripts:
                result = await box.run_python(script)
                answers.append((result.exit_code, result.stdout, result.stderr))
    answered.write_text(json.dumps(answers), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
