"""What a server says that it charges, for models that have no price anywhere else."""

from fractions import Fraction
from math import ceil

from agent_core.values import NANO, Usage


class Charges:
    """Learns the most that a token can cost from what whole replies have cost.

    Of a bill neither the prompt nor the output can have cost more than all of it.
    """

    def __init__(self) -> None:
        self._prompt: Fraction | None = None
        self._output: Fraction | None = None
        self.silent = False
        """A bill has come that did not say what is charged."""

    def observe(self, usage: Usage | None, charged_usd: float | None) -> None:
        """Take a bill. One without tokens, or without a charge, teaches nothing."""
        self.silent = self.silent or (usage is not None and charged_usd is None)
        if usage is None or charged_usd is None:
            return
        bill = Fraction(charged_usd) * NANO
        fresh = usage.prompt_tokens - usage.cached_tokens  # a cached token is cheaper
        if fresh > 0:
            self._prompt = min(bill / fresh, self._prompt if self._prompt is not None else bill / fresh)
        if usage.completion_tokens > 0:
            rate = bill / usage.completion_tokens
            self._output = min(rate, self._output if self._output is not None else rate)

    def most(self, usage: Usage) -> int | None:
        """Nano-dollars that such a request can cost at most; None where nothing was learnt yet."""
        if self._prompt is None or self._output is None:
            return None
        return ceil(usage.prompt_tokens * self._prompt + usage.completion_tokens * self._output)
