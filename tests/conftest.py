"""What every test may use."""

import pytest

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
