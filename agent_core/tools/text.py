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
    half = MOST_BYTES // 2
    head = data[:half].decode("utf-8", "ignore")
    tail = data[-half:].decode("utf-8", "ignore")
    left_out = len(data) - 2 * half
    return f"{head}\n[... {left_out:,} bytes left out; the whole is in {where} ...]\n{tail}", True


def middle_out(text: str, most: int) -> str:
    """The text, or its head and tail of together `most` bytes of UTF-8."""
    data = text.encode("utf-8", "replace")
    if len(data) <= most:
        return text
    head, tail = data[: most // 2].decode("utf-8", "ignore"), data[-(most // 2) :].decode("utf-8", "ignore")
    return f"{head} [...] {tail}"
