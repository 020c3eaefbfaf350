"""What is read from a page, and the public way to read HTML."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A document from outside. All of it is a stranger's text."""

    title: str
    markdown: str
    """The main text with headings, links and tables."""
    text: str
    """The Markdown's text without its markup."""
    links: tuple[str, ...] = ()
    """All links of the document, absolute, each once, in order."""


def read_html(html: str, url: str) -> Page:
    """The main part of an HTML page. May take seconds: never call it on the event loop.

    Never raises for what the page holds; a page without a readable part has an empty text.
    """
    from agent_core.web.extract import extract

    return extract(html, url)
