"""What a memory keeps, finds, merges, orders and forgets."""

from pathlib import Path

import numpy as np
import pytest

from agent_core.errors import SecretRefusedError, StoreUnavailableError
from agent_core.memory import ALL_CHANNELS, Embedder, Memory, secret_in
from agent_core.memory.encoders import Vectors
from agent_core.storage.redis import connected, raw
from benchmarks import locomo

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def texts(memory: Memory, query: str, guild: str = "1", k: int = 10) -> list[str]:
    return [hit.text for hit in await memory.recall(guild, query, k, channels=ALL_CHANNELS)]


async def test_what_was_said_is_found_by_its_meaning(memory: Memory):
    await memory.remember("1", "The staging server is called falcon-7", kind="fact")
    await memory.remember("1", "Lunch is at noon", kind="fact")
    found = await memory.recall("1", "Where can I try a release before production?", 1, channels=ALL_CHANNELS)
    assert [hit.text for hit in found] == ["The staging server is called falcon-7"]
    assert "meaning" in found[0].why


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("Die Häuser in der Straße sind nicht rot", "Haus"),
        ("Wir haben uns auf die Schnittstellen geeinigt, und das ist gut", "Schnittstelle"),
        ("会議は金曜日の午後です", "会議"),
        ("서울에서 회의가 있습니다", "회의"),
        ("الاجتماع يوم الجمعة", "اجتماع"),
        ("Встреча будет в пятницу", "встречи"),
        ("करण कल आएगा", "करण"),
        ("we won 🎉 today", "🎉"),
        ("call `parse_http_header(rawBytes)` first", "parse_http_header"),
        ("call parseHttpHeader first", "header"),
        ("Café crème", "cafe"),
        ("price \u0000 \ud800 odd", "price"),
    ],
)
async def test_any_script_is_found_by_its_words(memory: Memory, text: str, query: str):
    await memory.remember("1", text)
    await memory.remember("1", "Something else entirely about boats")
    found = await memory.recall("1", query, 1, channels=ALL_CHANNELS)
    assert found[0].text == text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    assert "words" in found[0].why


async def test_a_newer_text_of_a_script_that_the_model_cannot_read_is_no_newer_version(memory: Memory):
    older = ("กุญแจอยู่ในตู้เซฟ", "鍵は青い箱の中です", "المفتاح في الدرج")
    for at, text in enumerate(
        (*older, "การประชุมเริ่มเวลาเก้าโมง", "会議は九時に始まります", "الاجتماع في التاسعة")
    ):
        await memory.remember("1", text, author_id="1", at=1000.0 + at)
    for query, text in zip(("กุญแจ", "鍵", "المفتاح"), older, strict=True):
        assert (await texts(memory, query))[0] == text


async def test_a_server_sees_nothing_of_another(memory: Memory):
    await memory.remember("1", "The code word is bluebird")
    assert await texts(memory, "code word bluebird", guild="2") == []


async def test_only_channels_that_may_be_read_are_seen_and_what_has_none_always(memory: Memory):
    await memory.remember("1", "plan alpha", channel_id="10", message_id="1")
    await memory.remember("1", "plan beta", channel_id="20", message_id="2")
    await memory.remember("1", "plan gamma", kind="fact")
    seen = {hit.text for hit in await memory.recall("1", "plan", channels={"10"})}
    assert seen == {"plan alpha", "plan gamma"}
    assert {hit.text for hit in await memory.recall("1", "plan", channels=set())} == {"plan gamma"}


async def test_a_repeated_text_is_one_memory_seen_through_each_source(memory: Memory):
    first = await memory.remember("1", "The door is green", author_id="5", channel_id="10", message_id="1")
    again = await memory.remember(
        "1", " the door  IS green", author_id="5", channel_id="20", message_id="2", tainted=True
    )
    other = await memory.remember("1", "The door is green", author_id="6", channel_id="20", message_id="3")
    assert first == again != other
    (through,) = [hit for hit in await memory.recall("1", "door", channels={"20"}) if hit.id == first]
    assert (through.message_id, through.channel_id, through.tainted) == ("2", "20", True)
    untainted = await memory.search("1", "door", channels={"20"}, tainted=False)
    assert first not in {hit.id for hit in untainted.hits}
    assert await memory.forget("1", author_id="5", channel_id="10") == 1
    assert await memory.recall("1", "door", channels={"10"}) == []
    assert first in {hit.id for hit in await memory.recall("1", "door", channels={"20"})}


@pytest.mark.parametrize(
    ("older", "newer", "query"),
    [
        ("The meeting is on Friday at 8pm", "The meeting is on Saturday at 8pm", "When is the meeting?"),
        ("Bob is allergic to nuts", "Bob is not allergic to nuts", "Is Bob allergic to nuts?"),
        ("The nightly build failed", "The nightly build succeeded", "How did the nightly build go?"),
    ],
)
async def test_of_two_that_contradict_the_newer_comes_first(
    memory: Memory, older: str, newer: str, query: str
):
    for guild, channel in (("1", None), ("2", "10")):
        await memory.remember(guild, older, channel_id=channel, at=1000.0)
        await memory.remember(guild, newer, channel_id=channel, at=2000.0)
        hits = await memory.recall(guild, query, channels=ALL_CHANNELS)
        assert [hit.text for hit in hits] == [newer, older]
        assert hits[0].score >= hits[1].score
        assert await texts(memory, query, guild=guild, k=1) == [newer]


async def test_an_answer_is_found_by_the_question_before_it(memory: Memory):
    await memory.remember("1", "Which database do we use?", channel_id="10", message_id="1", at=1000.0)
    await memory.remember("1", "the one with the elephant", channel_id="10", message_id="2", at=1020.0)
    for number in range(20):
        await memory.remember(
            "1", f"Weather report number {number}", channel_id="20", message_id=f"w{number}"
        )
    assert "the one with the elephant" in await texts(memory, "database in use", k=2)


async def test_forgetting_takes_the_words_from_every_open_memory(
    memory: Memory, redis_url: str, embedder: Embedder
):
    async with Memory.open(redis_url, embedder) as other:
        kept = await memory.remember("1", "Ravens are black", author_id="5", channel_id="10", message_id="1")
        gone = await memory.remember("1", "Swans are white", author_id="6", channel_id="10", message_id="2")
        assert gone in {hit.id for hit in await other.recall("1", "swans", channels=ALL_CHANNELS)}
        assert await memory.forget("1", author_id="6") == 1
        assert {hit.id for hit in await other.recall("1", "swans", channels=ALL_CHANNELS)} == {kept}
        again = await other.remember("1", "Swans are white", author_id="6")
        assert again not in {kept, gone}


async def test_who_followed_a_forgotten_message_keeps_nothing_of_it(memory: Memory, redis_url: str):
    await memory.remember("1", "zebra crossing", author_id="5", channel_id="10", message_id="1", at=1000.0)
    await memory.remember("1", "yes, agreed", author_id="6", channel_id="10", message_id="2", at=1010.0)
    await memory.forget("1", author_id="5")
    await memory.mended("1")
    alone = await memory.remember(
        "2", "yes, agreed", author_id="6", channel_id="10", message_id="2", at=1010.0
    )
    assert alone
    async with connected(redis_url, repeat=True) as redis:
        one = np.frombuffer(raw(await redis.get("gk:{1}:mem:v") or b""), dtype=np.int8).reshape(-1, 384)
        two = np.frombuffer(raw(await redis.get("gk:{2}:mem:v") or b""), dtype=np.int8).reshape(-1, 384)
    assert not one[0].any()
    assert (one[1] == two[0]).all()


async def test_an_edited_message_is_remembered_as_it_reads_now_and_an_emptied_one_no_more(memory: Memory):
    await memory.remember("1", "The party is at Riverside Hall", author_id="1", message_id="7", at=5.0)
    await memory.reworded("1", "7", "The party is at Harbour House")
    assert await texts(memory, "where is the party") == ["The party is at Harbour House"]
    await memory.reworded("1", "8", "The party is nowhere")
    assert await texts(memory, "where is the party") == ["The party is at Harbour House"]
    await memory.reworded("1", "7", "")
    assert await memory.export("1") == []


async def test_forgetting_everything_leaves_no_key(memory: Memory, redis_url: str):
    for number in range(5):
        await memory.remember("1", f"number {number}", channel_id="10", message_id=str(number))
    async with connected(redis_url, repeat=True) as redis:
        before: list[bytes | str] = await redis.keys("*")  # pyright: ignore[reportUnknownMemberType]
        assert before
        assert all(b"{1}" in raw(key) for key in before)
        assert await memory.forget("1", everything=True) == 5
        after: list[bytes | str] = await redis.keys("*")  # pyright: ignore[reportUnknownMemberType]
        assert after == []
    assert await texts(memory, "number") == []


async def test_without_a_filter_nothing_is_forgotten(memory: Memory):
    with pytest.raises(ValueError, match="what to forget"):
        await memory.forget("1")
    await memory.remember("1", "stays")
    assert await memory.forget("1", ids=[]) == 0
    assert await texts(memory, "stays") == ["stays"]


async def test_a_full_memory_lets_the_old_and_unimportant_go_and_never_what_it_was_told(
    redis_url: str, embedder: Embedder
):
    async with Memory.open(redis_url, embedder, cap=5) as memory:
        for number in range(3):
            await memory.remember("1", f"told {number}", kind="fact", at=number)
        for number in range(6):
            await memory.remember("1", f"said {number}", at=1000 + number)
        stored = {str(one["text"]) for one in await memory.export("1")}
        assert stored == {"told 0", "told 1", "told 2", "said 4", "said 5"}


@pytest.mark.parametrize(
    "text",
    [
        "my password is hunter2",
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_" + "abcdefghijklmnopqrstuvwxyz0123456789",
        "-----BEGIN RSA PRIVATE KEY-----",
        "the wifi password for the office is Tr0ub4dor&3",
        "Das Passwort lautet Geheim123",
        "https://bob:s3cr3tpw@db.example.com/x",
        "sk-1234567890abcdef1234567890abcdef1234567890abcdef",
        "DB_PASSWORD=correcthorse9",
    ],
)
async def test_what_looks_like_a_secret_is_refused_with_a_reason(memory: Memory, text: str):
    with pytest.raises(SecretRefusedError, match="secret"):
        await memory.remember("1", text)
    assert await memory.export("1") == []


@pytest.mark.parametrize(
    "text",
    [
        "I lost my password again",
        "what is the password policy?",
        "password: required",
        "her secret is kindness",
        "commit 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 broke it",
        "see https://example.com/a/b?c=d0123456789abcdef0123456789ABCDEFghijk",
        "id 123456789012345678 of <@123456789012345678>",
        "192.168.0.1 and 8.8.8.8",
        "The access token is expired",
        "uuid 550e8400-e29b-41d4-a716-446655440000",
        "the tokens are counted: 4000",
        "set password=None",
        "The token is Alice",
        "Donaudampfschifffahrtsgesellschaftskapitän",
        "x = foo(bar, token=token)",
    ],
)
async def test_ordinary_talk_is_no_secret(text: str):
    assert secret_in(text) is None


async def test_wrong_arguments_are_named(memory: Memory):
    with pytest.raises(ValueError, match="empty"):
        await memory.remember("1", "  ")
    with pytest.raises(ValueError, match="no kind"):
        await memory.remember("1", "x", kind="gossip")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="not an id"):
        await memory.remember("1:2", "x")
    with pytest.raises(ValueError, match="ALL_CHANNELS"):
        await memory.recall("1", "x", channels="10")  # pyright: ignore[reportArgumentType]


async def test_torch_and_the_exported_graph_give_the_same_vectors(embedder: Embedder):
    said = ["hello", "The deploy on Friday failed, since a disk was full.", "会議は金曜日です " * 50]
    async with Embedder(cache=None) as by_torch:
        theirs = await by_torch.embed(said)
        assert by_torch.backend == "PyTorch"
    assert embedder.backend == "ONNX Runtime"
    ours = await embedder.embed(said)
    assert float((ours * theirs).sum(axis=1).min()) > 0.9999
    for alone, text in zip(ours, said, strict=True):  # and none depends on its batch
        assert float((await embedder.embed([text]))[0] @ alone) > 0.9999


async def test_another_model_never_meets_the_vectors_of_the_first(
    memory: Memory, redis_url: str, exports: Path, embedder: Embedder
):
    class Backwards:
        async def model_id(self) -> str:
            return "backwards"

        async def embed(self, said: list[str], *, urgent: bool = False) -> Vectors:
            return -(await embedder.embed(said, urgent=urgent))[:, :128]

    await memory.remember("1", "Ravens are black")
    async with Memory.open(redis_url, Backwards()) as other:  # pyright: ignore[reportArgumentType]
        assert await texts(other, "Which birds are dark?") == []
        await other.mended("1")
        assert await texts(other, "Which birds are dark?") == ["Ravens are black"]
        assert (await other.stats("1")).model_id == "backwards"


async def test_a_memory_whose_redis_is_away_says_so_in_time(embedder: Embedder):
    async with Memory.open("redis://127.0.0.1:1/0", embedder) as memory:
        with pytest.raises(StoreUnavailableError):
            await memory.remember("1", "x")


async def test_while_the_model_is_loaded_words_find_and_afterwards_the_meaning_does(
    redis_url: str, exports: Path
):
    async with (
        Embedder(cache=exports) as late,
        Memory.open(redis_url, late, at_hand=late.at_hand) as memory,
    ):
        assert memory.warming
        await memory.remember("1", "The vault is opened by the green badge", kind="fact")
        assert await texts(memory, "green badge") == ["The vault is opened by the green badge"]
        await late.embed(["loaded by now"])
        assert not memory.warming
        await memory.mended("1")
        found = await memory.recall("1", "How does one get into the strongroom?", channels=ALL_CHANNELS)
        assert "meaning" in found[0].why


async def test_the_conversations_of_the_benchmark_are_there_and_every_question_has_its_evidence():
    samples = locomo.read(locomo.SMALL)
    questions = [one for sample in samples for one in sample.questions]
    assert len(samples) >= 3
    assert sum(len(sample.turns) for sample in samples) >= 600
    assert len(questions) >= 120
    assert len({one.text for one in questions}) == len(questions)
