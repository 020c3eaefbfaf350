"""What the memory finds, and what it costs: `python -m benchmarks.memory [--locomo FILE] [--only recall]`.

Without a file the conversations are a small set of our own; LoCoMo's file is at its authors' repository.
"""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_hex

import numpy as np

from agent_core.memory import ALL_CHANNELS, Embedder, Memory
from agent_core.memory.encoders import Vectors
from agent_core.memory.ranking import Parts
from agent_core.memory.rows import pack
from agent_core.memory.store import NOTHING, Base, Slot, Store
from agent_core.memory.values import Record, Source
from agent_core.storage.embedded import EmbeddedRedis
from agent_core.storage.redis import connected
from benchmarks import locomo

DEPTHS = (5, 10, 25, 50)
SIZES = (1_000, 10_000, 100_000)
QUERIES = 60
WHOLE = Parts()
WITHOUT = {
    "the whole recipe": WHOLE,
    "without words (BM25)": replace(WHOLE, words=False),
    "without meaning (embeddings)": replace(WHOLE, dense=False),
    "without neighbours": replace(WHOLE, flow=False),
    "without the author": replace(WHOLE, author=False),
    "with names in the query": replace(WHOLE, strip_names=False),
    "without recency": replace(WHOLE, recency=False),
}


def say(line: str = "") -> None:
    print(line, flush=True)


async def took_ms(work: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await work()
    return (time.perf_counter() - began) * 1000


# --- What it finds ---------------------------------------------------------------------------------


async def fill(
    memory: Memory, guild_id: str, sample: locomo.Sample
) -> tuple[dict[str, set[str]], list[float]]:
    """Remember a conversation; the turns of each memory, and the milliseconds of each write."""
    turns_of: dict[str, set[str]] = {}
    took: list[float] = []
    for turn in sample.turns:
        began = time.perf_counter()
        memory_id = await memory.remember(
            guild_id, turn.text, author=turn.speaker, channel_id="1", message_id=turn.id, at=turn.at
        )
        took.append((time.perf_counter() - began) * 1000)
        turns_of.setdefault(memory_id, set()).add(turn.id)
    return turns_of, took


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How much of one question's evidence was among the first hits, by depth; and how long it took."""

    recall: tuple[float, ...]
    sessions: float
    """Of the sessions that hold the evidence, how many had a hit among the first ten."""
    category: str
    half: int
    took_ms: float


async def ask(
    memory: Memory,
    guild_id: str,
    question: locomo.Question,
    turns_of: dict[str, set[str]],
    parts: Parts,
    *,
    half: int,
) -> Score:
    began = time.perf_counter()
    found = await memory.search(guild_id, question.text, DEPTHS[-1], channels=ALL_CHANNELS, parts=parts)
    took = (time.perf_counter() - began) * 1000
    hits = [turns_of[hit.id] for hit in found.hits]

    def among(depth: int) -> set[str]:
        return set[str]().union(*hits[:depth])

    recall = tuple(len(among(depth) & question.evidence) / len(question.evidence) for depth in DEPTHS)
    wanted = {turn.partition(":")[0] for turn in question.evidence}
    seen = {turn.partition(":")[0] for turn in among(10)}
    return Score(
        recall=recall,
        sessions=len(wanted & seen) / len(wanted),
        category=question.category,
        half=half,
        took_ms=took,
    )


def mean(values: Sequence[float]) -> str:
    return f"{100 * statistics.fmean(values):6.1f}" if values else "     -"


async def recall(path: Path, redis_url: str, embedder: Embedder) -> None:
    samples = locomo.read(path)
    async with Memory.open(redis_url, embedder) as memory:
        writes: list[float] = []
        filled: list[dict[str, set[str]]] = []
        for number, sample in enumerate(samples, start=1):
            turns_of, took = await fill(memory, str(number), sample)
            filled.append(turns_of)
            writes += took
        questions = sum(len(sample.questions) for sample in samples)
        turns = sum(len(sample.turns) for sample in samples)
        say(f"{path.name}: {len(samples)} conversations, {turns} turns, {questions} questions")
        say(f"{'recall of the evidence, %':32}" + "".join(f"{'@' + str(depth):>7}" for depth in DEPTHS))
        for name, parts in WITHOUT.items():
            scores = [
                await ask(memory, str(number), question, turns_of, parts, half=int(number > len(samples) / 2))
                for number, (sample, turns_of) in enumerate(zip(samples, filled, strict=True), start=1)
                for question in sample.questions
            ]
            rows = [mean([one.recall[place] for one in scores]) for place in range(len(DEPTHS))]
            say(f"{name:32}" + " ".join(rows))
            if parts is WHOLE:
                _details(scores)
        say(f"a write takes {statistics.median(writes):.1f} ms (median)")


def _details(scores: Sequence[Score]) -> None:
    halves = [mean([one.recall[1] for one in scores if one.half == half]) for half in (0, 1)]
    say(f"  @10 by half:{halves[0]} /{halves[1]}; by session: {mean([one.sessions for one in scores])}")
    for category in sorted({one.category for one in scores}):
        found = [one.recall[1] for one in scores if one.category == category]
        say(f"  @10 of category {category or '-'} ({len(found)} questions): {mean(found)}")
    times = sorted(one.took_ms for one in scores)
    high = times[int(len(times) * 0.95)]
    say(f"  a search takes {statistics.median(times):.1f} ms (median), {high:.1f} (p95)")


# --- What it costs ---------------------------------------------------------------------------------

_WORDS = """
    server deploy invoice meeting Friday garden report budget chart release staging database ticket customer
    holiday train kitchen battery window paint music concert project deadline review backup travel passport
""".split()  # noqa: SIM905 - a list of words reads best as words


def line(chance: random.Random, number: int) -> str:
    """A message of chat's length, like no other."""
    return f"{number} " + " ".join(chance.choices(_WORDS, k=chance.randint(8, 25)))


async def pile(redis_url: str, guild_id: str, size: int, model_id: str, dim: int) -> int:
    """Store that many memories with vectors of chance; the bytes of their texts."""
    chance = random.Random(size)  # noqa: S311 - the same texts each time
    vectors = np.random.default_rng(size)
    base, text_bytes = NOTHING, 0
    async with connected(redis_url, repeat=True) as redis:
        store = Store(redis)
        for start in range(0, size, 500):
            rows = vectors.standard_normal((500, dim)).astype(np.float32)
            slots: list[Slot] = []
            for place in range(500):
                text = line(chance, start + place)
                text_bytes += len(text.encode())
                source = Source(
                    channel_id=str(1_100_000_000_000_000_000 + place % 20),
                    message_id=str(1_200_000_000_000_000_000 + start + place),
                    kind="message",
                    at=1.7e9 + start + place,
                    tainted=False,
                )
                who = place % 30
                record = Record(
                    id=token_hex(8),
                    text=text,
                    author_id=str(1_000_000_000_000_000_000 + who),
                    author=f"Member{who}",
                    sources=(source,),
                    before=slots[-1].record.id if slots and slots[-1].record else None,
                )
                slots.append(Slot(slot=start + place, record=record, row=pack(rows[place])))
            made = replace(base, model_id=model_id, dim=dim)
            done = await store.change(guild_id, made, slots, start + 500, token_hex(6))
            assert done
            base = Base(incarnation=done, revision=base.revision + 1, model_id=model_id, dim=dim)
    return text_bytes


@dataclass(frozen=True, slots=True)
class Torch:
    """An embedding of a query by sentence-transformers, to set everything against."""

    embedder: Embedder
    chance: random.Random

    async def once(self) -> Vectors:
        """Embed one text that was never embedded before."""
        return await self.embedder.embed([line(self.chance, self.chance.randint(0, 10**9))])


async def cost(redis_url: str, embedder: Embedder) -> None:
    model_id = await embedder.model_id()
    dim = int((await embedder.embed(["one"])).shape[1])
    chance = random.Random(7)  # noqa: S311
    async with Embedder(cache=None) as plain:
        await plain.embed(["warm"])
        torch = Torch(plain, random.Random(8))  # noqa: S311
        say()
        titles = ("memories", "cold load s", "search ms", "x torch", "Redis B each", "forget all ms")
        say(" ".join(f"{title:>13}" for title in titles))
        for size in SIZES:
            text_bytes = await pile(redis_url, str(size), size, model_id, dim)
            async with Memory.open(redis_url, embedder) as memory:
                loaded = await took_ms(lambda: memory.channels(str(size)))  # noqa: B023
                searches: list[float] = []
                embeddings: list[float] = []
                for _ in range(QUERIES):
                    query = line(chance, chance.randint(0, 10**9))
                    searches.append(
                        await took_ms(lambda: memory.recall(str(size), query, channels=ALL_CHANNELS))  # noqa: B023
                    )
                    embeddings.append(await took_ms(torch.once))
                each = ((await memory.stats(str(size))).redis_bytes - text_bytes) / size
                gone = await took_ms(lambda: memory.forget(str(size), everything=True))  # noqa: B023
            search, embedding = statistics.median(searches), statistics.median(embeddings)
            row = (
                f"{size:,}",
                f"{loaded / 1000:.2f}",
                f"{search:.1f}",
                f"{search / embedding:.2f}",
                f"{each:.0f}",
            )
            say(" ".join(f"{cell:>13}" for cell in (*row, f"{gone:.1f}")))
        await adds(redis_url, embedder, torch)
    await lag(embedder)


async def adds(redis_url: str, embedder: Embedder, torch: Torch) -> None:
    chance = random.Random(9)  # noqa: S311
    async with Memory.open(redis_url, embedder) as memory:
        adding = [
            await took_ms(lambda: memory.remember("adds", line(chance, number)))  # noqa: B023
            for number in range(QUERIES)
        ]
        embeddings = [await took_ms(torch.once) for _ in range(QUERIES)]
    add, embedding = statistics.median(adding), statistics.median(embeddings)
    say(f"a write: {add:.1f} ms, {add / embedding:.2f} x an embedding by torch ({embedding:.1f} ms)")


async def lag(embedder: Embedder) -> None:
    """How late the event loop is while 300 messages are embedded, against an idle one."""
    chance = random.Random(10)  # noqa: S311
    idle = await _lags(asyncio.sleep(3.0))
    texts = [line(chance, number) for number in range(300)]

    async def embed() -> None:
        async with asyncio.TaskGroup() as group:
            for text in texts:
                group.create_task(embedder.embed([text]))

    busy = await _lags(embed())
    say(f"event loop late, p99: idle {idle:.1f} ms, while embedding 300 messages {busy:.1f} ms")


async def _lags(work: Awaitable[object]) -> float:
    late: list[float] = []
    doing = asyncio.ensure_future(work)
    while not doing.done():
        began = time.perf_counter()
        await asyncio.sleep(0.002)
        late.append((time.perf_counter() - began - 0.002) * 1000)
    return sorted(late)[int(len(late) * 0.99) - 1]


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--locomo", type=Path, default=locomo.SMALL, help="a file in LoCoMo's format")
    parser.add_argument("--only", choices=("recall", "cost"))
    parser.add_argument("--models", type=Path, help="where the exported model is kept")
    given, _ = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder:
        models = given.models or Path(folder)
        async with EmbeddedRedis(Path(folder) / "redis") as redis, Embedder(cache=models) as embedder:
            await embedder.embed(["warm"])
            say(f"embedding by {embedder.backend}, one thread")
            if given.only != "cost":
                await recall(given.locomo, redis.url, embedder)
            if given.only != "recall":
                await cost(redis.url, embedder)


if __name__ == "__main__":
    asyncio.run(main())
