"""The web as the tools of a session see it: one fetcher, one search, by the host's settings."""

from contextlib import AsyncExitStack

from agent_core.errors import StartError
from agent_core.packages import Packages
from agent_core.storage import Storage
from agent_core.tools.mcp import Opened, open_servers, read_servers
from agent_core.tools.web import Online
from agent_core.values import ServerRules
from agent_core.web import GuardedFetcher, Search, chosen
from bot.settings import Settings, pip_environment, variables


async def open_packages(stack: AsyncExitStack, settings: Settings) -> Packages:
    """The cache of what sessions install."""
    folder = settings.data_dir.absolute() / "packages"
    return await stack.enter_async_context(Packages(folder, pip_environment()))


async def open_mcp(settings: Settings) -> Opened:
    """The tools of outside servers. Raises StartError where the host's file cannot be used."""
    if settings.mcp_file is None:
        return Opened()
    file = read_servers(settings.mcp_file)
    return await open_servers(file, variables(file.variables()))


async def open_web(stack: AsyncExitStack, settings: Settings, storage: Storage) -> Online:
    """Ready to search and fetch. Raises StartError where the settings of search do not fit together."""

    async def rules(guild_id: str) -> ServerRules:
        return await storage.rules.get(guild_id) or ServerRules()

    key = settings.search_key.get_secret_value() if settings.search_key else ""
    try:
        service, engines = chosen(settings.search_url, settings.search_engine, key)
    except ValueError as error:
        raise StartError(str(error)) from error
    web = await stack.enter_async_context(GuardedFetcher())
    return Online(web=web, search=Search(service, engines=engines), rules=rules)
