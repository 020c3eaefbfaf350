"""Every way in which a server fails -> one kind, and so one reaction. Pure."""

import re
from collections.abc import Mapping
from dataclasses import replace

from pydantic import JsonValue

from agent_core.errors import (
    BadRequestModelError,
    BadServerError,
    FilteredError,
    ModelAuthError,
    ModelConfigError,
    ModelError,
    OverflowModelError,
    QuotaError,
    RateLimitError,
    TransientModelError,
)
from agent_core.model import wording as words
from agent_core.model.reply import Failure, Kind
from agent_core.model.said import Said, parse, read_said, retry_after

_EXCERPT = 400
"""Characters of a server's words that an error shows."""
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)


_MAY_COST = frozenset({408, 499, 504, 524})
"""Statuses that come when somebody on the way lost patience: the model may have worked all the same."""


def from_status(status: int, headers: Mapping[str, str], body: str, *, now: float) -> Failure:
    """Classify an answer whose HTTP status is not 2xx. Header names are lower case."""
    return replace(_from_status(status, headers, body, now=now), may_cost=status in _MAY_COST)


def _from_status(status: int, headers: Mapping[str, str], body: str, *, now: float) -> Failure:
    wait = retry_after(headers, now)
    if is_page(body):
        return Failure(
            kind=_page_kind(status), text=f"{status}: {page_title(body)}", status=status, retry_after_s=wait
        )
    said = read_said(parse(body))
    if 300 <= status < 400:
        target = headers.get("location", "an unnamed address")
        text = f"it redirects to {target}, where the key is not sent. Set OPENAI_BASE_URL to that address."
        return Failure(kind="config", text=text, status=status)
    return _failure(said, status, wait)


def from_event(event: JsonValue) -> Failure:
    """Classify an error that came inside an answer with status 200."""
    said = read_said(event)
    return _failure(said, said.status, None)


def broken(text: str) -> Failure:
    """The answer was cut or damaged on its way."""
    return Failure(kind="transient", text=text)


def not_a_server(text: str) -> Failure:
    """The answer is none of the protocol."""
    return Failure(kind="bad_server", text=text, may_cost=False)


def is_page(body: str) -> bool:
    """The body is HTML or XML."""
    return body[:200].lstrip("\ufeff \r\n\t").startswith("<")


def page_title(body: str) -> str:
    """How to name an HTML page to people."""
    found = _TITLE.search(body[:4000])
    title = " ".join(found.group(1).split())[:100] if found else ""
    return f"an HTML page with the title {title!r}" if title else "an HTML page"


def _failure(said: Said, status: int | None, wait: float | None) -> Failure:
    kind = _kind(said, status, wait)
    wait = wait if wait is not None else said.retry_after_s
    text = excerpt(said.message) or "no reason given"
    if status is not None:
        text = f"{status}: {text}"
    if kind == "transient" and "tool_use_failed" in said.codes:
        kind = "bad_request"
    return Failure(
        kind=kind,
        text=text,
        status=status,
        retry_after_s=wait if kind in ("rate_limit", "transient") else None,
        wording=said.wording,
        generation=said.generation,
    )


def excerpt(text: str) -> str:
    """One line of printable text. Cut for good only after the key is out of it."""
    return " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * _EXCERPT]).split())


def _page_kind(status: int) -> Kind:
    match status:
        case 401:
            return "auth"
        case 402:
            return "quota"
        case 407:
            return "config"
        case 413:
            return "overflow"
        case 429:
            return "rate_limit"
        case 408 | 425:
            return "transient"
        case _:
            return "transient" if status >= 500 else "bad_server"


def _kind(said: Said, status: int | None, wait: float | None) -> Kind:
    text = words.plain(said.texts)
    for test in (_by_overflow, _by_account, _by_filter):
        kind = test(said, status, text, wait)
        if kind is not None:
            return kind
    return _by_status(said, status, text)


def _by_overflow(said: Said, status: int | None, text: str, _wait: float | None) -> Kind | None:
    too_large = bool(words.TOO_LARGE_FOR_LIMIT.search(text))
    if status == 429 and not too_large and "context" not in text:
        return None
    if status == 413 or said.codes & words.CODES_OVERFLOW or too_large:
        return "overflow"
    if words.OVERFLOW.search(text) and not words.NOT_OVERFLOW.search(text):
        return "overflow"
    return None


def _by_account(said: Said, status: int | None, text: str, wait: float | None) -> Kind | None:
    if status == 402 or said.codes & words.CODES_QUOTA:
        return "quota"
    if status not in (None, 400, 403, 412, 429) or not words.QUOTA.search(text):
        return None
    short = wait is not None or said.retry_after_s is not None
    if words.RATE_METRIC.search(text) and short and not words.PER_DAY.search(words.plain(said.wording)):
        return "rate_limit"  # Gemini names its limits per minute a quota
    return "quota" if status in (403, 429) or words.SPENT.search(text) else None


def _by_filter(said: Said, status: int | None, text: str, _wait: float | None) -> Kind | None:
    if status not in (None, 400, 403, 422, 451):
        return None
    if said.codes & words.CODES_FILTERED or words.FILTERED.search(text):
        return "filtered"
    return None


def _by_status(said: Said, status: int | None, text: str) -> Kind:
    if status == 401:
        return "auth"
    if status == 429:
        return "rate_limit"
    if status is None:
        return _by_words(said, text)
    if status in (408, 409, 425, 499):
        return "transient"
    if status >= 500:
        return "config" if status == 501 or words.CONFIG.search(text) else "transient"
    if said.codes & words.CODES_AUTH or words.AUTH.search(text) or status == 403:
        return "auth"
    if status in (404, 405, 407, 410) or said.codes & words.CODES_CONFIG or words.CONFIG.search(text):
        return "config"
    if status < 400:
        return _by_words(said, text)
    return "bad_request"


def _by_words(said: Said, text: str) -> Kind:
    """An error without a status: inside a stream, or with status 200."""
    codes = said.codes
    if codes & words.CODES_RATE or words.RATE.search(text):
        return "rate_limit"
    if codes & words.CODES_AUTH or words.AUTH.search(text):
        return "auth"
    if codes & words.CODES_CONFIG or words.CONFIG.search(text):
        return "config"
    if codes & words.CODES_BAD_REQUEST and not words.TRANSIENT.search(text):
        return "bad_request"
    return "transient"


def as_error(failure: Failure, *, where: str, key: str) -> ModelError:
    """The error to raise: one sentence, without the key."""
    text = redact(failure.text.rstrip(), key)
    text = text if len(text) <= _EXCERPT else text[:_EXCERPT] + "…"
    text = text if text.endswith((".", "!", "?", "…")) else text + "."
    match failure.kind:
        case "transient":
            return TransientModelError(f"The model server at {where} failed: {text}")
        case "rate_limit":
            wait = failure.retry_after_s
            asks = f"asks to wait {wait:.0f} s" if wait is not None else "asks to wait"
            return RateLimitError(f"The model server at {where} {asks}: {text}", retry_after_s=wait)
        case "quota":
            return QuotaError(f"The account at {where} has no credit or quota left: {text}")
        case "overflow":
            return OverflowModelError(f"The request does not fit the model's window: {text}")
        case "auth":
            return ModelAuthError(
                f"The model server at {where} refused the key: {text} Check OPENAI_API_KEY."
            )
        case "config":
            hint = "Check OPENAI_BASE_URL, the model's name and the server's flags."
            return ModelConfigError(f"The model server at {where} cannot serve this: {text} {hint}")
        case "filtered":
            return FilteredError(f"A content filter withheld the reply: {text}")
        case "bad_server":
            hint = "Check OPENAI_BASE_URL; it usually ends in /v1."
            return BadServerError(f"{where} is not an OpenAI-compatible server: {text} {hint}")
        case "bad_request":
            return BadRequestModelError(f"The model server at {where} rejects the request: {text}")


def redact(text: str, key: str) -> str:
    """The text without the key, also where a server quotes it back in part."""
    if len(key) >= 4:
        text = text.replace(key, "***")
        if len(key) >= 20:
            text = text.replace(key[:16], "***").replace(key[-12:], "***")
    return text
