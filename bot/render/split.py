"""Split text into parts that Discord accepts, without breaking what it would show. Pure.

Lengths are UTF-16 units: never fewer than code points, so a part is within the limit by either count.
"""

import re
import unicodedata

MESSAGE_LIMIT = 2000
"""What one message may hold."""

_RUN = re.compile(r"`{3,}")
_LANGUAGE = re.compile(r"[A-Za-z0-9_+.#-]{1,32}(?=\n|\Z)")
_WHOLE = re.compile(
    r"`{3,}[A-Za-z0-9_+.#-]{0,32}"
    r"|<a?:\w{1,64}:\d{1,20}>|<[@#][!&]?\d{1,20}>|<t:-?\d{1,20}(?::\w)?>|</[^:>\n]{1,100}:\d{1,20}>"
    r"|https?://[^\s<>`]{1,500}"
)
_CLOSER = "\n```"
_ZWJ = "\u200d"


def size(text: str) -> int:
    """The length as Discord may count it at most."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def head(text: str, room: int) -> str:
    """The longest beginning within `room`; what is seen as one character stays whole where it can."""
    return text[: _back_to_seam(text, _within(text, room))]


def tail(text: str, room: int) -> str:
    """The longest ending within `room`."""
    start = max(len(text) - room, 0)
    while size(text[start:]) > room or (0 < start < len(text) and _glued(text, start)):
        start += 1
    return text[start:]


def split(text: str, limit: int = MESSAGE_LIMIT) -> list[str]:
    """Cut into parts of at most `limit`, at paragraphs, lines or words where there are any.

    A code fence that is cut is closed, and opened again with its language; one that nobody closed is closed.
    Only white space at the cuts is dropped. `limit` must be 100 or more.
    """
    parts: list[str] = []
    language: str | None = None
    while text.strip() or (language is not None and text):
        opener = "" if language is None else f"```{language}\n"
        room = limit - size(opener) - len(_CLOSER)
        whole = size(text) <= room
        cut = len(text) if whole else _cut(text, room, inside=language is not None)
        piece, text = text[:cut], text[cut:]
        language = _fence_after(piece, language)
        parts.append(opener + piece + (_CLOSER if language is not None else ""))
        text, language = _rest(text, language)
    return [part for part in parts if part.strip()]


def first_part(text: str, limit: int = MESSAGE_LIMIT) -> str:
    """The first part that `split` makes, without splitting all the rest; "" where there is none."""
    parts = split(head(text, 2 * limit), limit)
    return parts[0] if parts else ""


def balanced(text: str) -> str:
    """The text with every fence closed."""
    return text if _fence_after(text, None) is None else text + _CLOSER


def _rest(text: str, language: str | None) -> tuple[str, str | None]:
    """What comes after a cut: the white space at it dropped, and a fence that ends right there ended."""
    text = text.lstrip("\n ") if language is None else text.removeprefix("\n")
    closing = _RUN.match(text) if language is not None else None
    if closing is not None and len(closing[0]) == 3:
        return text[3:].removeprefix("\n"), None
    return text, language


def _fence_after(text: str, language: str | None) -> str | None:
    """The language of the fence that is open after the text, "" where it has none; None: no fence is."""
    for run in _RUN.finditer(text):
        if len(run[0]) // 3 % 2 == 0:
            continue
        if language is None:
            named = _LANGUAGE.match(text, run.end())
            language = named[0] if named else ""
        else:
            language = None
    return language


def _cut(text: str, room: int, *, inside: bool) -> int:
    """Where to cut a text that is longer than `room`; at least 1."""
    end = _within(text, room)
    paragraph = text.rfind("\n\n", end // 2, end)
    if paragraph > 0 and not inside and _fence_after(text[:paragraph], None) is None:
        return paragraph
    line = text.rfind("\n", end // 3, end + 1)
    if line > 0:
        return _before_empty_fence(text, line)
    word = text.rfind(" ", end // 2, end + 1)
    if word > 0 and _whole_at(text, word) is None:
        return word + 1 if inside else word
    return _back_to_seam(text, end)


def _before_empty_fence(text: str, cut: int) -> int:
    """The cut, moved before a fence that would be left open with nothing in it."""
    opener = re.search(r"`{3}[A-Za-z0-9_+.#-]{0,32}\s*\Z", text[:cut])
    if opener is None or not text[: opener.start()].strip():
        return cut
    opens = _fence_after(text[: opener.start()], None) is None
    return opener.start() if opens else cut


def _back_to_seam(text: str, end: int) -> int:
    """`end`, moved back so that nothing that is seen as one is cut; `end` itself where all of it is one."""
    whole = _whole_at(text, end)
    if whole is not None and whole.start() > 0:
        return whole.start()
    if whole is not None and text[whole.start()] == "`":
        return max(end - (end - whole.start()) % 3, min(3, end))
    cut = end
    while cut > 0 and _glued(text, cut):
        cut -= 1
    return cut or end


def _whole_at(text: str, at: int) -> re.Match[str] | None:
    """The mention, emoji, address or fence mark that a cut at `at` would break."""
    for found in _WHOLE.finditer(text, max(at - 600, 0), min(at + 600, len(text))):
        if found.start() < at < found.end():
            return found
    return None


def _within(text: str, room: int) -> int:
    """How many characters of the text fit into `room`; at least 1."""
    end = min(len(text), room)
    over = size(text[:end]) - room
    while over > 0:
        end -= 1
        over -= size(text[end])
    return max(end, 1)


def _glued(text: str, at: int) -> bool:
    """Whether the characters on both sides of `at` are seen as one."""
    if at >= len(text):
        return False
    before, after = text[at - 1], text[at]
    if _ZWJ in (before, after) or unicodedata.category(after) in ("Mn", "Me", "Mc"):
        return True
    if "\U0001f3fb" <= after <= "\U0001f3ff":
        return True
    return _flag(before) and _flag(after) and _flags_before(text, at) % 2 == 1


def _flag(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _flags_before(text: str, at: int) -> int:
    count = 0
    while count < at and _flag(text[at - 1 - count]):
        count += 1
    return count
