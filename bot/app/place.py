"""Where the bot logs in: Discord, a playground of another process, or the one of its own."""

from urllib.parse import urlsplit

from agent_core.errors import StartError
from bot.app.front import Place
from bot.app.outside import playground_token
from bot.settings import Settings


def place_of(settings: Settings, own_url: str | None) -> Place:
    """`own_url`: the API of this process's playground, if it has one. Raises StartError."""
    if settings.discord_token is None and own_url is not None:
        return Place(token=playground_token(), api_url=own_url, local=True)
    if settings.discord_token is None:
        raise StartError("There is nothing to join: set DISCORD_TOKEN to the token of your bot.")
    api_url = settings.discord_api_url
    return Place(
        token=settings.discord_token.get_secret_value(),
        api_url=api_url,
        local=urlsplit(api_url).hostname in ("127.0.0.1", "localhost", "::1"),
    )
