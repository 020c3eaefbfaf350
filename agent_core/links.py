"""Addresses as text: one form for each, those that stand in a text, the popular platforms. Pure."""

import hashlib
import re
from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit

MOST_LINKS = 5000

_ADDRESS = re.compile(r"https?://[^\s\"'<>\\^`{|}]{1,4000}", re.IGNORECASE)
_AFTER = ".,;:!?*_"
_PLATFORMS = (
    *("wikipedia.org", "wikidata.org", "github.com", "arxiv.org", "news.ycombinator.com"),
    *("stackoverflow.com", "serverfault.com", "superuser.com", "askubuntu.com", "mathoverflow.net"),
    *("stackexchange.com", "openstreetmap.org", "reddit.com", "githubusercontent.com"),
)
"""Hosts, each with all below it, whose pages are read through open endpoints: nobody can listen there."""


def canonical(url: str) -> str:
    """The address without its fragment, scheme and host in small letters; as it is where it is malformed."""
    text = url.strip()
    try:
        parts = urlsplit(text)
        path = parts.path or "/"
        return urlunsplit((parts.scheme.lower(), parts.netloc.lower(), path, parts.query, ""))
    except ValueError:
        return text


def key_of(url: str) -> str:
    """What the journal keeps of an address that was seen: 80 bits that nobody can aim at."""
    return hashlib.sha256(canonical(url).encode("utf-8", "replace")).hexdigest()[:20]


def keys_of(urls: Iterable[str]) -> tuple[str, ...]:
    """The keys of several addresses, each once."""
    return tuple(dict.fromkeys(key_of(url) for url in urls))


def links_in(text: str) -> tuple[str, ...]:
    """The addresses that stand in a text, each once, without the marks that follow them."""
    found = (_trimmed(match[0]) for match in _ADDRESS.finditer(text))
    return tuple(dict.fromkeys(found))[:MOST_LINKS]


def host_of(url: str) -> str:
    """The host that an address names, in small letters; empty where there is none."""
    try:
        return (urlsplit(url.strip()).hostname or "").rstrip(".")
    except ValueError:
        return ""


def on_platform(url: str) -> bool:
    """Whether the address lies on a host of the platform table."""
    try:
        parts = urlsplit(url.strip())
        plain = parts.port is None and "@" not in parts.netloc and parts.scheme.lower() in ("http", "https")
    except ValueError:
        return False
    host = host_of(url)
    return plain and any(host == one or host.endswith(f".{one}") for one in _PLATFORMS)


def _trimmed(url: str) -> str:
    url = url.rstrip(_AFTER)
    while url.endswith((")", "]")) and url.count(url[-1]) > url.count("(" if url[-1] == ")" else "["):
        url = url[:-1].rstrip(_AFTER)
    return url
