"""What looks like a password, a key or a token is never stored: it would come back in front of others."""

import math
import re
from collections import Counter

from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class

_LONGEST_LINE = 4000
_LOUD = frozenset(
    {"Base64 High Entropy String", "Hex High Entropy String", "Public IP (ipv4)", "Secret Keyword"}
)
"""Detectors made for source code: in a chat they see secrets in ids, hashes and addresses."""
# "the password is hunter2", "api_key = abc123": a word for a secret, then something that no dictionary has.
_TOLD = re.compile(
    r"(?<![A-Za-z])(?:pass(?:word|wd|phrase|code)|passwort|kennwort|mot de passe|contraseña|api[ _-]?key|"
    r"(?:secret[ _-]?)?access[ _-]?(?:key|token)|secret(?:[ _-]?key)?|auth[ _-]?token|token|"
    r"private[ _-]?key|pin)\b"
    r"(?:\s+(?:for|of|to|on|für|von|zum|zur)\s+[^\n:=]{1,40}?)?"
    r"\s*(?:is|are|ist|lautet|es|est|was|:=|=>|[:=])\s*(?:now\s+|jetzt\s+)?[\"'`*]*(?P<value>[^\s\"'`*,;]{4,200})",
    re.IGNORECASE,
)
_KEY = re.compile(r"\b(?:sk|pk|rk)[-_](?:(?:live|test|proj|ant)[-_])?[A-Za-z0-9_-]{20,}")
_ADDRESS = re.compile(r"\bhttps?://\S+")
_LONG = re.compile(r"(?<![\w/.:#-])[A-Za-z0-9+_=-]{24,200}(?![\w/])")
_BITS = 4.2
"""Per character: below it a long word is a name, above it is random."""


def secret_in(text: str) -> str | None:
    """What kind of secret this text seems to hold; None where it seems to hold none."""
    for line in text.splitlines():
        found = (
            _by_shape(line[:_LONGEST_LINE]) or _told(line[:_LONGEST_LINE]) or _random(line[:_LONGEST_LINE])
        )
        if found:
            return found
    return None


def _by_shape(line: str) -> str | None:
    for kind, detector in get_mapping_from_secret_type_to_class().items():
        if kind in _LOUD:
            continue
        if any(detector().analyze_string(line)):
            return kind
    return "API key" if _KEY.search(line) else None


def _told(line: str) -> str | None:
    for match in _TOLD.finditer(line):
        value = match["value"].strip(".!?()[]{}<>")
        if len(set(value)) > 2 and _unlike_a_word(value):
            return "password or key"
    return None


def _unlike_a_word(value: str) -> bool:
    """A digit or a sign within letters, or only digits: no word of a language."""
    if value.isdecimal():
        return len(value) >= 4
    if "://" in value or value.startswith(("<", "#", "@", "/", "$", "{")):
        return False  # an address, a mention, a path, a variable
    letters = any(char.isalpha() for char in value)
    others = any(not char.isalpha() and char not in "-'’." for char in value)
    odd_case = value not in {value.lower(), value.upper(), value.title(), value.capitalize()}
    return (letters and others) or (len(value) >= 8 and odd_case)


def _random(line: str) -> str | None:
    for match in _LONG.finditer(_ADDRESS.sub(" ", line)):  # signed links are no news in a chat
        value = match[0]
        mixed = sum(bool(re.search(kind, value)) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
        if mixed == 3 and _bits(value) >= _BITS:
            return "long random string"
    return None


def _bits(value: str) -> float:
    counts = Counter(value).values()
    return -sum(count / len(value) * math.log2(count / len(value)) for count in counts)
