"""JSON as models write it in prose: a reader that mends small damage and refuses everything else. Pure.

Mended: trailing commas, missing closing brackets, raw newlines in strings, Markdown's escaped underscore, and
Python's single quotes, True, False and None. A value that is cut (inside a string, after a comma or a colon)
is refused: nobody knows what is missing there.
"""

import re
import sys

from pydantic import JsonValue

from agent_core.model.shapes import JsonObject, mend_surrogates

_DEEPEST = 64
_BLANK = re.compile(r"\s*")
_STRING = {
    '"': re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL),
    "'": re.compile(r"'([^'\\]*(?:\\.[^'\\]*)*)'", re.DOTALL),
}
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,300})(?:\.\d{1,300})?(?:[eE][+-]?\d{1,3})?(?![\w.])")
_WORD = re.compile(r"[A-Za-z]+")
_WORDS: dict[str, JsonValue] = {
    "true": True, "false": False, "null": None, "True": True, "False": False, "None": None,
}  # fmt: skip
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_ESCAPES = {
    "n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\", "/": "/", "_": "_",
    "\n": "",
}  # fmt: skip


def load_lenient(text: str) -> JsonValue:
    """The value that the whole text is. Raises ValueError where it is none."""
    reader = _Reader(text)
    value = reader.value(0)
    reader.blank()
    if reader.at < len(text):
        raise ValueError(f"more text after the value at {reader.at}")
    return value


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def blank(self) -> str:
        """Skip blanks; the next character, empty at the end."""
        found = _BLANK.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.text[self.at : self.at + 1]

    def value(self, depth: int) -> JsonValue:
        if depth > _DEEPEST:
            raise ValueError("nested too deeply")
        match self.blank():
            case "{":
                return self._object(depth)
            case "[":
                return self._array(depth)
            case '"' | "'":
                return self._string()
            case _:
                return self._scalar()

    def _object(self, depth: int) -> JsonObject:
        self.at += 1
        whole: JsonObject = {}
        for _ in range(len(self.text)):
            if self._closed("}", "]", empty=not whole):
                break
            if self.blank() not in ('"', "'"):
                raise ValueError(f"no key at {self.at}")
            key = self._string()
            if self.blank() != ":":
                raise ValueError(f"no colon at {self.at}")
            self.at += 1
            whole[key] = self.value(depth + 1)
        return whole

    def _array(self, depth: int) -> list[JsonValue]:
        self.at += 1
        whole: list[JsonValue] = []
        for _ in range(len(self.text)):
            if self._closed("]", "}", empty=not whole):
                break
            whole.append(self.value(depth + 1))
        return whole

    def _closed(self, own: str, other: str, *, empty: bool) -> bool:
        """Step over a comma or the closing bracket; true at the end, also where the bracket is missing."""
        sign = self.blank()
        if sign == "," and not empty:
            self.at += 1
            sign = self.blank()
            if sign == "":
                raise ValueError("cut after a comma")
        elif sign not in ("", own, other) and not empty:
            raise ValueError(f"no comma at {self.at}")
        if sign == own:
            self.at += 1
        return sign in ("", own, other)

    def _string(self) -> str:
        found = _STRING[self.text[self.at]].match(self.text, self.at)
        if found is None:
            raise ValueError(f"a string that does not end, from {self.at}")
        self.at = found.end()
        return mend_surrogates(_ESCAPE.sub(_unescaped, found.group(1)))

    def _scalar(self) -> JsonValue:
        word = _WORD.match(self.text, self.at)
        if word and word.group() in _WORDS:
            self.at = word.end()
            return _WORDS[word.group()]
        number = _NUMBER.match(self.text, self.at)
        if number is None:
            raise ValueError(f"no value at {self.at}")
        self.at = number.end()
        digits = number.group()
        return int(digits) if digits.lstrip("-").isdigit() else float(digits)


def _unescaped(found: re.Match[str]) -> str:
    sign = found.group(1)
    if len(sign) > 1:
        code = int(sign[1:], 16)
        return chr(code) if code <= sys.maxunicode else "\ufffd"
    return _ESCAPES.get(sign, "\\" + sign)
