"""The few things that the bot says by itself in a thread: small, silent, pinging nobody, said once."""

import contextlib

from bot.discord_api import DiscordApi, DiscordError
from bot.inbound.once import Once

REFUSED = "🚫"
_ROOM = 1900


class Notes:
    """Quiet notes under what somebody did. A note that cannot be posted is no reason to stop."""

    def __init__(self, api: DiscordApi) -> None:
        self._api = api
        self._once = Once()

    async def say(self, channel_id: str, message_id: str, text: str, *, about: str) -> None:
        """Reply to a message in small print; once per message and subject, also after a lost connection."""
        rows = [f"-# {row}" for row in text[:_ROOM].split("\n")]
        with contextlib.suppress(DiscordError):
            await self._api.send(
                channel_id, "\n".join(rows), nonce=f"{about[:4]}{message_id}"[:25], reply_to=message_id
            )

    async def once(self, channel_id: str, message_id: str, text: str, *key: str) -> None:
        """As `say`, if nothing was said for this key yet."""
        if self._once.first(channel_id, *key):
            await self.say(channel_id, message_id, text, about=key[0])

    async def turn_away(self, channel_id: str, message_id: str, person_id: str, text: str) -> None:
        """Mark the words of somebody who may not steer, and say why; once per person and thread."""
        if self._once.first(channel_id, "away", person_id):
            with contextlib.suppress(DiscordError):
                await self._api.react(channel_id, message_id, REFUSED)
            await self.say(channel_id, message_id, text, about="away")
