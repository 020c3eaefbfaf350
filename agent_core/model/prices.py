"""What a reply costs. Only this file knows the price library, which brings its list along: no network."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from typing import Literal

from agent_core.values import NANO, Usage, nano

Price = tuple[float, float, float]
"""US$ per million input, cached input and output tokens."""
PriceTable = Mapping[str, Price] | Literal["free"] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """The prices that apply to one model name at one address."""

    own: PriceTable
    name: str
    base_url: str

    def cost(self, usage: Usage | None, charged: float | None) -> float | None:
        """US$ of a reply; None where no price is known.

        The host's own prices count first, then the list price, then what the server says it has charged.
        Without a usage there is nothing to price: None, but for a model that is free.
        """
        amount = self.nano(usage, charged)
        return None if amount is None else amount / NANO

    def nano(self, usage: Usage | None, charged: float | None) -> int | None:
        """The same in nano-dollars, rounded up."""
        if self.own == "free":
            return 0
        if usage is not None and self.own is not None and self.name in self.own:
            return ceil(_by_table(usage, self.own[self.name]) * NANO)
        listed = None if usage is None else list_price(self.name, usage, base_url=self.base_url)
        if listed is not None:
            return ceil(listed * NANO)
        return None if charged is None else nano(charged)


def _by_table(usage: Usage, price: Price) -> Decimal:
    fresh = usage.prompt_tokens - usage.cached_tokens
    per_million, cached, output = (Decimal(str(one)) for one in price)
    return (fresh * per_million + usage.cached_tokens * cached + usage.completion_tokens * output) / 1_000_000


def list_price(name: str, usage: Usage, *, base_url: str) -> Decimal | None:
    """US$ by the list of the vendor at this address, else of the vendor known for the model's name."""
    from genai_prices import Usage as Tokens
    from genai_prices import calc_price

    tokens = Tokens(
        input_tokens=usage.prompt_tokens,
        cache_read_tokens=usage.cached_tokens,
        output_tokens=usage.completion_tokens,
    )
    for url in (base_url, None):
        try:
            return calc_price(tokens, name, provider_api_url=url).total_price
        except (LookupError, ValueError):  # not in the list; or a usage that its price has no unit for
            continue
    return None
