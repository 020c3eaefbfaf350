"""Runs scripts in boxes, as whatever user it is started: a JSON file of scripts in, one of answers out.

The tests give it what a bot would hold: secrets in its environment, on its command line, in open descriptors,
on its input.
"""

import asyncio
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from sandbox import Limits, Pool, Sandbox

Answer = tuple[int, str, str, str | None, list[str]]


async def main(scripts: list[str]) -> list[Answer]:
    """Run them all; exit code, stdout, stderr, what stopped it and the changed paths of each."""
    answers: list[Answer] = []
    limits = Limits(timeout_s=20.0, memory_mb=256, disk_mb=32)
    with TemporaryDirectory() as folder:
        async with Pool() as pool, Sandbox(workspace=Path(folder), limits=limits, pool=pool) as box:
            await pool.ready()
            for script in scripts:
                result = await box.run_python(script)
                changed = [file.path for file in result.changed]
                answers.append((result.exit_code, result.stdout, result.stderr, result.stopped_by, changed))
    return answers


if __name__ == "__main__":
    answer = asyncio.run(main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
    Path(sys.argv[2]).write_text(json.dumps(answer), encoding="utf-8")
