"""What a model, a program or a person wrote is data: shown as it is, never obeyed by a client. Pure."""

import re

from bot.render.split import balanced, head, size

_ESCAPES = re.compile(
    r"\x1b(?:\][^\x07\x1b]{0,4096}(?:\x07|\x1b\\)?"  # OSC: titles, links
    r"|[PX^_][^\x1b]{0,4096}(?:\x1b\\)?"  # DCS, SOS, PM, APC
    r"|\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|[ -/]*[0-~])"
    r"|\x9b[0-?]*[ -/]*[@-~]"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_NAMED = re.compile(r"[\x80-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufff9-\ufffb]")
"""Controls of the second set, and what changes the direction or the lines of the text around it."""
_INVISIBLE = re.compile(
    r"[\u00ad\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0"
    r"\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_MENTION = re.compile(r"@(?=everyone|here)|<(?=[@#][!&]?\d+>|@&|/[^>\n]{1,100}:\d+>)", re.IGNORECASE)
_MARKDOWN = re.compile(
    r"(\\(?=[^A-Za-z0-9\s])|[*`]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|~(?=~)|\|(?=\|)|\](?=\()|^[#>-])"
)
"""Only what would take effect: a name_with_underscores stays as it is."""
_GAP = "\u200b"


def clean(text: str) -> str:
    """Text that shows what it holds: terminal codes and the invisible gone, control characters visible."""
    text = _ESCAPES.sub("", text.replace("\r\n", "\n"))
    text = text.replace("\r", "\n")
    text = _CONTROL.sub(_picture, text)
    text = _NAMED.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)
    text = _SURROGATE.sub("\ufffd", text)
    return _INVISIBLE.sub("", text)


def is_lossy(text: str) -> bool:
    """Whether `clean` changes more than line ends: the exact text then belongs into a file."""
    return clean(text) != text.replace("\r\n", "\n")


def fenced(text: str, language: str = "") -> str:
    """The cleaned text in a code fence that it cannot leave."""
    inside = _unfence(clean(text)).strip("\n")
    return f"```{language}\n{inside or ' '}\n```"


def prose(text: str, room: int | None = None) -> str:
    """Cleaned Markdown whose mentions are only text, cut to `room`. Its code fences stay, and are closed."""
    words = _MENTION.sub(lambda found: found[0] + _GAP, clean(text)).strip()
    return balanced(words if room is None else cut(words, room - 4))


def line(text: str, room: int = 200) -> str:
    """One cleaned line without any Markdown of its own, cut to `room` (which does not count the escapes)."""
    flat = cut(" ".join(clean(text).split()), room)
    escaped = _MARKDOWN.sub(r"\\\1", flat)
    return _MENTION.sub(lambda found: found[0] + _GAP, escaped)


def code(text: str, room: int = 100) -> str:
    """One cleaned line as inline code."""
    flat = " ".join(clean(text).split()).replace("`", "ˋ")
    return f"`{cut(flat, room - 2) or ' '}`"


def cut(text: str, room: int) -> str:
    """The text, or its beginning and an ellipsis."""
    return text if size(text) <= room else head(text, room - 1) + "…"


def _picture(found: re.Match[str]) -> str:
    """The visible picture of a control character."""
    return "\u2421" if found[0] == "\x7f" else chr(0x2400 + ord(found[0]))


def _unfence(text: str) -> str:
    """No three backticks in a row: Discord would end the fence there."""
    return re.sub(r"`{3,}", lambda run: _GAP.join(run[0]), text)
