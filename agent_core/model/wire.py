"""The rim: one request over the `openai` package, its answer as bytes. What goes wrong becomes a Failure."""

import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast
from urllib.parse import urljoin, urlsplit

from pydantic import JsonValue

from agent_core.model.failures import broken, from_status
from agent_core.model.reply import BrokenReplyError, Failure
from agent_core.model.shapes import load

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI

MAX_BODY = 32 * 1024 * 1024
"""Bytes of one answer."""
_MAX_ERROR_BODY = 64 * 1024
_CONNECT_S = 15.0
_LOOPBACK = ("all://127.0.0.1", "all://localhost", "all://[::1]")


class _RefusedAnswerError(Exception):
    """Leaves the HTTP client with an answer whose status is not 2xx, read up to a limit."""

    def __init__(self, status: int, headers: Mapping[str, str], body: str) -> None:
        super().__init__(status)
        self.status = status
        self.headers = headers
        self.body = body


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer with status 2xx, its body not read yet."""

    content_type: str
    chunks: AsyncIterator[bytes]


class Wire:
    """One server. Opens connections when needed and keeps them; follows no redirect to another origin."""

    def __init__(self, client: "AsyncOpenAI", *, has_key: bool) -> None:
        self._client = client
        self._has_key = has_key

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.close()

    @asynccontextmanager
    async def post(self, path: str, content: bytes) -> AsyncGenerator[Answer]:
        """Send a request. Raises BrokenReplyError for all that gives no answer with status 2xx.

        Leaving closes the socket at once, unless the body was read to its end.
        """
        response = await self._send(path, content)
        try:
            content_type = response.headers.get("content-type", "").lower()
            yield Answer(content_type=content_type, chunks=_chunks(response))
        finally:
            await response.aclose()

    async def read(self, path: str) -> JsonValue:
        """What the server says at this path, as JSON; None where that is of no use. The caller bounds it."""
        import httpx2
        from openai import AsyncStream, OpenAIError

        try:
            response = cast(
                "httpx2.Response",
                await self._client.get(
                    path, cast_to=httpx2.Response, stream=True, stream_cls=AsyncStream[object]
                ),
            )
            try:
                body = b"".join([chunk async for chunk in _chunks(response)])
            finally:
                await response.aclose()
            return load(body.decode(errors="replace"))
        except (_RefusedAnswerError, BrokenReplyError, OpenAIError, httpx2.HTTPError, ValueError):
            return None

    async def _send(self, path: str, content: bytes) -> "httpx2.Response":
        failure: Failure | None = None
        for _ in range(4):
            try:
                return await self._open(path, content)
            except _RefusedAnswerError as error:
                redirect = self._same_origin(path, error)
                if redirect is None:
                    failure = from_status(error.status, error.headers, error.body, now=time.time())
                    break
                path = redirect
        circles = Failure(kind="config", text="it redirects in circles", may_cost=False)
        raise BrokenReplyError(failure or circles)

    async def _open(self, path: str, content: bytes) -> "httpx2.Response":
        import httpx2
        from openai import APIConnectionError, AsyncStream, Omit, OpenAIError

        headers: dict[str, str | Omit] = {"Content-Type": "application/json"}
        if not self._has_key:
            headers["Authorization"] = Omit()
        failure: Failure
        try:
            return await self._client.post(
                path,
                cast_to=httpx2.Response,
                content=content,
                options={"headers": headers},
                stream=True,
                stream_cls=AsyncStream[object],
            )  # type: ignore[return-value] -- with this cast the response itself comes back, unread
        except APIConnectionError as error:
            failure = _connection_failure(error)
        except (OpenAIError, httpx2.InvalidURL, httpx2.HTTPError, UnicodeError) as error:
            text = f"the request cannot be made ({type(error).__name__})"
            failure = Failure(kind="config", text=text, may_cost=False)
        raise BrokenReplyError(failure)

    def _same_origin(self, path: str, error: _RefusedAnswerError) -> str | None:
        """Where a redirect leads, if it stays at this server."""
        location = error.headers.get("location", "")
        if not 300 <= error.status < 400 or not location:
            return None
        base = str(self._client.base_url)
        try:
            asked = urlsplit(path if "://" in path else base.rstrip("/") + path)
            target = urlsplit(urljoin(asked.geturl(), location))
            here = (asked.scheme, asked.hostname, asked.port)
            return target.geturl() if (target.scheme, target.hostname, target.port) == here else None
        except ValueError:
            return None


async def _chunks(response: "httpx2.Response") -> AsyncGenerator[bytes]:
    """The decoded body, up to MAX_BODY bytes. Raises BrokenReplyError where it is cut."""
    import httpx2

    size = 0
    failure: Failure | None = None
    try:
        async for chunk in response.aiter_bytes():
            size += len(chunk)
            if size > MAX_BODY:
                failure = Failure(kind="bad_server", text=f"its answer is longer than {MAX_BODY} bytes")
                break
            yield chunk
    except (httpx2.HTTPError, httpx2.StreamError, OSError) as error:
        failure = broken(f"the connection broke while it answered ({_name(error)})")
    if failure is not None:
        raise BrokenReplyError(failure)


async def _refuse(response: "httpx2.Response") -> None:
    """A response hook: what is no success leaves here, so that nobody reads its body without a limit."""
    if 200 <= response.status_code < 300:
        return
    body = bytearray()
    try:
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > _MAX_ERROR_BODY:
                break
    except Exception:  # noqa: BLE001, S110 -- a body that breaks off or cannot be decoded; the status says enough
        pass
    headers = {name.lower(): value for name, value in response.headers.items()}
    text = bytes(body[:_MAX_ERROR_BODY]).decode(errors="replace")
    raise _RefusedAnswerError(response.status_code, headers, text)


def _name(error: BaseException) -> str:
    return type(error).__name__


def _connection_failure(error: Exception) -> Failure:
    """No connection, or it broke before the answer began. A certificate that is not trusted cannot pass."""
    cause = error.__cause__ or error
    text = f"{_name(cause)}: {cause}" if str(cause) else _name(cause)
    if "CERTIFICATE_VERIFY_FAILED" in text or _name(cause) in ("UnsupportedProtocol", "LocalProtocolError"):
        return Failure(kind="config", text=f"no connection can be made ({text[:300]})", may_cost=False)
    never = _name(cause) in ("ConnectError", "ConnectTimeout", "PoolTimeout")
    return replace(broken(f"no connection ({text[:200]})"), may_cost=not never)


def open_wire(base_url: str, key: str) -> Wire:
    """Build the client. Takes .7 s for the import, and reads certificates: call it off the event loop."""
    import httpx2
    from openai import AsyncOpenAI

    timeout = httpx2.Timeout(None, connect=_CONNECT_S)  # the caller bounds the whole
    plain = base_url.startswith(
        "http:"
    )  # then nothing is ever encrypted, and the certificates need not be read
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if plain else httpx2.create_ssl_context()
    here = httpx2.AsyncHTTPTransport(verify=trust)
    http = httpx2.AsyncClient(
        verify=trust,
        timeout=timeout,
        follow_redirects=False,
        limits=httpx2.Limits(max_connections=500, max_keepalive_connections=50),
        event_hooks={"response": [_refuse]},
        mounts=dict.fromkeys(_LOOPBACK, here),  # no proxy to this machine
    )
    client = AsyncOpenAI(
        base_url=base_url, api_key=key or "none", max_retries=0, timeout=timeout, http_client=http
    )
    client.organization = client.project = client.admin_api_key = (
        None  # the environment's, meant for OpenAI's own server
    )
    return Wire(client, has_key=bool(key))
