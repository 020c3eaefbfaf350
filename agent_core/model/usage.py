"""What a server says a reply has used, in whichever of the vendors' shapes. Pure."""

from agent_core.model.shapes import JsonObject, integer, mapping
from agent_core.values import Usage

_PROMPT = ("prompt_tokens", "input_tokens", "prompt_eval_count")
_COMPLETION = ("completion_tokens", "output_tokens", "eval_count")
_CACHED = ("cached_tokens", "prompt_cache_hit_tokens", "cache_read_input_tokens")
_MOST = 1_000_000_000


def _first(source: JsonObject, names: tuple[str, ...]) -> int:
    for name in names:
        value = integer(source.get(name))
        if value is not None and 0 <= value <= _MOST:
            return value
    return 0


def read_usage(source: JsonObject) -> Usage | None:
    """The tokens in a `usage` object; None where it names none.

    Where the total is more than prompt and completion, the rest is reasoning that some vendors (xAI, Gemini)
    leave out of the completion but charge for.
    """
    prompt, completion = _first(source, _PROMPT), _first(source, _COMPLETION)
    total = _first(source, ("total_tokens",))
    if not prompt and not completion and not total:
        return None
    if prompt and total > prompt + completion:
        completion = total - prompt
    details = mapping(source.get("prompt_tokens_details")) or mapping(source.get("input_tokens_details"))
    cached = _first(details, ("cached_tokens",)) or _first(source, _CACHED)
    return Usage(prompt_tokens=prompt, completion_tokens=completion, cached_tokens=min(cached, prompt))


def read_cost(source: JsonObject) -> float | None:
    """US$ that the server itself charges (OpenRouter's `usage.cost`); None where it does not say."""
    cost = source.get("cost")
    if isinstance(cost, (int, float)) and not isinstance(cost, bool) and 0 <= cost < 1e6:
        return float(cost)
    return None


def find_usage(body: JsonObject) -> JsonObject:
    """The usage object of a chunk or a whole reply, wherever the vendor puts it."""
    usage = mapping(body.get("usage")) or mapping(mapping(body.get("x_groq")).get("usage"))
    if usage:
        return usage
    choices = body.get("choices")
    if isinstance(choices, list) and choices:
        return mapping(mapping(choices[-1]).get("usage"))
    return {}
