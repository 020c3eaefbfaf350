"""The window of a model, as its server names it where a request does not fit. Pure."""

import re

_NAMED = re.compile(
    r"(?:maximum|max\.?) (?:context|prompt|input) (?:length|window|size|tokens)[^\d]{0,40}?(\d[\d,_]{3,})"
    r"|context (?:length|window|size|limit)[^\d]{0,40}?(\d[\d,_]{3,})"
    r"|['\"]?n_ctx['\"]?\W{1,5}(\d{4,})"
    r"|(?:context_length|max_model_len|max_context_length|max_input_tokens)['\"]?\W{1,5}(\d{4,})"
    r"|too large for model with (\d[\d,_]{3,}) maximum"
    r"|exceeds? (?:the )?(?:maximum|limit)[^\d]{0,60}?\((\d[\d,_]{3,})\)"
    r"|tokens? (?:allowed|limit)[^\d]{0,10}?(\d[\d,_]{3,})"
    r"|> (\d[\d,_]{3,}) maximum"
)
_LEAST, _MOST = 1_000, 100_000_000


def named_window(text: str) -> int | None:
    """The window in tokens that this error text names; None where it names none that can be one."""
    found = _NAMED.search(text.lower()[:8000])
    if found is None:
        return None
    digits = next(group for group in found.groups() if group)
    tokens = int(digits.replace(",", "").replace("_", ""))
    return tokens if _LEAST <= tokens <= _MOST else None
