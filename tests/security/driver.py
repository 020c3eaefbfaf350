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

Answer = tuple[int, str, str, str | None, list[str], list[tuple[str, str]]]


async def main(scripts: list[str], *, copies: bool) -> list[Answer]:
    """Run them all; exit code, stdout, stderr, what stopped it, changed paths, what was left out of each."""
    answers: list[Answer] = []
    limits = Limits(timeout_s=20.0, memory_mb=256, disk_mb=32)
    with TemporaryDirectory() as folder:
        async with (
            Pool(copies=copies) as pool,
            Sandbox(workspace=Path(folder), limits=limits, pool=pool) as box,
        ):
            await pool.ready()
            for script in scripts:
                result = await box.run_python(script)
                changed = [file.path for file in result.changed]
                left = [(row.path, row.reason) for row in result.left_out]
                how = (result.exit_code, result.stdout, result.stderr, result.stopped_by)
                answers.append((*how, changed, left))
    return answers


if __name__ == "__main__":
    asked = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    answer = asyncio.run(main(asked, copies=sys.argv[3] == "copy"))
    Path(sys.argv[2]).write_text(json.dumps(answer), encoding="utf-8")
