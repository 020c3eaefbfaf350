"""The data that pages drawn by scripts carry for search engines (JSON-LD), as Markdown. Bounded."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

_ARTICLE = ("headline", "articleBody", "text", "description", "step")
_THING = (
    "name",
    "headline",
    "description",
    "address",
    "telephone",
    "openingHours",
    "offers",
    "aggregateRating",
)
_WANTED = {
    "Product": (
        *("name", "brand", "description", "sku", "offers", "aggregateRating", "additionalProperty", "review"),
    ),
    "ProductGroup": ("name", "brand", "description", "hasVariant", "aggregateRating", "review"),
    "Recipe": ("name", "description", "recipeIngredient", "recipeInstructions"),
    "QAPage": ("mainEntity",),
    "FAQPage": ("mainEntity",),
    "Question": ("name", "text", "acceptedAnswer", "suggestedAnswer"),
    "DiscussionForumPosting": ("headline", "text", "articleBody", "comment"),
    "SocialMediaPosting": ("headline", "text", "articleBody", "comment"),
    **dict.fromkeys(
        ("Article", "NewsArticle", "BlogPosting", "TechArticle", "ScholarlyArticle", "Report", "HowTo"),
        _ARTICLE,
    ),
    "ItemList": ("name", "itemListElement"),
    "CollectionPage": ("name", "description", "mainEntity"),
    "Event": ("name", "startDate", "location", "description"),
    "JobPosting": ("title", "description", "hiringOrganization", "jobLocation", "baseSalary"),
    **dict.fromkeys(
        ("LocalBusiness", "Restaurant", "Store", "Hotel", "Service", "SoftwareApplication", "Course"), _THING
    ),
    "Book": ("name", "author", "description"),
    "Movie": ("name", "director", "description"),
    "VideoObject": ("name", "description", "transcript"),
    "Review": ("name", "reviewBody", "reviewRating"),
}
_SHOWN = (
    *("name", "headline", "text", "description", "articleBody", "reviewBody", "value", "price", "lowPrice"),
    *("highPrice", "priceCurrency", "ratingValue", "reviewCount", "item", "itemOffered"),
    *("acceptedAnswer", "suggestedAnswer", "itemListElement", "comment", "offers", "address"),
    *("streetAddress", "postalCode", "addressLocality", "addressCountry"),
)
_SCRIPT_BYTES = 500_000
_MOST_VALUES = 2_000
_DEEPEST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Structured:
    """What the page says about itself."""

    text: str = ""


def read_structured(tree: Any) -> Structured:
    """The wanted objects of all JSON-LD scripts of an lxml tree."""
    lines: list[str] = []
    for script in tree.xpath("//script[@type='application/ld+json']"):
        try:
            data: JsonValue = json.loads((script.text or "")[:_SCRIPT_BYTES], strict=False)
        except (ValueError, RecursionError):
            continue
        for found in _objects(data, 0):
            for key in _WANTED[_kind(found)]:
                _say(found.get(key), 0, lines)
    return Structured(text="\n\n".join(dict.fromkeys(lines)))


def _objects(data: JsonValue, depth: int) -> Iterator[dict[str, JsonValue]]:
    if depth > _DEEPEST:
        return
    if isinstance(data, list):
        for entry in data[:200]:
            yield from _objects(entry, depth + 1)
    elif isinstance(data, dict):
        if _kind(data):
            yield data
        else:
            yield from _objects(data.get("@graph"), depth + 1)


def _kind(data: dict[str, JsonValue]) -> str:
    kinds = data.get("@type")
    for kind in kinds if isinstance(kinds, list) else [kinds]:
        if isinstance(kind, str) and kind in _WANTED:
            return kind
    return ""


def _say(value: JsonValue, depth: int, lines: list[str]) -> None:
    if depth > _DEEPEST or len(lines) >= _MOST_VALUES or value is None or isinstance(value, bool):
        return
    if isinstance(value, list):
        for entry in value:
            _say(entry, depth + 1, lines)
    elif isinstance(value, dict):
        for key in _SHOWN:
            _say(value.get(key), depth + 1, lines)
    elif words := _words(str(value)):
        lines.append(words)


def _words(text: str) -> str:
    if "<" in text:
        from agent_core.web.markup import fragment

        return fragment(text, "")
    return " ".join(text.split())
