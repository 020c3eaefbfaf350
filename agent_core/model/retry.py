"""How long to wait before a failed call is made again, or that it is not. Pure."""

from dataclasses import dataclass, replace

from agent_core.model.reply import Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRules:
    """Waits double from `backoff_s`: 1, 2, 4, 8 s."""

    backoff_s: float = 1.0
    tries: int = 5
    """Calls in all for what may pass."""
    rate_tries: int = 8
    """Calls in all where the server only asks to wait."""
    longest_s: float = 120.0
    """A longer Retry-After is the caller's to wait for, not this call's."""

    def wait(self, failure: Failure, tries: int, *, left_s: float, jitter: float) -> float | Failure:
        """Seconds to wait after the given number of tries, or the failure to raise.

        `left_s` is what is left of the whole call, `jitter` a number from 0 to 1.
        """
        asked = failure.retry_after_s
        if failure.kind not in ("transient", "rate_limit"):
            return failure
        if asked is not None and (asked > self.longest_s or asked >= left_s):
            return replace(failure, kind="rate_limit")
        if tries >= (self.rate_tries if failure.kind == "rate_limit" else self.tries):
            return failure
        backoff = self.backoff_s * 2 ** min(tries - 1, 4)
        if asked is None:
            wait = backoff * (0.75 + jitter / 2)
            return wait if wait < left_s else failure
        return min(asked + jitter * min(1.0, max(self.backoff_s, asked) / 10), left_s)
