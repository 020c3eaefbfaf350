"""Cut long text to a head and a tail that a model can afford to read."""

MOST_BYTES = 4096


def cut(text: str, where: str) -> tuple[str, bool]:
    """The text itself, or its head and tail with a line between that says where the whole is.

    Returns:
        The text to show, at most about MOST_BYTES of UTF-8, and whether it was cut.
    """
    data = text.encode("utf-8", "replace")
    if len(data) <= MOST_BYTES:
        return text, False
    head, tail = _ends(data, MOST_BYTES // 2)
    left_out = len(data) - 2 * (MOST_BYTES // 2)
    return f"{head}\n[... {left_out:,} bytes left out; the whole is in {where} ...]\n{tail}", True


def middle_out(text: str, most: int) -> str:
    """The text, or its head and tail of together `most` bytes of UTF-8."""
    data = text.encode("utf-8", "replace")
    if len(data) <= most:
        return text
    head, tail = _ends(data, most // 2)
    return f"{head} [...] {tail}"


def _ends(data: bytes, each: int) -> tuple[str, str]:
    """The first and the last bytes as text, a character that was cut in two left out."""
    return data[:each].decode("utf-8", "ignore"), data[-each:].decode("utf-8", "ignore")
