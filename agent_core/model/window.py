"""The window of a model, as its server names it where a request does not fit. Pure."""

import re

from pydantic import JsonValue

from agent_core.model.shapes import integer, items, mapping

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


_LISTED = (
    "max_model_len", "loaded_context_length", "context_length", "context_window", "max_context_length",
    "max_context_window", "max_input_tokens", "input_token_limit", "n_ctx",
)  # fmt: skip
"""What vLLM, LM Studio, OpenRouter, Groq, Mistral and others call it; what is in force comes first."""


def listed_window(body: JsonValue, name: str) -> int | None:
    """The window of this model in a server's list of models; None where it names none that can be one."""
    models = [mapping(one) for one in items(mapping(body).get("data")) or items(mapping(body).get("models"))]
    named = [one for one in models if name in (one.get("id"), one.get("name"), one.get("model"))]
    found = named[0] if named else mapping(None)
    for source in (mapping(found.get("meta")), found, mapping(found.get("top_provider"))):
        for key in _LISTED:
            tokens = integer(source.get(key))
            if tokens is not None and _LEAST <= tokens <= _MOST:
                return tokens
    return None
