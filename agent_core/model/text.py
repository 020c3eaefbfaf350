"""What of a streamed text may be shown, piece by piece: no thoughts, and no tool call written as text."""

from collections.abc import Callable

from agent_core.model.shapes import mend_surrogates

Tell = Callable[[str], object]
"""A caller's `on_text`."""

_OPEN = "<think>"
_CLOSE = "</think>"
_CALL_STARTS = ("{", "[{", "```", "<tool_call")


def _overhang(text: str, marks: tuple[str, ...]) -> int:
    """How many characters at the end of the text may be the beginning of one of the marks."""
    longest = max(map(len, marks)) - 1
    for length in range(min(longest, len(text)), 0, -1):
        tail = text[-length:]
        if any(mark.startswith(tail) for mark in marks):
            return length
    return 0


class ThoughtFilter:
    """Splits a text into what is visible and its <think> parts.

    A closing tag without an opening one turns all before it into a thought (many chat templates write the
    opening tag themselves). Tags in backticks are text. An opening tag that is never closed counts only at a
    line's start.
    """

    def __init__(self) -> None:
        self._buffer = ""
        self._inside = False
        self._seen = False
        self._at_line_start = True
        self._last = "\n"
        self._lead: str = ""
        self._visible: list[str] = []
        self._thought: list[str] = []
        self._open: list[str] = []

    @property
    def visible(self) -> str:
        """The visible text so far."""
        return "".join(self._visible)

    @property
    def thought(self) -> str:
        """The thoughts so far, tags included."""
        return mend_surrogates("".join(self._thought))

    def feed(self, piece: str) -> str:
        """The visible text that this piece adds."""
        self._buffer += piece
        out: list[str] = []
        while (found := self._step()) is not None:
            out.append(found)
        return "".join(out)

    def end(self) -> str:
        """The visible text that was held back until now."""
        rest, self._buffer = self._buffer, ""
        if not self._inside:
            return self._show(rest)
        self._inside = False
        unclosed = _OPEN + "".join(self._open) + rest
        self._open.clear()
        if self._at_line_start:
            self._thought.append(unclosed)
            return ""
        return self._show(unclosed)

    def _step(self) -> str | None:
        """Take one stretch off the buffer; None when more text is needed."""
        if self._inside:
            return self._leave()
        start, close = self._buffer.find(_OPEN), self._buffer.find(_CLOSE)
        if start < 0 and close < 0:
            held = _overhang(self._buffer, (_OPEN, _CLOSE)) or self._half_pair()
            ready = self._buffer[: len(self._buffer) - held]
            self._buffer = self._buffer[len(ready) :]
            return self._show(ready) if ready else None
        if start < 0 or 0 <= close < start:
            return self._stray_close(close)
        before, self._buffer = self._buffer[:start], self._buffer[start + len(_OPEN) :]
        if self._quoted(before):
            return self._show(before + _OPEN)
        shown = self._show(before)
        self._inside = self._seen = True
        self._at_line_start = not self._visible or self._last == "\n"
        return shown

    def _leave(self) -> str | None:
        end = self._buffer.find(_CLOSE)
        if end < 0:
            sure = len(self._buffer) - _overhang(self._buffer, (_CLOSE,))
            self._open.append(self._buffer[:sure])
            self._buffer = self._buffer[sure:]
            return None
        self._thought.append(_OPEN + "".join(self._open) + self._buffer[:end] + _CLOSE)
        self._open.clear()
        self._buffer = self._buffer[end + len(_CLOSE) :]
        self._inside = False
        return ""

    def _stray_close(self, at: int) -> str:
        before, self._buffer = self._buffer[:at], self._buffer[at + len(_CLOSE) :]
        if self._quoted(before):
            return self._show(before + _CLOSE)
        if self._seen:
            return self._show(before)
        self._thought.append(self.visible + self._lead + before + _CLOSE)
        self._visible.clear()
        self._lead = ""
        self._last = "\n"
        self._seen = True
        return ""

    def _quoted(self, before: str) -> bool:
        return (before or self._last).endswith("`")

    def _half_pair(self) -> int:
        return int("\ud800" <= self._buffer[-1:] <= "\udbff")

    def _show(self, text: str) -> str:
        """Text is visible; blanks before the first of it are dropped where a thought went before."""
        if not self._visible:
            text = self._lead + text
            self._lead = ""
            if not text.strip():
                self._lead = text
                return ""
            if self._seen:
                text = text.lstrip()
        if not text:
            return ""
        text = mend_surrogates(text)
        self._visible.append(text)
        self._last = text[-1]
        return text


class CallGate:
    """Holds back a text that begins like a tool call, until the end tells whether it is one."""

    def __init__(self, *, active: bool) -> None:
        self._open = not active
        self._decided = not active
        self._held: list[str] = []

    def feed(self, piece: str) -> str:
        """The text that may be shown now."""
        if self._open or not piece:
            return piece
        self._held.append(piece)
        if self._decided:
            return ""
        start = "".join("".join(self._held).split())
        if any(mark.startswith(start) for mark in _CALL_STARTS):
            return ""
        self._decided = True
        return "" if start.startswith(_CALL_STARTS) else self.end()

    def end(self) -> str:
        """The text that was held back, once it is known to be no call."""
        self._open = self._decided = True
        held = "".join(self._held)
        self._held.clear()
        return held


class Narrator:
    """Tells a caller the text as it comes; a repeated request does not tell again what was told already."""

    def __init__(self, tell: Tell | None) -> None:
        self._tell = tell
        self._told = ""
        """What the caller takes for the text, as far as attempts before this one have told it."""
        self._same = 0
        """How much of `_told` this attempt has repeated; beyond it the caller hears every piece."""
        self._fresh: list[str] = []

    def restart(self) -> None:
        """The next piece is the first of a new attempt."""
        self._told = self._text()
        self._fresh.clear()
        self._same = 0

    def feed(self, piece: str) -> None:
        """Pass on what the caller has not heard yet. Whatever `on_text` raises goes to that caller."""
        if self._tell is None:
            return
        if self._same < len(self._told):
            piece = self._repeated(piece)
        if piece:
            self._fresh.append(piece)
            self._tell(piece)

    def finish(self, text: str) -> None:
        """This is the text of the reply: tell what is missing of it, or all of it where it is another one."""
        told = self._text()
        if self._tell is None or not text or text == told:
            return
        self._told, self._same = text, len(text)
        self._fresh.clear()
        self._tell(text[len(told) :] if text.startswith(told) else text)

    def _text(self) -> str:
        return self._told + "".join(self._fresh)

    def _repeated(self, piece: str) -> str:
        """What is new in a piece while the attempt still says what was told before."""
        known = self._told[self._same : self._same + len(piece)]
        if piece.startswith(known):
            self._same += len(known)
            return piece[len(known) :]
        other = self._told[: self._same] + piece
        self._told, self._same = "", 0
        return other
