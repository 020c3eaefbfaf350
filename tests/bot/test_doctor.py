"""The doctor, on real parts: what is right is ok, what is wrong is named with the way to mend it."""

import asyncio
import io
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from redis.asyncio import Redis
from rich.console import Console

from agent_core.storage.embedded import EmbeddedRedis
from agent_core.storage.program import choose
from agent_core.storage.redis import connected
from bot.doctor import Health, Row, examine, run_doctor, table
from bot.settings import Settings, load

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GaBcDe.abcdefghijklmnopqrstuvwxyz0123456789AB"
CONTENT = 1 << 19


def settings(tmp_path: Path, **given: object) -> Settings:
    environ = {"DATA_DIR": str(tmp_path / "data"), "PLAYGROUND_PORT": str(free_port())}
    return load({**environ, **{name: str(value) for name, value in given.items()}}, None)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


async def rows(settings: Settings, part: str) -> list[Row]:
    return [row for row in await examine(settings) if row.part == part]


async def config(client: Redis, name: str, value: str) -> None:
    await client.execute_command("CONFIG", "SET", name, value)  # pyright: ignore[reportUnknownMemberType]


@asynccontextmanager
async def serve(
    path: str, answer: Callable[[web.Request], web.Response | Awaitable[web.Response]]
) -> AsyncGenerator[str]:
    """A real HTTP server that answers one path; gives its address."""

    async def handle(request: web.Request) -> web.Response:
        answered = answer(request)
        return answered if isinstance(answered, web.Response) else await answered

    app = web.Application()
    app.router.add_route("*", path, handle)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


async def test_with_nothing_set_every_part_is_well(tmp_path: Path):
    found = await examine(settings(tmp_path))
    assert [row for row in found if row.health is not Health.OK and row.part != "Web"] == []
    parts = list(dict.fromkeys(row.part for row in found))
    assert parts == [
        "System",
        "Settings",
        "Data folder",
        "Redis",
        "Discord",
        "Model",
        "Sandbox",
        "Web",
        "Memory",
    ]
    assert not (tmp_path / "data").exists()


async def test_a_data_folder_that_cannot_be_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("")
    (row,) = await rows(settings(tmp_path, DATA_DIR=tmp_path / "file" / "data"), "Data folder")
    assert row.health is Health.FAIL
    assert "DATA_DIR" in row.mend


async def test_an_embedding_model_that_is_not_on_this_machine_is_named(tmp_path: Path):
    (row,) = await rows(settings(tmp_path, EMBEDDING_MODEL="nobody/no-such-model"), "Memory")
    assert row.health is Health.FAIL
    assert "hf download nobody/no-such-model" in row.text


async def test_the_row_of_settings_names_what_was_set_and_shows_no_value(tmp_path: Path):
    row, *_ = await rows(settings(tmp_path, REDIS_URL="redis://:s3cret@127.0.0.1:1"), "Settings")
    assert "REDIS_URL" in row.text
    assert "s3cret" not in row.text


async def test_a_redis_that_is_not_there_is_named_without_its_password(tmp_path: Path):
    url = f"redis://:s3cret@127.0.0.1:{free_port()}/0"
    (row,) = await rows(settings(tmp_path, REDIS_URL=url), "Redis")
    assert row.health is Health.FAIL
    assert "REDIS_URL" in row.text
    assert "s3cret" not in row.text


async def test_a_redis_that_loses_the_last_second_is_looked_at_and_one_that_evicts_is_refused(tmp_path: Path):
    async with EmbeddedRedis(tmp_path / "redis") as redis, connected(redis.url, repeat=False) as client:
        given = settings(tmp_path, REDIS_URL=redis.url)
        assert [row.health for row in await rows(given, "Redis")] == [Health.OK]
        await config(client, "appendfsync", "everysec")
        assert [row.health for row in await rows(given, "Redis")] == [Health.OK, Health.WARN]
        await config(client, "maxmemory", "100mb")
        await config(client, "maxmemory-policy", "allkeys-lru")
        (row,) = await rows(given, "Redis")
        assert row.health is Health.FAIL
        assert "noeviction" in row.text


async def test_the_embedded_redis_is_examined_beside_a_bot_that_runs(tmp_path: Path):
    given = settings(tmp_path)
    async with EmbeddedRedis(given.data_dir):
        (row,) = await rows(given, "Redis")
    assert row.health is Health.OK
    assert str(await choose(given.data_dir / "redis")) in row.text


async def test_a_taken_port_is_named_with_the_setting(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        (row,) = await rows(settings(tmp_path, PLAYGROUND_PORT=taken.getsockname()[1]), "Discord")
    assert row.health is Health.FAIL
    assert "PLAYGROUND_PORT" in row.mend


@pytest.mark.parametrize(
    ("status", "body", "health", "words"),
    [
        (200, {"id": "1", "name": "Keeper", "flags": CONTENT}, Health.OK, "Keeper"),
        (200, {"id": "1", "name": "Keeper", "flags": 0}, Health.WARN, "intent"),
        (200, {"hello": "world"}, Health.FAIL, "not Discord's API"),
        (401, {"message": "401: Unauthorized", "code": 0}, Health.FAIL, "refused"),
        (502, {}, Health.FAIL, "502"),
    ],
)
async def test_the_token_is_tried_and_the_intent_looked_up(
    tmp_path: Path, status: int, body: dict[str, object], health: Health, words: str
):
    sent: list[str] = []

    def answer(request: web.Request) -> web.Response:
        sent.append(request.headers["Authorization"])
        return web.json_response(body, status=status)

    async with serve("/api/v10/oauth2/applications/@me", answer) as url:
        (row,) = await rows(
            settings(tmp_path, DISCORD_TOKEN=TOKEN, DISCORD_API_URL=f"{url}/api/v10"), "Discord"
        )
    assert (row.health, sent) == (health, [f"Bot {TOKEN}"])
    assert words in row.text
    assert TOKEN not in row.text + row.mend


async def test_a_discord_that_does_not_answer_is_named(tmp_path: Path):
    url = f"http://127.0.0.1:{free_port()}/api/v10"
    (row,) = await rows(settings(tmp_path, DISCORD_TOKEN=TOKEN, DISCORD_API_URL=url), "Discord")
    assert row.health is Health.FAIL
    assert url in row.text


def reply(*calls: dict[str, object]) -> dict[str, object]:
    message = {"role": "assistant", "content": None if calls else "Hello.", "tool_calls": list(calls)}
    usage = {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25}
    return {
        "id": "r",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}],
        "usage": usage,
    }


def able(body: dict[str, object]) -> dict[str, object]:
    """A model that calls what it is asked to call, and takes pictures."""
    asked = str(body["messages"])
    name, arguments = ("colour", '{"name": "red"}') if "image_url" in asked else ("add", '{"a": 17, "b": 25}')
    if "'role': 'tool'" in asked:
        name, arguments = "report", '{"total": 42}'
    return reply({"id": "c1", "type": "function", "function": {"name": name, "arguments": arguments}})


def silent(_: dict[str, object]) -> dict[str, object]:
    return reply()


def refusing(_: dict[str, object]) -> dict[str, object]:
    return {"error": {"message": "bad key", "code": "invalid_api_key"}}


@pytest.mark.parametrize(
    ("status", "answers", "prices", "health", "words"),
    [
        (200, able, "free", Health.OK, "calls tools"),
        (200, silent, "free", Health.WARN, "does not call tools"),
        (200, able, "", Health.WARN, "no price"),
        (401, refusing, "free", Health.FAIL, "(auth)"),
    ],
)
async def test_the_model_is_tried_out(
    *,
    tmp_path: Path,
    status: int,
    answers: Callable[[dict[str, object]], dict[str, object]],
    prices: str,
    health: Health,
    words: str,
):
    keys: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        keys.append(request.headers["Authorization"])
        return web.json_response(answers(await request.json()), status=status)

    async with serve("/v1/chat/completions", answer) as url:
        given = {"OPENAI_BASE_URL": f"{url}/v1", "OPENAI_API_KEY": "s3cret", "MODEL_PRICES": prices}
        found = await rows(settings(tmp_path, SMART_MODEL="my-own", **given), "Model")
    assert [row.health for row in found] == [health]
    assert words in found[0].text
    assert set(keys) == {"Bearer s3cret"}
    assert "s3cret" not in found[0].text


@pytest.mark.parametrize(("taken", "code"), [(False, 0), (True, 1)])
async def test_the_exit_code_says_whether_a_part_fails(tmp_path: Path, taken: bool, code: int):
    port = free_port()
    given = settings(tmp_path, PLAYGROUND_PORT=port)
    console = Console(file=io.StringIO(), width=100)
    if taken:
        with socket.create_server(("127.0.0.1", port)):
            assert await asyncio.to_thread(run_doctor, given, console) == code
    else:
        assert await asyncio.to_thread(run_doctor, given, console) == code


def test_what_was_found_is_printed_as_it_is():
    console = Console(file=(out := io.StringIO()), width=100)
    console.print(
        table([Row(part="Model", health=Health.FAIL, text="[red]not markup[/red]", mend="Type [this].")])
    )
    assert "[red]not markup[/red]" in out.getvalue()
    assert "Type [this]." in out.getvalue()
