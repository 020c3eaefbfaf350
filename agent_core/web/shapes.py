"""Read what the platforms' endpoints answer: strangers' JSON, any field missing or of another type."""

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Mapping

from pydantic import JsonValue

from agent_core.errors import FetchFailedError
from agent_core.web import wikidata
from agent_core.web.documents import links_in, plain
from agent_core.web.extract import extract
from agent_core.web.feeds import read_feed
from agent_core.web.loose import as_text, at, changed, listed, pairs, parsed
from agent_core.web.markup import fragment
from agent_core.web.page import Page
from agent_core.web.plain import text_of
from agent_core.web.transcripts import read_transcript

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
    answer = parsed(parts[0])
    found = at(answer, "parse")
    html = as_text(at(found, "text")) or as_text(at(found, "text", "*"))
    if not html:
        raise FetchFailedError(f"Wikipedia gave no page: {as_text(at(answer, 'error', 'info')) or 'no text'}")
    title = as_text(at(found, "title"))
    page = extract(
        f"<html><head><title>{title}</title></head><body><article>{html}</article></body></html>", url
    )
    return Page(title=title, markdown=page.markdown, text=page.text, links=page.links)


def _wikidata(url: str, parts: list[str]) -> Page:
    name, lines = wikidata.said(parts)
    return _page(name, lines)


def _github_readme(url: str, parts: list[str]) -> Page:
    data = parsed(parts[0])
    try:
        readme = base64.b64decode(as_text(at(data, "content"))).decode("utf-8", "replace")
    except binascii.Error as error:
        raise FetchFailedError("GitHub gave no readable README.") from error
    if at(data, "content") is None:
        raise FetchFailedError(changed("GitHub"))
    return Page(
        title=as_text(at(data, "name")), markdown=readme, text=text_of(readme), links=links_in(readme)
    )


def _github_thread(url: str, parts: list[str]) -> Page:
    top = parsed(parts[0])
    title = as_text(at(top, "title"))
    if not title:
        raise FetchFailedError(changed("GitHub"))
    lines = [f"# {title}", f"{as_text(at(top, 'state'))} · {_who(top)}", as_text(at(top, "body"))]
    for comment in listed(parsed(parts[1]))[:_MOST]:
        lines += [f"## {_who(comment)}", as_text(at(comment, "body"))]
    return _page(title, lines)


def _github_list(url: str, parts: list[str]) -> Page:
    lines = [
        f"- [#{as_text(at(entry, 'number'))} {as_text(at(entry, 'title'))}]({as_text(at(entry, 'html_url'))})"
        f" · {_who(entry)}"
        for entry in _entries(parsed(parts[0]), "title")
    ]
    return _page(url, ["\n".join(lines) or "There are none."])


def _github_releases(url: str, parts: list[str]) -> Page:
    data = parsed(parts[0])
    lines: list[str] = []
    for release in _entries(data if isinstance(data, list) else [data], "tag_name"):
        name = as_text(at(release, "name")) or as_text(at(release, "tag_name"))
        lines += [f"## {name}", f"{as_text(at(release, 'published_at'))}", as_text(at(release, "body"))]
        lines += [
            f"- [{as_text(at(asset, 'name'))}]({as_text(at(asset, 'browser_download_url'))})"
            for asset in listed(at(release, "assets"))[:50]
        ]
    return _page(f"Releases at {url}", lines or ["There are none."])


def _hn_item(url: str, parts: list[str]) -> Page:
    item = parsed(parts[0])
    title = as_text(at(item, "title"))
    if not title and not as_text(at(item, "text")):
        raise FetchFailedError(changed("Hacker News"))
    lines = [f"# {title}" if title else "", as_text(at(item, "url")), _html(at(item, "text"), url)]
    for depth, comment in _comments(item, 0):
        words = _html(at(comment, "text"), url)
        if words:
            lines.append(f"{'> ' * depth}**{as_text(at(comment, 'author'))}**: {words}")
    return _page(title, lines[: _MOST + 3])


def _hn_list(url: str, parts: list[str]) -> Page:
    lines = [
        f"- [{as_text(at(hit, 'title'))}]({as_text(at(hit, 'url')) or _hn_link(hit)})"
        f" · {as_text(at(hit, 'points'))} points, "
        f"[{as_text(at(hit, 'num_comments'))} comments]({_hn_link(hit)})"
        for hit in _entries(at(parsed(parts[0]), "hits"), "title")
    ]
    return _page("Hacker News", ["\n".join(lines)])


def _stack_exchange(url: str, parts: list[str]) -> Page:
    questions = _entries(at(parsed(parts[0]), "items"), "title")
    if not questions:
        raise FetchFailedError("Stack Exchange has no such question.")
    question = questions[0]
    title = _html(at(question, "title"), url)
    lines = [f"# {title}", _html(at(question, "body"), url)]
    for answer in listed(at(parsed(parts[1]), "items")):
        accepted = ", accepted" if at(answer, "is_accepted") is True else ""
        lines += [
            f"## Answer with {as_text(at(answer, 'score'))} votes{accepted}",
            _html(at(answer, "body"), url),
        ]
    return _page(title, lines)


def _discourse(url: str, parts: list[str]) -> Page:
    topic = parsed(parts[0])
    title = as_text(at(topic, "title"))
    lines = [f"# {title}"]
    for post in _entries(at(topic, "post_stream", "posts"), "cooked")[:_MOST]:
        lines += [
            f"## {as_text(at(post, 'username'))} · {as_text(at(post, 'created_at'))}",
            _html(at(post, "cooked"), url),
        ]
    return _page(title, lines)


def _osm_search(url: str, parts: list[str]) -> Page:
    places = _entries(parsed(parts[0]), "display_name")
    lines = [
        f"- {as_text(at(place, 'display_name'))}: {as_text(at(place, 'lat'))}, {as_text(at(place, 'lon'))} "
        f"({as_text(at(place, 'category'))} {as_text(at(place, 'type'))}, "
        f"https://www.openstreetmap.org/{as_text(at(place, 'osm_type'))}/{as_text(at(place, 'osm_id'))})"
        for place in places
    ]
    return _page("OpenStreetMap", ["\n".join(lines) or "No such place is known."])


def _osm_element(url: str, parts: list[str]) -> Page:
    elements = _entries(at(parsed(parts[0]), "elements"), "type")
    if not elements:
        raise FetchFailedError("OpenStreetMap has nothing at this address.")
    element = elements[0]
    tags = dict(pairs(at(element, "tags")))
    where = (
        [f"{as_text(at(element, 'lat'))}, {as_text(at(element, 'lon'))}"]
        if at(element, "lat") is not None
        else []
    )
    name = as_text(tags.get("name")) or f"{as_text(at(element, 'type'))} {as_text(at(element, 'id'))}"
    return _page(
        name, [f"# {name}", *where, "\n".join(f"- {key}: {as_text(value)}" for key, value in tags.items())]
    )


def _feed(url: str, parts: list[str]) -> Page:
    page = read_feed(url, parts[0].encode())
    if page is None:
        raise FetchFailedError("What came is no feed, as it used to be.")
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
    "youtube": read_transcript,
    "text": _plain,
}


def _page(title: str, lines: list[str]) -> Page:
    markdown = "\n\n".join(line for line in lines if line.strip())
    return Page(title=title[:500], markdown=markdown, text=text_of(markdown), links=links_in(markdown))


def _entries(found: JsonValue, key: str) -> list[JsonValue]:
    """A list that may be empty, but whose entries hold what they always held.

    Raises:
        FetchFailedError: it is no such list.
    """
    if not isinstance(found, list) or (found and all(at(entry, key) is None for entry in found)):
        raise FetchFailedError(changed("The platform"))
    return found


def _html(value: JsonValue, url: str) -> str:
    return fragment(as_text(value), url) if as_text(value) else ""


def _who(entry: JsonValue) -> str:
    return f"{as_text(at(entry, 'user', 'login'))} · {as_text(at(entry, 'created_at'))}"


def _hn_link(hit: JsonValue) -> str:
    return f"https://news.ycombinator.com/item?id={as_text(at(hit, 'objectID'))}"


def _comments(item: JsonValue, depth: int) -> Iterator[tuple[int, JsonValue]]:
    for child in listed(at(item, "children")):
        yield depth, child
        if depth < _DEEPEST:
            yield from _comments(child, depth + 1)
