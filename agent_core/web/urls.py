"""What an address on the web may look like before anything is looked up. Pure."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from yarl import URL

from agent_core.errors import FetchRefusedError
from agent_core.web.addresses import is_public
from agent_core.web.fetched import Hosts

PORTS = frozenset({80, 443, 8080, 8443})
LONGEST_URL = 4096
# blanks, controls and backslashes are read differently by every program: no honest address needs them
_CONFUSING = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\ufeff\\]")
_NUMBER = re.compile(r"(?:0[xX][0-9a-fA-F]*|[0-9]+)")
_LABEL = re.compile(r"[a-z0-9_-]{1,63}")
_LONGEST_NAME = 253


def check(text: str, hosts: Hosts) -> URL:
    """The address in its one canonical form.

    Raises:
        FetchRefusedError: it is malformed or names something that is never fetched.
    """
    url = _parse(text)
    if url.scheme not in ("http", "https"):
        raise FetchRefusedError(f"Only http and https addresses are fetched, not {_shown(text)}.")
    host = url.raw_host
    if not host:
        raise FetchRefusedError(f"The address {_shown(text)} names no host.")
    if url.port not in PORTS:
        raise FetchRefusedError(f"Port {url.port} is not fetched: only 80, 443, 8080 and 8443 are.")
    _check_host(host)
    if not hosts.permit(host):
        raise FetchRefusedError(f"The rules of this server keep {host!r} closed.")
    return url.with_fragment(None)


def literal(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a host spells out, None for a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def _parse(text: str) -> URL:
    if not isinstance(text, str) or not text or len(text) > LONGEST_URL:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise FetchRefusedError(f"An address is a text of 1 to {LONGEST_URL} characters.")
    if _CONFUSING.search(text):
        raise FetchRefusedError(
            f"The address {_shown(text)} holds blanks, control characters or backslashes."
        )
    try:
        text.encode()
        parts = urlsplit(text)
        url = URL(text)
        plain, port, other = (
            parts.hostname or "",
            parts.port,
            URL.build(scheme="http", host=parts.hostname or "x"),
        )
        agree = other.raw_host == (url.raw_host or "x") and port == url.explicit_port
    except (ValueError, UnicodeError) as error:
        raise FetchRefusedError(f"The address {_shown(text)} is malformed.") from error
    if "@" in parts.netloc or url.raw_user is not None or url.raw_password is not None:
        raise FetchRefusedError("Addresses with a user or password in them are not fetched.")
    bracketed = "[" in parts.netloc
    if "%" in plain or not agree or bracketed != isinstance(literal(plain), IPv6Address):
        raise FetchRefusedError(f"The address {_shown(text)} can be read in two ways.")
    return url


def _check_host(host: str) -> None:
    address = literal(host)
    if address is not None:
        if not is_public(address):
            raise FetchRefusedError(f"{host} is not an address of the public internet.")
        return
    name = host.removesuffix(".")
    labels = name.split(".")
    if (
        len(name) > _LONGEST_NAME
        or not all(_LABEL.fullmatch(label) for label in labels)
        or _NUMBER.fullmatch(labels[-1])
    ):
        raise FetchRefusedError(f"{_shown(host)} is neither a name nor a plain address.")


def _shown(text: str) -> str:
    return repr(text if len(text) <= 200 else text[:200] + "…")
