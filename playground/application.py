"""The aiohttp application: every part made once, every address registered."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import resources

from aiohttp import web

from playground.cdn import Cdn
from playground.errors import ApiError
from playground.faults import Faults
from playground.gateway.handler import Gateway
from playground.gateway.hub import Hub
from playground.limits import MIB
from playground.people.asking import Ask, answering
from playground.people.calling import Calling
from playground.people.doing import Doing
from playground.people.looking import Looking
from playground.people.watching import Watch
from playground.rest.call import Reply
from playground.rest.exchanges import ExchangeLog
from playground.rest.pacing import Pacing
from playground.rest.pipeline import Pipeline, respond
from playground.rest.routes import routes
from playground.safety import Guard
from playground.world import World

API_ROOTS = ("/api/v10", "/api")
PEOPLE_BYTES = 64 * MIB
"""A person's request holds files as base64."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The application, and how to end what would outlive its requests."""

    app: web.Application
    gateway: Gateway
    looking: Looking
    world: World

    async def end_connections(self) -> None:
        """Close sockets and streams."""
        self.looking.end_streams()
        self.world.clock.let_go()
        await self.gateway.shut()


def build_application(world: World, *, bind: str, token: str | None, rate_limits: bool) -> Parts:
    """Put the server together over a world."""
    guard = Guard(bind, token)
    app = web.Application(middlewares=[guard.middleware()], client_max_size=PEOPLE_BYTES)
    exchanges, faults = ExchangeLog(), Faults()
    pacing = Pacing(world.clock.now, enabled=rate_limits)
    pipeline = Pipeline(world, pacing, exchanges, faults, guard.may_join)
    hub = Hub(world)
    looking = Looking(world, hub, exchanges)
    gateway = Gateway(
        world,
        hub,
        ensure_bot=pipeline.ensure_bot,
        may_join=guard.may_join,
        on_presence=looking.tell_presence,
    )
    for root in API_ROOTS:
        for route in routes():
            app.router.add_route(route.method, root + route.path, pipeline.handler(route))
        app.router.add_route("*", root + "/{rest:.*}", pipeline.nowhere)
    for path in ("/gateway", "/gateway/"):
        app.router.add_get(path, gateway.handle)
    app.router.add_get("/attachments/{channel_id}/{attachment_id}/{filename}", Cdn(world).handle)
    _add_people(app, Calling(world, Watch(world)), Doing(world, gateway, faults), looking)
    return Parts(app=app, gateway=gateway, looking=looking, world=world)


def _add_people(app: web.Application, calling: Calling, doing: Doing, looking: Looking) -> None:
    asks: list[tuple[str, str, Ask]] = [
        ("GET", "/state", looking.state),
        ("GET", "/channels/{channel_id}/messages", looking.messages),
        ("GET", "/log", looking.log),
        ("POST", "/guilds", doing.guild),
        ("PATCH", "/guilds/{guild_id}", doing.change_guild),
        ("POST", "/channels", doing.channel),
        ("PATCH", "/channels/{channel_id}", doing.change_channel),
        ("DELETE", "/channels/{channel_id}", doing.delete_channel),
        ("POST", "/members", doing.member),
        ("PATCH", "/members/{guild_id}/{user_id}", doing.change_member),
        ("DELETE", "/members/{guild_id}/{user_id}", doing.remove_member),
        ("PATCH", "/bots/{bot_id}", doing.change_bot),
        ("POST", "/dms", doing.dm),
        ("POST", "/commands", calling.command),
        ("POST", "/autocomplete", calling.autocomplete),
        ("POST", "/components", calling.component),
        ("POST", "/modals", calling.modal),
        ("POST", "/messages", doing.message),
        ("PATCH", "/messages/{channel_id}/{message_id}", doing.edit_message),
        ("DELETE", "/messages/{channel_id}/{message_id}", doing.delete_message),
        ("POST", "/reactions", doing.reaction),
        ("POST", "/typing", doing.typing),
        ("POST", "/faults", doing.fault),
        ("DELETE", "/faults", doing.clear_faults),
        ("POST", "/clock", doing.clock),
        ("GET", "/clock", doing.time),
    ]
    for method, path, ask in asks:
        app.router.add_route(method, "/playground" + path, answering(ask))
    app.router.add_get("/playground/stream", _refusing(looking.stream))
    app.router.add_get("/playground/docs", _docs)


def _refusing(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except ApiError as error:
            return respond(Reply(status=error.status, body=error.body()))

    return handle


async def _docs(_: web.Request) -> web.StreamResponse:
    text = resources.files("playground").joinpath("people/docs.html").read_text("utf-8")
    return web.Response(text=text, content_type="text/html")
