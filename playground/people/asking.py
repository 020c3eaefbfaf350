"""Reading what a person sends, and answering it. Errors have the same shape as the API's."""

import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import Any, cast

from aiohttp import web

from playground.actions.bodies import Upload
from playground.entities import Channel
from playground.errors import ApiError, Problem
from playground.forms import Form
from playground.limits import ATTACHMENTS, upload_limit
from playground.rest.call import Reply
from playground.rest.pipeline import respond
from playground.rest.reading import parse_json, stage_file
from playground.store import Store
from playground.wire import Payload
from playground.world import World

Ask = Callable[[web.Request], Awaitable[Any]]


def answering(ask: Ask) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """An aiohttp handler that answers what `ask` returns as JSON, and an ApiError with its status."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return respond(Reply(body=await ask(request)))
        except ApiError as error:
            return respond(Reply(status=error.status, body=_told(error)))

    return handle


def _told(error: ApiError) -> Payload:
    """The error's object; where it is about fields, its message is the sentence for the first of them."""
    body = error.body()
    if error.errors:
        places = _places(error.errors)
        body["message"] = "; ".join(f"{place or 'body'}: {message}" for place, message in places)
    return body


def _places(errors: Payload, path: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, inner in errors.items():
        if key == "_errors":
            found += [(path, str(one["message"])) for one in inner]
        else:
            found += _places(inner, f"{path}.{key}" if path else key)
    return found


def wrong(message: str) -> ApiError:
    """A 400 with a sentence of our own."""
    return ApiError(Problem.INVALID_FORM, message=message)


async def read_form(request: web.Request) -> Form:
    """The JSON object of a request."""
    try:
        raw = await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise ApiError(Problem.TOO_LARGE) from error
    body = parse_json(raw or b"{}")
    if not isinstance(body, dict):
        raise wrong("The body must be a JSON object.")
    return Form(cast("object", body))


def need(form: Form, key: str) -> str:
    """An id or a text that must be there, as a string."""
    value = form.raw(key)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if value is None or value == "":
        raise wrong(f"{key!r} is missing.")
    if not isinstance(value, str):
        raise wrong(f"{key!r} must be a text or an id.")
    return value


async def read_files(form: Form, store: Store) -> tuple[Upload, ...]:
    """`files`: [{name, base64}], staged."""
    uploads: list[Upload] = []
    for index, one in form.inners("files"):
        form.check()
        name, encoded = need(one, "name"), one.text("base64")
        if encoded is None:
            raise wrong(f"files[{index}].base64 is missing.")
        try:
            data = base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise wrong(f"files[{index}].base64 is not base64.") from error
        uploads.append(await stage_file(store, name, data, key=str(index)))
    form.check()
    return tuple(uploads)


def check_sizes(world: World, channel: Channel, uploads: tuple[Upload, ...]) -> None:
    """What a channel's server takes: at most 10 files, each within its tier's limit. Else 40005."""
    guild = world.guilds.get(channel.guild_id or "")
    most = upload_limit(guild.premium_tier if guild else 0)
    if len(uploads) > ATTACHMENTS or any(upload.size > most for upload in uploads):
        raise ApiError(Problem.TOO_LARGE)
