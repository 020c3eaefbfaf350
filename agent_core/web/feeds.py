"""RSS, Atom and site maps; any other XML as its text. Entities and outside references are never followed."""

from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import urljoin

from lxml import etree

from agent_core.web.markup import fragment
from agent_core.web.page import Page
from agent_core.web.plain import text_of

MOST_ENTRIES = 200
_MOST_WORDS = 600
_FEEDS = ("rss", "rdf", "feed", "channel")
Element = Any


def read_feed(url: str, body: bytes) -> Page | None:
    """The page in a feed that has entries; None for anything else."""
    root = _root(body)
    return _feed(url, root) if root is not None and _name(root) in _FEEDS and any(_entries(root)) else None


def read_xml(url: str, body: bytes) -> Page | None:
    """The page in an XML text, None where no parser makes anything of it."""
    root = _root(body)
    if root is None:
        return None
    name = _name(root)
    if name in _FEEDS:
        return _feed(url, root)
    if name in ("urlset", "sitemapindex"):
        links = tuple(" ".join(loc.text.split()) for loc in root.iter() if _name(loc) == "loc" and loc.text)[
            :5000
        ]
        return Page(
            title="Site map",
            markdown="\n".join(f"- {link}" for link in links),
            text="\n".join(links),
            links=links,
        )
    lines = [" ".join(str(words).split()) for words in root.itertext()]
    text = "\n".join(line for line in lines if line)
    return Page(title=_below(root, "title"), markdown=text, text=text)


def _root(body: bytes) -> Element | None:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=True,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return cast(Element, etree.fromstring(body, parser))
    except (etree.XMLSyntaxError, ValueError):
        return None


def _feed(url: str, root: Element) -> Page:
    head = next((child for child in root if _name(child) == "channel"), root)
    parts = [f"# {_below(head, 'title') or url}"]
    if about := _below(head, "description") or _below(head, "subtitle"):
        parts.append(_html(about, url))
    links: dict[str, None] = {}
    for number, entry in enumerate(_entries(root)):
        if number >= MOST_ENTRIES:
            parts.append("(The feed goes on.)")
            break
        link = _link(entry, url)
        if link:
            links[link] = None
        parts.append(_entry(entry, link, url))
    markdown = "\n\n".join(part for part in parts if part)
    return Page(
        title=_below(head, "title") or url, markdown=markdown, text=text_of(markdown), links=tuple(links)
    )


def _entries(root: Element) -> Iterator[Element]:
    return (element for element in root.iter() if _name(element) in ("item", "entry"))


def _entry(entry: Element, link: str, url: str) -> str:
    title = _below(entry, "title") or link or "(without a title)"
    when = next(
        (found for key in ("published", "updated", "pubdate", "date") if (found := _below(entry, key))), ""
    )
    who = ", ".join(
        words for child in entry if _name(child) in ("author", "creator") and (words := _words(child))
    )
    body = next(
        (found for key in ("encoded", "content", "summary", "description") if (found := _below(entry, key))),
        "",
    )
    lines = [f"## [{title}]({link})" if link else f"## {title}", " · ".join(filter(None, (when, who[:300])))]
    return "\n\n".join(line for line in [*lines, _html(body, link or url)] if line)


def _html(text: str, url: str) -> str:
    words = fragment(text, url) if "<" in text or "&" in text else text
    cut = words.split(" ")
    return words if len(cut) <= _MOST_WORDS else " ".join(cut[:_MOST_WORDS]) + " …"


def _link(entry: Element, url: str) -> str:
    for child in entry:
        if _name(child) == "link" and child.get("rel", "alternate") == "alternate":
            target = (child.get("href") or child.text or "").strip()
            try:
                link = urljoin(url, target)
            except ValueError:
                continue
            if target and link.startswith(("http://", "https://")):
                return link
    return ""


def _below(element: Element, name: str) -> str:
    return next((words for child in element if _name(child) == name and (words := _words(child))), "")


def _words(element: Element) -> str:
    return " ".join(" ".join(str(piece) for piece in element.itertext()).split())


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""
