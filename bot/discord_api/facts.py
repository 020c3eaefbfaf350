"""What has to be known of the application before it connects, asked of the REST address."""

import asyncio
from dataclasses import dataclass
from typing import Any, cast

import aiohttp

from agent_core.errors import StartError

LOGIN_REFUSED = "Discord refuses DISCORD_TOKEN: copy it again from the Developer Portal (Bot, Reset Token)."

_CONTENT_FLAGS = (1 << 18) | (1 << 19)
"""The message content intent: granted, or granted because the bot is in few servers."""
_PAUSES_S = (0.5, 1.5, 3.0)
_WITHIN = aiohttp.ClientTimeout(total=10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The application as Discord knows it."""

    application_id: str
    name: str
    reads_messages: bool
    """The message content intent is switched on in the developer portal."""
    gateway_url: str
    shards: int
    """How many connections Discord recommends."""
    identifies_left: int
    """How often the bot may still connect anew today."""
    identifies_at_once: int = 1
    """How many shards may introduce themselves at the same time."""


async def learn(api_url: str, token: str, *, http: aiohttp.ClientSession) -> Facts:
    """Ask. Raises StartError where the token is refused, or where no Discord answers."""
    application = await _get(f"{api_url}/oauth2/applications/@me", token, http)
    gateway = await _get(f"{api_url}/gateway/bot", token, http)
    try:
        return Facts(
            application_id=str(application["id"]),
            name=str(application["name"]),
            reads_messages=bool(int(application.get("flags") or 0) & _CONTENT_FLAGS),
            gateway_url=str(gateway["url"]),
            shards=int(gateway["shards"]),
            identifies_left=int(gateway["session_start_limit"]["remaining"]),
            identifies_at_once=int(gateway["session_start_limit"].get("max_concurrency", 1)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _no_discord(api_url, f"a part of its answer is missing ({error!r})") from error


async def _get(url: str, token: str, http: aiohttp.ClientSession) -> dict[str, Any]:
    failure = ""
    for pause_s in (0.0, *_PAUSES_S):
        await asyncio.sleep(pause_s)
        try:
            async with http.get(
                url, headers={"Authorization": f"Bot {token}"}, timeout=_WITHIN, allow_redirects=False
            ) as response:
                if response.status in (401, 403):
                    raise StartError(LOGIN_REFUSED)
                if response.status == 200:
                    return _object(await response.json(content_type=None), url)
                failure = f"status {response.status}"
                if response.status < 500 and response.status != 429:
                    break
        except (aiohttp.ClientError, OSError, ValueError) as error:
            failure = f"{type(error).__name__}: {error}".rstrip(": ")
    raise _no_discord(url, failure)


def _object(body: object, url: str) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise _no_discord(url, "it is no JSON object")
    return cast("dict[str, Any]", body)


def _no_discord(url: str, why: str) -> StartError:
    return StartError(
        f"No Discord answers at {url} ({why}): check the network, and DISCORD_API_URL (it ends in /api/v10)."
    )
