"""Attachments under their signed addresses: 200 with the bytes, 403 unsigned, 404 expired or gone."""

import mimetypes

from aiohttp import web

from playground.world import World

_SHOWN_INLINE = ("image/", "video/", "audio/")


class Cdn:
    """Serves /attachments."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One file. Anything but media is a download, and nothing is ever run by a browser."""
        channel_id, attachment_id = request.match_info["channel_id"], request.match_info["attachment_id"]
        expires, signature = request.query.get("ex", ""), request.query.get("hm", "")
        verdict = self._world.links.check(channel_id, attachment_id, expires, signature)
        if verdict == "forged":
            return web.Response(status=403, text="This address is not signed.")
        path = self._world.store.file(attachment_id)
        if verdict == "expired" or not attachment_id.isdecimal() or not path.is_file():
            return web.Response(status=404, text="This content is no longer available.")
        kind = mimetypes.guess_type(request.match_info["filename"])[0] or "application/octet-stream"
        inline = kind.startswith(_SHOWN_INLINE) and kind != "image/svg+xml"
        return web.FileResponse(
            path,
            headers={
                "Content-Type": kind,
                "Content-Disposition": "inline" if inline else "attachment",
                "X-Content-Type-Options": "nosniff",
                "Content-Security-Policy": "sandbox; default-src 'none'",
                "Cache-Control": "private, max-age=3600",
            },
        )
