"""The plain strip of a page as Markdown: everything but navigation, forms and what is not shown."""

import re
import warnings
from urllib.parse import urljoin

from bs4 import BeautifulSoup, MarkupResemblesLocatorWarning, NavigableString, Tag, XMLParsedAsHTMLWarning
from bs4.element import PreformattedString

from agent_core.web.plain import fenced, table

_NEVER_SHOWN = ["script", "style", "noscript", "template", "svg", "iframe", "object", "canvas", "head"]
_AROUND = frozenset({"nav", "header", "footer", "aside", "form", "button", "select", "dialog"})
_ROLES = {"navigation", "banner", "contentinfo", "search", "dialog", "alert", "complementary"}
_NAMES = re.compile(
    r"(?:^|[\s_-])(?:cookies?|consent|onetrust|gdpr|breadcrumbs?|sidebar|widget-area|newsletter|signup|sign-?in|login"
    r"|share|sharing|social|sharedaddy|menu|menubar|nav|navbar|navigation|topbar|masthead|footer|copyright"
    r"|pagination|pager|pagenav|toc|table-of-contents|skip-?link|skip-to-content|sr-only|visually-hidden"
    r"|screen-reader-text|popup|modal|overlay|offcanvas|lightbox|tooltip|advert|advertisement|ads?|ad-slot"
    r"|sponsored|related|recommend(?:ed|ations)|also-like|upsells?|cross-sells?|filters?|facets?|mini-?cart"
    r"|cart-notification|cart-drawer|online-list)(?:$|[\s_-])",
    re.IGNORECASE,
)
_LOOSE = re.compile(
    r"(?:^|[\s_-])(?:menu|overlay|tooltip|toc|social|share|ads?|filters?)(?:$|[\s_-])", re.IGNORECASE
)
"""Names that content has too, such as the dishes of a menu: dropped where they are short or made of links."""
_SHORT = 400
_LINKED = 0.3
_MAY_HOLD_ALL = 0.4
"""Of a page's words: what holds more of them is the page, whatever it is called."""
_HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)}
_BLOCKS = frozenset(
    {
        *(
            "p",
            "div",
            "section",
            "article",
            "main",
            "ul",
            "ol",
            "dl",
            "dt",
            "dd",
            "figure",
            "figcaption",
            "tr",
        ),
        *("blockquote", "body", "html", "table", "tbody", "address", "details", "summary", "center"),
    }
)
_MAIN_SHARE = 0.5


def strip_page(source: str, url: str) -> str:
    """Markdown of what is left of an HTML text."""
    soup = _soup(source)
    for tag in soup.find_all(_NEVER_SHOWN):
        tag.decompose()
    most = _MAY_HOLD_ALL * len(soup.get_text())
    for tag in soup.find_all(_unwanted):
        if tag.decomposed or tag.find(["main", "h1"]):
            continue
        size = len(tag.get_text())
        if size <= most and not (size > _SHORT and _is_loose(tag) and _linked(tag) < _LINKED * size):
            tag.decompose()
    return render(_root(soup), url)


def fragment(source: str, url: str) -> str:
    """Markdown of a piece of HTML, all of it."""
    soup = _soup(source)
    for tag in soup.find_all(["script", "style", "template"]):
        tag.decompose()
    return render(soup, url)


def _soup(source: str) -> BeautifulSoup:
    with warnings.catch_warnings():  # that it looks like XML, or like an address
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
        warnings.simplefilter("ignore", MarkupResemblesLocatorWarning)
        return BeautifulSoup(source, "lxml")


def render(root: Tag, url: str) -> str:
    """A tag as Markdown, its links made absolute."""
    text = "".join(_inside(root, url))
    lines = [line.rstrip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _is_loose(tag: Tag) -> bool:
    return tag.name not in _AROUND and bool(_LOOSE.search(_names(tag)))


def _linked(tag: Tag) -> int:
    """Characters of a tag that stand in links."""
    return sum(len(link.get_text()) for link in tag.find_all("a"))


def _names(tag: Tag) -> str:
    names = tag.attrs.get("class") or ""
    return f"{names if isinstance(names, str) else ' '.join(names)} {tag.attrs.get('id') or ''}"


def _unwanted(tag: Tag) -> bool:
    if tag.name in _AROUND:
        return not (tag.name == "header" and tag.find_parent(["article", "main"]))
    if tag.attrs.get("role") in _ROLES or "hidden" in tag.attrs or tag.attrs.get("aria-hidden") == "true":
        return True
    if tag.name in ("body", "html", "main", "article"):
        return False
    return bool(_NAMES.search(_names(tag)))


def _root(soup: BeautifulSoup) -> Tag:
    everything = len(soup.get_text(" ").split())
    for found in (soup.find("main"), soup.find(role="main"), soup.find("article")):
        if isinstance(found, Tag) and len(found.get_text(" ").split()) >= _MAIN_SHARE * everything:
            return found
    return soup


def _inside(tag: Tag, url: str) -> list[str]:
    pieces: list[str] = []
    for child in tag.children:
        if isinstance(child, Tag):
            pieces.append(_tag(child, url))
        elif isinstance(child, NavigableString) and not isinstance(child, PreformattedString):
            pieces.append(re.sub(r"\s+", " ", str(child)))
    return pieces


def _tag(tag: Tag, url: str) -> str:
    name = tag.name
    if name == "pre":
        return f"\n\n{fenced(tag.get_text().strip(chr(10)))}\n\n"
    if name == "table" and not tag.find("table") and tag.find("tr"):
        return f"\n\n{table(_rows(tag, url))}\n\n"
    text = "\n" if name == "br" else "".join(_inside(tag, url))
    if name == "br":
        return text
    words = text.strip()
    if not words:
        return " " if text else ""
    if name == "a":
        return _link(tag, words, url)
    return _framed(name, words, text)


def _framed(name: str, words: str, text: str) -> str:
    if name in _HEADINGS:
        return f"\n\n{_HEADINGS[name]} {' '.join(words.split())}\n\n"
    if name == "li":
        return f"\n- {words}\n"
    if name in _BLOCKS:
        return f"\n\n{words}\n\n"
    return f" {words} " if name in ("td", "th") else text


def _link(tag: Tag, words: str, url: str) -> str:
    try:
        target = urljoin(url, str(tag.attrs.get("href", "")).strip())
    except ValueError:
        return words
    if not target.startswith(("http://", "https://")) or "\n" in words or re.search(r"[\s()<>]", target):
        return words
    return f"[{words}]({target})"


def _rows(tag: Tag, url: str) -> list[list[str]]:
    return [
        ["".join(_inside(cell, url)).strip() for cell in row.find_all(["td", "th"])]
        for row in tag.find_all("tr")
    ]
