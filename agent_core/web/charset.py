"""Bytes to text as browsers do: mark, header, meta tag, then UTF-8 and at last windows-1252. Never raises."""

import codecs
import re

_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_HEADER = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:+-]{1,40})", re.IGNORECASE)
_META = re.compile(rb"<meta[^>]{0,400}?charset\s*=\s*[\"']?\s*([\w.:+-]{1,40})", re.IGNORECASE)
_XML = re.compile(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:+-]{1,40})[\"']", re.IGNORECASE)
_META_WITHIN = 4096
# what browsers read under these names; what is no character set (zip, hex, rot13, idna...) is left out
_SAME = {
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "ascii": "cp1252",
    "us-ascii": "cp1252",
    "x-cp1252": "cp1252",
    "iso-8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "tis-620": "cp874",
    "x-mac-roman": "mac_roman",
    "unicode": "utf-16-le",
    "utf-16": "utf-16-le",
    "ucs-2": "utf-16-le",
}
_TEXT_CODEC = re.compile(
    r"utf-?(?:8|16|16-?[lb]e|32|32-?[lb]e)$|cp\d+$|iso8859-\d+$|koi8-[rut]$|mac-?_?\w+$|euc_\w+$|gb\w+$|big5\w*$|hz$"
    r"|johab$|ptcp154$|tis-620$|shift_jis\w*$|iso2022_\w+$"
)


def decode(body: bytes, content_type: str = "") -> str:
    """The text, with what no character set explains as U+FFFD."""
    for mark, name in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    for name in (_said(content_type), _written(body)):
        if name is not None:
            return body.decode(name, "replace")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        # a cut or a stray byte in a text that else is UTF-8
        good = body[: error.start].decode("utf-8")
        if any(ord(character) > 127 for character in good):
            return body.decode("utf-8", "replace")
        return body.decode("cp1252", "replace")


def codec(label: str) -> str | None:
    """Python's name of a character set, None for what browsers would not know."""
    name = _SAME.get(label.strip().lower(), label.strip())
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    return found if _TEXT_CODEC.match(found) else None


def _said(content_type: str) -> str | None:
    found = _HEADER.search(content_type[:1000])
    return codec(found[1]) if found else None


def _written(body: bytes) -> str | None:
    head = body[:_META_WITHIN]
    found = _XML.search(head) or _META.search(head)
    if found is None:
        return None
    name = codec(found[1].decode("ascii", "replace"))
    # a page whose meta tag can be read in ASCII is not UTF-16, whatever the tag says
    return "utf-8" if name is not None and name.startswith(("utf-16", "utf-32")) else name
