"""What a body is: from its first bytes and the server's word, which is only a hint. Pure."""

from typing import Literal

Kind = Literal["html", "pdf", "json", "csv", "xml", "text", "other"]

_BINARY = (
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"\x7fELF",
    b"MZ\x90",
    b"\x1f\x8b",
    b"BZh9",
    b"\xfd7zXZ",
    b"7z\xbc\xaf",
    b"Rar!",
    b"OggS",
    b"fLaC",
    b"ID3",
    b"\x00asm",
    b"\xca\xfe\xba\xbe",
    b"wOFF",
    b"wOF2",
    b"\x28\xb5\x2f\xfd",
    b"\x1aE\xdf\xa3",
    b"SQLite format 3",
)
_BOMS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff", b"\xef\xbb\xbf")
_HEAD = 4096
PAGE_BYTES = 3_000_000
PDF_BYTES = 10_000_000


def media_type(content_type: str) -> str:
    """`text/html` of `Text/HTML; charset=x`."""
    return content_type.partition(";")[0].strip().lower()


def readable(content_type: str) -> bool:
    """Whether a server's word names something that is read as a page; no word at all is looked at."""
    kind = media_type(content_type)
    return (
        not kind
        or kind.startswith("text/")
        or kind.endswith(("+json", "+xml", "/json", "/xml", "/pdf", "/x-pdf"))
        or kind
        in {
            "application/octet-stream",
            "application/x-ndjson",
            "application/jsonl",
            "application/csv",
            "application/javascript",
            "application/yaml",
            "application/x-yaml",
            "application/toml",
            "application/rtf",
            "unknown/unknown",
        }
    )


def kind_of(content_type: str, body: bytes) -> Kind:
    """`other` is what cannot be read as a page."""
    start = body[:_HEAD].lstrip(b"\xef\xbb\xbf \t\r\n")
    if b"%PDF-" in body[:1024]:
        return "pdf"
    if (
        body.startswith(_BINARY)
        or body[4:8] == b"ftyp"
        or (body.startswith(b"RIFF") and body[8:12] in (b"WEBP", b"WAVE"))
    ):
        return "other"
    declared = media_type(content_type)
    if declared.endswith("pdf") or _looks_binary(content_type, body):
        return "other"
    return _text_kind(declared, start.lower())


def _text_kind(declared: str, start: bytes) -> Kind:
    if declared.endswith(("csv", "tab-separated-values")):
        return "csv"
    if declared.endswith("json") and not start.startswith(b"<"):
        return "json"
    if "html" in declared or start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "xml" if start.startswith(b"<?xml") and b"<html" not in start else "html"
    if declared.endswith("xml") or start.startswith((b"<?xml", b"<rss", b"<feed")):
        return "html" if b"<html" in start else "xml"
    if declared in ("", "application/octet-stream") and start.startswith((b"{", b"[")):
        return "json"
    return "text"


def _looks_binary(content_type: str, body: bytes) -> bool:
    head = body[:_HEAD]
    if head.startswith(_BOMS) or "utf-16" in content_type.lower() or "utf-32" in content_type.lower():
        return False
    controls = sum(byte < 9 or 13 < byte < 27 for byte in head)
    # one stray NUL happens on honest pages; a picture is full of them
    return controls * 50 > len(head)
