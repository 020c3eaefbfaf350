"""Transcripts of YouTube's videos, by the questions that its own programs ask without a key. Pure.

YouTube often answers servers of clouds with a refusal, and then says so in words; these are handed on.
"""

import json
from urllib.parse import urlsplit

from pydantic import JsonValue

from agent_core.errors import FetchFailedError
from agent_core.web.loose import as_text, at, changed, listed, parsed

_CLIENT: dict[str, JsonValue] = {"clientName": "ANDROID", "clientVersion": "20.10.38"}
"""Others get captions only with a token that a browser computes."""


def question(video: str) -> bytes:
    """What the player's endpoint is asked."""
    return json.dumps({"context": {"client": _CLIENT}, "videoId": video}).encode()


def captions(player: str, scheme: str) -> str:
    """The address of the best transcript that the player's answer names.

    Raises:
        FetchFailedError: YouTube refuses, or there is no transcript.
    """
    answer = parsed(player)
    status = as_text(at(answer, "playabilityStatus", "status"))
    if status not in ("", "OK"):
        reason = as_text(at(answer, "playabilityStatus", "reason")) or status
        raise FetchFailedError(f"YouTube refuses: {reason[:300]}. From servers it often does.")
    if not status and at(answer, "videoDetails") is None:
        raise FetchFailedError(changed("YouTube"))
    chosen = best_track(answer)
    where = urlsplit(as_text(at(chosen, "baseUrl")))
    host = where.hostname or ""
    if chosen is None or not (host == "youtube.com" or host.endswith(".youtube.com")):
        raise FetchFailedError("YouTube has no transcript of this video.")
    return where._replace(scheme=scheme, query=where.query.replace("&fmt=srv3", "")).geturl()


def best_track(answer: JsonValue) -> JsonValue:
    """Written by people before made by a program, in English before another language."""
    tracks = listed(at(answer, "captions", "playerCaptionsTracklistRenderer", "captionTracks"))
    ranked = sorted(
        tracks,
        key=lambda track: (
            as_text(at(track, "kind")) == "asr",
            not as_text(at(track, "languageCode")).startswith("en"),
        ),
    )
    return ranked[0] if ranked else None
