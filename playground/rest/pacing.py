"""Rate limits: a bucket per bot, route and major parameter; a global one per bot. Pure but for the clock."""

import hashlib
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from playground.rest.call import Route

GLOBAL_PER_S = 50
INVALID_REQUESTS, INVALID_WINDOW_S = 10_000, 600.0
_MAJOR = ("channel_id", "guild_id", "webhook_id", "token")


@dataclass(slots=True)
class _Bucket:
    used: int
    resets_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What the headers say, and whether the request must wait."""

    headers: Mapping[str, str]
    retry_after: float | None = None
    is_global: bool = False


class Pacing:
    """Counts requests. With `enabled` off it says nothing and holds up nobody."""

    def __init__(self, now: Callable[[], float], *, enabled: bool) -> None:
        self._now, self._enabled = now, enabled
        self._buckets: dict[tuple[str, str, str], _Bucket] = {}
        self._recent: dict[str, deque[float]] = {}
        self._invalid: deque[float] = deque()

    def banned(self) -> float | None:
        """Seconds until the invalid-request ban ends, else None."""
        if not self._enabled:
            return None
        now = self._now()
        while self._invalid and self._invalid[0] <= now - INVALID_WINDOW_S:
            self._invalid.popleft()
        return self._invalid[0] + INVALID_WINDOW_S - now if len(self._invalid) >= INVALID_REQUESTS else None

    def count_invalid(self, status: int) -> None:
        """401, 403 and 429 count towards the ban."""
        if status in {401, 403, 429}:
            self._invalid.append(self._now())

    def take(self, route: Route, bot_id: str, params: Mapping[str, str]) -> Pace:
        """Count one request."""
        if not self._enabled or route.limit is None:
            return Pace(headers={})
        now = self._now()
        waits = self._global_wait(bot_id, now) if route.needs_bot else None
        if waits is not None:
            headers = {"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"}
            return Pace(headers=headers, retry_after=waits, is_global=True)
        name = hashlib.md5(f"{route.method} {route.path}".encode(), usedforsecurity=False).hexdigest()
        major = "/".join(params[key] for key in _MAJOR if key in params)
        bucket = self._buckets.get((bot_id, name, major))
        if bucket is None or bucket.resets_at <= now:
            bucket = self._buckets[bot_id, name, major] = _Bucket(0, now + route.limit.per_s)
            self._forget(now)
        left = route.limit.count - bucket.used
        bucket.used += left > 0
        headers = {
            "X-RateLimit-Bucket": name,
            "X-RateLimit-Limit": str(route.limit.count),
            "X-RateLimit-Remaining": str(max(0, left - 1)),
            "X-RateLimit-Reset": f"{bucket.resets_at:.3f}",
            "X-RateLimit-Reset-After": f"{bucket.resets_at - now:.3f}",
        }
        if left > 0:
            return Pace(headers=headers)
        return Pace(headers=headers | {"X-RateLimit-Scope": "user"}, retry_after=bucket.resets_at - now)

    def _global_wait(self, bot_id: str, now: float) -> float | None:
        recent = self._recent.setdefault(bot_id, deque())
        while recent and recent[0] <= now - 1.0:
            recent.popleft()
        if len(recent) >= GLOBAL_PER_S:
            return recent[0] + 1.0 - now
        recent.append(now)
        return None

    def _forget(self, now: float) -> None:
        if len(self._buckets) > 10_000:
            self._buckets = {key: one for key, one in self._buckets.items() if one.resets_at > now}
