"""Amounts of money as exact decimals, in one currency per server."""

import re
from decimal import ROUND_HALF_EVEN, Decimal

from agent_core.errors import RefusedError

MOST = Decimal(10) ** 12
_PLAIN = re.compile(r"[+-]?\d{1,13}(?:\.\d{1,9})?")
_CENT = Decimal("0.01")

SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
CODE = re.compile(r"[A-Z]{3}")


def amount(text: str) -> Decimal:
    """The amount that this text says: plain digits, a point, at most nine decimals. Raises RefusedError."""
    plain = text.strip()
    if _PLAIN.fullmatch(plain) is None:
        raise RefusedError(f"{text!r} is no amount. Write plain digits with a point, such as 12.50 or -3.")
    value = Decimal(plain)
    if abs(value) >= MOST:
        raise RefusedError(f"{text!r} is too large to book.")
    return value


def cents(value: Decimal) -> Decimal:
    """The amount to the cent, halves to the even one, never a negative zero."""
    return value.quantize(_CENT, ROUND_HALF_EVEN) + Decimal(0)


def shown(value: Decimal, currency: str) -> str:
    """The amount as people read it: `$1,234.50`, `-$3.00`, `12.00 CHF`."""
    rounded = cents(value)
    symbol = SYMBOLS.get(currency)
    if symbol is None:
        return f"{rounded:,.2f} {currency}"
    return f"{'-' if rounded < 0 else ''}{symbol}{abs(rounded):,.2f}"


def plain(value: Decimal) -> str:
    """The amount as a file holds it: no exponent, no separators, at least two decimals."""
    text = f"{value.normalize():f}"
    whole, _, part = text.partition(".")
    return f"{whole}.{part.ljust(2, '0')}"
