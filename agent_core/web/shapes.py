"""Read what the platforms' endpoints answer: strangers' JSON, any field missing or of another type."""

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Mapping

from pydantic import JsonValue

from agent_core.errors import FetchFailedError
from agent_core.web.documents import links_in, plain
from agent_core.web.extract import extract
from agent_core.web.feeds import read_xml
from agent_core.web.markup import fragment
from agent_core.web.page import Page
from agent_core.web.plain import text_of

_DEEPEST = 12
_MOST = 300


def read_shape(shape: str, url: str, body: bytes) -> Page:
    """The page in a route's answers, which `body` holds as a JSON list of texts.

    Raises:
        FetchFailedError: they are not of the platform's shape.
    """
    parts: list[str] = json.loads(body)
    return READERS[shape](url, parts)


def _wikipedia(url: str, parts: list[str]) -> Page:
    parsed = _at(_json(parts[0]), "parse")
    html = _text(_at(parsed, "text")) or _text(_at(parsed, "text", "*"))
    if not html:
        raise FetchFailedError(
            f"Wikipedia gave no page: {_text(_at(_json(parts[0]), 'error', 'info')) or 'no text'}"
        )
    title = _text(_at(parsed, "title"))
    page = extract(
        f"<html><head><title>{title}</title></head><body><article>{html}</article></body></html>", url
    )
    return Page(title=title, markdown=page.markdown, text=page.text, links=page.links)


def _wikidata(url: str, parts: list[str]) -> Page:
    entity = next(iter(_values(_at(_json(parts[0]), "entities"))), None)
    name = _in_a_language(_at(entity, "labels"))
    lines = [f"# {name or _text(_at(entity, 'id'))}", _in_a_language(_at(entity, "descriptions"))]
    for key, claims in list(_pairs(_at(entity, "claims")))[:_MOST]:
        said = [
            words
            for claim in _list(claims)[:20]
            if (words := _claim(_at(claim, "mainsnak", "datavalue", "value")))
        ]
        if said:
            lines.append(f"- {key}: {'; '.join(said)}")
    return _page(name, lines)


def _github_readme(url: str, parts: list[str]) -> Page:
    data = _json(parts[0])
    try:
        text = base64.b64decode(_text(_at(data, "content"))).decode("utf-8", "replace")
    except binascii.Error as error:
        raise FetchFailedError("GitHub gave no readable README.") from error
    return Page(title=_text(_at(data, "name")), markdown=text, text=text_of(text), links=links_in(text))


def _github_thread(url: str, parts: list[str]) -> Page:
    top = _json(parts[0])
    title = _text(_at(top, "title"))
    lines = [f"# {title}", f"{_text(_at(top, 'state'))} · {_who(top)}", _text(_at(top, "body"))]
    for comment in _list(_json(parts[1]))[:_MOST]:
        lines += [f"## {_who(comment)}", _text(_at(comment, "body"))]
    return _page(title, lines)


def _github_list(url: str, parts: list[str]) -> Page:
    lines = [
        f"- [#{_text(_at(entry, 'number'))} {_text(_at(entry, 'title'))}]({_text(_at(entry, 'html_url'))})"
        f" · {_who(entry)}"
        for entry in _list(_json(parts[0]))
    ]
    return _page(url, ["\n".join(lines)])


def _github_releases(url: str, parts: list[str]) -> Page:
    data = _json(parts[0])
    lines: list[str] = []
    for release in data if isinstance(data, list) else [data]:
        name = _text(_at(release, "name")) or _text(_at(release, "tag_name"))
        lines += [f"## {name}", f"{_text(_at(release, 'published_at'))}", _text(_at(release, "body"))]
        lines += [
            f"- [{_text(_at(asset, 'name'))}]({_text(_at(asset, 'browser_download_url'))})"
            for asset in _list(_at(release, "assets"))[:50]
        ]
    return _page(f"Releases at {url}", lines)


def _hn_item(url: str, parts: list[str]) -> Page:
    item = _json(parts[0])
    title = _text(_at(item, "title"))
    lines = [f"# {title}" if title else "", _text(_at(item, "url")), _html(_at(item, "text"), url)]
    for depth, comment in _comments(item, 0):
        words = _html(_at(comment, "text"), url)
        if words:
            lines.append(f"{'> ' * depth}**{_text(_at(comment, 'author'))}**: {words}")
    return _page(title, lines[: _MOST + 3])


def _hn_list(url: str, parts: list[str]) -> Page:
    lines = [
        f"- [{_text(_at(hit, 'title'))}]({_text(_at(hit, 'url')) or _hn_link(hit)})"
        f" · {_text(_at(hit, 'points'))} points, "
        f"[{_text(_at(hit, 'num_comments'))} comments]({_hn_link(hit)})"
        for hit in _list(_at(_json(parts[0]), "hits"))
    ]
    return _page("Hacker News", ["\n".join(lines)])


def _stack_exchange(url: str, parts: list[str]) -> Page:
    question = next(iter(_list(_at(_json(parts[0]), "items"))), None)
    if question is None:
        raise FetchFailedError("Stack Exchange has no such question.")
    title = _html(_at(question, "title"), url)
    lines = [f"# {title}", _html(_at(question, "body"), url)]
    for answer in _list(_at(_json(parts[1]), "items")):
        accepted = ", accepted" if _at(answer, "is_accepted") is True else ""
        lines += [
            f"## Answer with {_text(_at(answer, 'score'))} votes{accepted}",
            _html(_at(answer, "body"), url),
        ]
    return _page(title, lines)


def _discourse(url: str, parts: list[str]) -> Page:
    topic = _json(parts[0])
    title = _text(_at(topic, "title"))
    lines = [f"# {title}"]
    for post in _list(_at(topic, "post_stream", "posts"))[:_MOST]:
        lines += [
            f"## {_text(_at(post, 'username'))} · {_text(_at(post, 'created_at'))}",
            _html(_at(post, "cooked"), url),
        ]
    return _page(title, lines)


def _osm_search(url: str, parts: list[str]) -> Page:
    places = _list(_json(parts[0]))
    lines = [
        f"- {_text(_at(place, 'display_name'))}: {_text(_at(place, 'lat'))}, {_text(_at(place, 'lon'))} "
        f"({_text(_at(place, 'category'))} {_text(_at(place, 'type'))}, "
        f"https://www.openstreetmap.org/{_text(_at(place, 'osm_type'))}/{_text(_at(place, 'osm_id'))})"
        for place in places
    ]
    return _page("OpenStreetMap", ["\n".join(lines) or "No such place is known."])


def _osm_element(url: str, parts: list[str]) -> Page:
    element = next(iter(_list(_at(_json(parts[0]), "elements"))), None)
    tags = dict(_pairs(_at(element, "tags")))
    where = (
        [f"{_text(_at(element, 'lat'))}, {_text(_at(element, 'lon'))}"]
        if _at(element, "lat") is not None
        else []
    )
    name = _text(tags.get("name")) or f"{_text(_at(element, 'type'))} {_text(_at(element, 'id'))}"
    return _page(
        name, [f"# {name}", *where, "\n".join(f"- {key}: {_text(value)}" for key, value in tags.items())]
    )


def _feed(url: str, parts: list[str]) -> Page:
    page = read_xml(url, parts[0].encode())
    if page is None:
        raise FetchFailedError("The platform gave no feed that can be read.")
    return page


def _plain(url: str, parts: list[str]) -> Page:
    return plain(url, parts[0])


READERS: Mapping[str, Callable[[str, list[str]], Page]] = {
    "wikipedia": _wikipedia,
    "wikidata": _wikidata,
    "github_readme": _github_readme,
    "github_thread": _github_thread,
    "github_list": _github_list,
    "github_releases": _github_releases,
    "hn_item": _hn_item,
    "hn_list": _hn_list,
    "stack_exchange": _stack_exchange,
    "discourse": _discourse,
    "osm_search": _osm_search,
    "osm_element": _osm_element,
    "feed": _feed,
    "text": _plain,
}


def _page(title: str, lines: list[str]) -> Page:
    markdown = "\n\n".join(line for line in lines if line.strip())
    return Page(title=title[:500], markdown=markdown, text=text_of(markdown), links=links_in(markdown))


def _json(text: str) -> JsonValue:
    try:
        data: JsonValue = json.loads(text)
    except ValueError as error:
        raise FetchFailedError("The platform's answer is not JSON, as it used to be.") from error
    return data


def _at(value: JsonValue, *keys: str) -> JsonValue:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _text(value: JsonValue) -> str:
    return "" if value is None or isinstance(value, (dict, list)) else str(value)


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def _pairs(value: JsonValue) -> list[tuple[str, JsonValue]]:
    return list(value.items()) if isinstance(value, dict) else []


def _values(value: JsonValue) -> list[JsonValue]:
    return [entry for _, entry in _pairs(value)]


def _html(value: JsonValue, url: str) -> str:
    return fragment(_text(value), url) if _text(value) else ""


def _who(entry: JsonValue) -> str:
    return f"{_text(_at(entry, 'user', 'login'))} · {_text(_at(entry, 'created_at'))}"


def _hn_link(hit: JsonValue) -> str:
    return f"https://news.ycombinator.com/item?id={_text(_at(hit, 'objectID'))}"


def _comments(item: JsonValue, depth: int) -> Iterator[tuple[int, JsonValue]]:
    for child in _list(_at(item, "children")):
        yield depth, child
        if depth < _DEEPEST:
            yield from _comments(child, depth + 1)


def _in_a_language(texts: JsonValue) -> str:
    english = _text(_at(texts, "en", "value"))
    return english or next((words for entry in _values(texts) if (words := _text(_at(entry, "value")))), "")


def _claim(value: JsonValue) -> str:
    for key in ("id", "text", "time", "amount"):
        if words := _text(_at(value, key)):
            return words
    if _at(value, "latitude") is not None:
        return f"{_text(_at(value, 'latitude'))}, {_text(_at(value, 'longitude'))}"
    return _text(value)
