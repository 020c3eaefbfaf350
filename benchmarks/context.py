"""What a long goal costs in prompt tokens: `python -m benchmarks.context`.

A scripted session through the real loop (Redis, worker, files; only the model is scripted), each step reading
about 900 tokens. Beside it: the same without compaction, and as Auto-GPT classic did it. Tokens are bytes / 4
of what went over the wire. Deterministic: counts, no times.
"""

import asyncio
import itertools
import json
import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent_core.storage import Storage
from agent_core.storage.embedded import EmbeddedRedis
from agent_core.values import FileRef, Limits, NamedFile, Status
from tests.agent_core.office import Office, open_office
from tests.fakes import Request, Turn

CACHED = 0.1
"""Price of a cached token, as a share of a fresh one."""
WINDOW = 64_000
OUTPUT_BYTES = 3_600
"""Of one tool output: about 900 tokens."""
NO_COMPACTION = 100_000_000
UNLIMITED = Limits(tokens=10**9)
THOUGHT = (
    "I have read it, and note what matters before I look at the next one: the totals and the names. " * 8
)
SUMMARY = "Step by step the files were read; their totals were noted and nothing unusual was found. " * 25
WORDS = [
    "total",
    "count",
    "name",
    "river",
    "stone",
    "paper",
    "value",
    "month",
    "seven",
    "report",
    "north",
    "table",
    "light",
    "cost",
    "page",
    "note",
]
CLASSIC_PREFIX, CLASSIC_WINDOW, CLASSIC_STEP, CLASSIC_SUMMARY = 750, 8_000, 300, 500
"""Tokens of Auto-GPT classic 0.4: its system prompt, its model's window, what a step added besides the
output, and its running summary, written anew by a call of its own on each step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one run sent."""

    steps: int
    prompt: int
    """Tokens of all requests, summaries too."""
    summaries: int
    """Tokens of the calls for summaries alone."""
    same: float
    """Share of the steps' tokens that repeat the request before, byte for byte."""
    largest: int
    """Tokens of the largest request."""

    @property
    def full_price(self) -> float:
        """Tokens at full price: what repeats the request before costs a tenth."""
        stepped = self.prompt - self.summaries
        return self.summaries + stepped * (1 - self.same) + stepped * self.same * CACHED


def tokens(body: Request) -> int:
    """Of a request, as it went over the wire."""
    return len(_wire(body)) // 4


async def session(redis_url: str, folder: Path, steps: int, compact_at: int = 32_000) -> Cost:
    """One goal of so many steps, its end among them, on an empty Redis; what it sent."""
    async with (
        Storage.open(redis_url, folder / "blobs") as storage,
        open_office(storage, redis_url, folder, compact_at=compact_at, limits=UNLIMITED) as office,
    ):
        done = 0

        def answer(body: Request) -> Turn:
            nonlocal done
            if not body.get("tools"):
                return Turn(text=SUMMARY)
            done += 1
            if done == steps:
                return Turn(text="done", calls=(("finish", {"summary": "all read"}),))
            return Turn(text=f"{done}. {THOUGHT}", calls=(("read_file", {"path": f"inputs/{done:03}.txt"}),))

        office.model.answers(answer, tokens)
        ref = await office.start("read every file", files=await _files(office, steps))
        await office.until(ref, Status.FINISHED, within_s=90)
        return _cost(office.model.requests, steps)


async def _files(office: Office, steps: int) -> tuple[NamedFile, ...]:
    random.seed(7)
    files: list[NamedFile] = []
    for number in range(1, steps + 1):
        lines = [" ".join(random.choices(WORDS, k=12)) for _ in range(OUTPUT_BYTES // 70)]  # noqa: S311
        data = "\n".join(lines).encode()[:OUTPUT_BYTES]
        stored: FileRef = await office.control.storage.blobs.put_bytes("10", data)
        files.append(NamedFile(path=f"inputs/{number:03}.txt", file=stored))
    return tuple(files)


def _cost(requests: Sequence[Request], steps: int) -> Cost:
    stepped = [_wire(body) for body in requests if body.get("tools")]
    summaries = sum(tokens(body) for body in requests if not body.get("tools"))
    repeated = sum(_common(before, after) for before, after in itertools.pairwise(stepped))
    sent = sum(map(len, stepped))
    return Cost(
        steps=steps,
        prompt=sent // 4 + summaries,
        summaries=summaries,
        same=repeated / sent,
        largest=max(len(body) for body in stepped) // 4,
    )


def _common(before: bytes, after: bytes) -> int:
    """How many bytes they have in common from their start."""
    pairs = enumerate(zip(before, after, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(before), len(after)))


def _wire(body: Request) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def classic(steps: int) -> int:
    """Prompt tokens of Auto-GPT classic 0.4: the newest messages that fit, a summary call on each step."""
    room = CLASSIC_WINDOW - 1_000 - CLASSIC_PREFIX - CLASSIC_SUMMARY
    each = OUTPUT_BYTES // 4 + CLASSIC_STEP
    shown = [min(room // each, step) * each for step in range(steps)]
    return sum(CLASSIC_PREFIX + CLASSIC_SUMMARY + seen for seen in shown) + steps * (CLASSIC_SUMMARY + each)


async def run(steps: int, compact_at: int = 32_000) -> Cost:
    """The same, with a Redis of its own."""
    with tempfile.TemporaryDirectory() as name:
        async with EmbeddedRedis(Path(name)) as redis:
            return await session(redis.url, Path(name), steps, compact_at)


async def main() -> None:
    """Measure and print."""
    runs = [
        ("with compaction", await run(50)),
        ("with compaction", await run(200)),
        ("naive append", await run(50, NO_COMPACTION)),
        ("naive append", await run(200, NO_COMPACTION)),
    ]
    for what, cost in runs:
        print(
            f"{cost.steps:3} steps {what:16} {cost.prompt:10,} prompt tokens"
            f" ({cost.summaries:7,} of them for summaries) {cost.same:6.1%} repeat the request before"
            f"  full price {cost.full_price:9,.0f} ({cost.full_price / cost.steps:6,.0f} a step)"
            f"  largest {cost.largest:7,}",
            flush=True,
        )
    for steps in (50, 200):
        sent = classic(steps)
        print(f"{steps:3} steps Auto-GPT classic {sent:10,} prompt tokens, all at full price, most forgotten")
    ratio = runs[1][1].prompt / runs[0][1].prompt
    print(
        f"200 steps cost {ratio:.2f} times 50 ({runs[3][1].prompt / runs[2][1].prompt:.2f} for naive append)"
    )


if __name__ == "__main__":
    asyncio.run(main())
