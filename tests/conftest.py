"""What every test may use."""

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from agent_core.storage.embedded import EmbeddedRedis
from agent_core.storage.redis import connected
from tests.protocol.openapi import DiscordOpenApi


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--discord-openapi",
        metavar="FILE",
        default="../shared/discord-openapi.json",
        help="Discord's OpenAPI description, from the repository's root (default: %(default)s).",
    )


@pytest.fixture(scope="session")
def discord_openapi_if_there(pytestconfig: pytest.Config) -> DiscordOpenApi | None:
    """For checks at the end of a test that is worth running also without Discord's description."""
    path = pytestconfig.rootpath / str(pytestconfig.getoption("--discord-openapi"))
    return DiscordOpenApi(path) if path.is_file() else None


@pytest.fixture(scope="session")
def discord_openapi(discord_openapi_if_there: DiscordOpenApi | None) -> DiscordOpenApi:
    """Judge exchanges: `assert discord_openapi.check_exchanges(log) == []`. Skip where the file is absent."""
    if discord_openapi_if_there is None:
        pytest.skip("Discord's OpenAPI description is not there: name it with --discord-openapi FILE")
    return discord_openapi_if_there


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def redis_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[EmbeddedRedis]:
    """The Redis of this run."""
    async with EmbeddedRedis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest_asyncio.fixture
async def redis_url(redis_server: EmbeddedRedis) -> str:
    """The address of an empty Redis."""
    async with connected(redis_server.url, repeat=True) as client:
        await client.flushall()  # pyright: ignore[reportUnknownMemberType]
    return redis_server.url
