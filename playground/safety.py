"""Who may speak to the server: Host and Origin are checked; off loopback a token is needed."""

import hmac
import ipaddress
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from playground.ids import secret_of

COOKIE = "playground_token"
_BOT_PATHS = ("/api/", "/gateway", "/attachments/")


class Guard:
    """Judges requests. `token` is None on loopback."""

    def __init__(self, bind: str, token: str | None) -> None:
        self._bind, self._token = bind, token

    def middleware(self) -> Middleware:
        """The aiohttp middleware that applies this guard."""

        @web.middleware
        async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
            if not self._host_is_ours(request):
                return web.Response(status=403, text="This Host is not the playground's.")
            if not _origin_is_ours(request):
                return web.Response(status=403, text="Pages from elsewhere may not speak to the playground.")
            if self._token is not None and not request.path.startswith(_BOT_PATHS):
                return await self._with_token(request, handler)
            return await handler(request)

        return check

    def may_join(self, request: web.Request, bot_token: str) -> bool:
        """Bots from this machine may use any token; from elsewhere its last part must be the access token."""
        if self._token is None or is_loopback(request.remote or ""):
            return True
        return hmac.compare_digest(secret_of(bot_token).encode(), self._token.encode())

    def _host_is_ours(self, request: web.Request) -> bool:
        """Against DNS rebinding. Bound elsewhere the token protects, and any name may be used."""
        if self._token is not None:
            return True
        host = _host_of(f"//{request.host}")
        return host in {"localhost", self._bind} or is_loopback(host)

    async def _with_token(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.query.get("token")
        if given is not None and self._matches(given):
            if request.method != "GET" or request.path.startswith("/playground/"):
                return await handler(request)
            response = web.Response(status=303, headers={"Location": request.path})
            response.set_cookie(COOKIE, given, httponly=True, samesite="Strict")
            return response
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self._matches(bearer) or self._matches(request.cookies.get(COOKIE, "")):
            return await handler(request)
        return web.Response(
            status=401, text="A token is needed: open the address that the playground printed."
        )

    def _matches(self, given: str) -> bool:
        return self._token is not None and hmac.compare_digest(given.encode(), self._token.encode())


def _origin_is_ours(request: web.Request) -> bool:
    """No Origin (programs), or the same host and port that was asked."""
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    try:
        return urlsplit(origin).netloc == request.host
    except ValueError:
        return False


def _host_of(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    """Whether a host is an address of this machine alone."""
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
