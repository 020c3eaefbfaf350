"""What has been said once and need not be said again, as long as this process remembers."""

_REMEMBERED = 10_000


class Once:
    """A bounded set; the oldest is forgotten first."""

    def __init__(self) -> None:
        self._said: dict[tuple[str, ...], None] = {}

    def first(self, *key: str) -> bool:
        """Whether this key is new. It is not, the next time."""
        if key in self._said:
            return False
        self._said[key] = None
        if len(self._said) > _REMEMBERED:
            del self._said[next(iter(self._said))]
        return True
