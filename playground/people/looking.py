"""What a person sees: the state, messages, the live stream, the exchange log."""

import asyncio
from itertools import islice

from aiohttp import web

from playground.actions.access import visible
from playground.actions.commands import available
from playground.entities import Guild, Message
from playground.errors import ApiError, Problem
from playground.events import Event, Rendering, Viewer, encode
from playground.gateway.hub import Hub, may_hear
from playground.people.asking import wrong
from playground.rest.exchanges import ExchangeLog
from playground.shapes.commands import command_object
from playground.shapes.messages import message_object
from playground.shapes.people import member_object, role_object, user_object
from playground.shapes.places import channel_object
from playground.wire import Payload
from playground.world import World

PAGE = 100
STREAM_BACKLOG = 5000
KEEP_ALIVE_S = 15.0


class Looking:
    """The reading handlers, and the open streams."""

    def __init__(self, world: World, hub: Hub, exchanges: ExchangeLog) -> None:
        self._world, self._hub, self._exchanges = world, hub, exchanges
        self._streams: dict[asyncio.Queue[str | None], str] = {}
        world.listen(self._hear)

    async def state(self, _: web.Request) -> Payload:
        """Everything but the messages."""
        return {
            "guilds": [self._guild(guild) for guild in self._world.guilds.values()],
            "bots": [
                {
                    "id": app.id,
                    "name": app.name,
                    "connected": self._hub.connected(app.id),
                    "commands": self._commands(app.id),
                }
                for app in self._world.applications.values()
            ],
        }

    def _guild(self, guild: Guild) -> Payload:
        world = self._world
        return {
            "id": guild.id,
            "name": guild.name,
            "owner_id": guild.owner_id,
            "channels": [
                channel_object(world, channel)
                | {"threads": [channel_object(world, thread) for thread in world.threads_of(channel.id)]}
                for channel in world.guild_channels(guild.id)
            ],
            "roles": [role_object(role) for role in world.guild_roles(guild.id)],
            "members": [
                user_object(world.user(member.user_id))
                | member_object(world, member, with_user=False)
                | {
                    "bot": world.user(member.user_id).bot,
                    "permissions": str(world.guild_permissions(guild.id, member.user_id)),
                }
                for member in world.guild_members(guild.id)
            ],
        }

    def _commands(self, application_id: str) -> list[Payload]:
        scopes = [None, *self._world.guilds]
        seen: dict[str, Payload] = {}
        for guild_id in scopes:
            for command in available(self._world, application_id, guild_id):
                seen[command.id] = command_object(command)
        return list(seen.values())

    async def messages(self, request: web.Request) -> list[Payload]:
        """A channel's messages, oldest first: after an id (exclusive), or the last ones before an id."""
        channel_id, user_id = request.match_info["channel_id"], request.query.get("user_id")
        channel = (
            self._world.channel(channel_id) if user_id is None else visible(self._world, channel_id, user_id)
        )
        after, before = request.query.get("after") or "0", request.query.get("before")
        if not after.isdecimal() or not (before or "0").isdecimal():
            raise wrong("'after' and 'before' must be message ids.")
        history = self._world.history(channel.id)
        source = history.after(after) if before is None else history.before(before)
        seen = (one for one in source if one.ephemeral_to is None or one.ephemeral_to == user_id)
        found = list(islice(seen, PAGE))
        if before is not None:
            found.reverse()
        return [self._message(message, user_id or "") for message in found]

    def _message(self, message: Message, user_id: str) -> Payload:
        shaped = message_object(self._world, message, Viewer(user_id=user_id))
        for reaction, one in zip(message.reactions, shaped.get("reactions", []), strict=False):
            one["users"] = list(reaction.users)
        return shaped

    async def log(self, request: web.Request) -> list[Payload]:
        """The exchanges after a number."""
        after = request.query.get("after") or "0"
        if not after.isdecimal():
            raise wrong("'after' must be the seq of an exchange.")
        return list(self._exchanges.after(int(after)))

    # The stream

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Server-Sent Events: each change that the person may see, as {"t", "d"}."""
        user_id = request.query.get("user_id", "")
        if user_id not in self._world.users:
            raise ApiError(Problem.UNKNOWN_USER)
        headers = {
            "Content-Type": "text/event-stream",
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",
        }
        response = web.StreamResponse(headers=headers)
        queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._streams[queue] = user_id
        try:
            await response.prepare(request)
            await response.write(b"retry: 1000\n\n")
            await self._pump(queue, response)
        except ConnectionError:
            return response
        finally:
            self._streams.pop(queue, None)
        return response

    async def _pump(self, queue: "asyncio.Queue[str | None]", response: web.StreamResponse) -> None:
        while True:
            try:
                text = await asyncio.wait_for(queue.get(), KEEP_ALIVE_S)
            except TimeoutError:
                text = ": still here"
            if text is None:
                return
            await response.write(text.encode() + b"\n\n")

    def end_streams(self) -> None:
        """Let every open stream finish."""
        for queue in self._streams:
            queue.put_nowait(None)

    def _hear(self, event: Event) -> None:
        if event.name == "INTERACTION_CREATE":
            return
        rendering = Rendering(event)
        for queue, user_id in list(self._streams.items()):
            if event.without == user_id or not may_hear(self._world, event, user_id):
                continue
            if queue.qsize() > STREAM_BACKLOG:
                queue.put_nowait(None)  # it reconnects and reads the state anew
                self._streams.pop(queue)
                continue
            queue.put_nowait(_line(event.name, rendering.text(Viewer(user_id=user_id))))

    def tell_presence(self, bot_id: str, connected: bool) -> None:
        """BOT_CONNECTED or BOT_DISCONNECTED to every page."""
        name = "BOT_CONNECTED" if connected else "BOT_DISCONNECTED"
        for queue in self._streams:
            queue.put_nowait(_line(name, encode({"id": bot_id})))


def _line(name: str, data: str) -> str:
    return f'data: {{"t":"{name}","d":{data}}}'
