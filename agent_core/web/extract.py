"""HTML to the main text as Markdown: trafilatura first, a plain strip where that found too little.

A better choice between two extractors gains more than a better extractor: on articles trafilatura wins, on
listings, products and forums it often returns a fragment.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import urljoin

import trafilatura
from lxml import etree
from lxml import html as lxml_html

from agent_core.web.embedded import read_embedded
from agent_core.web.markup import strip_page
from agent_core.web.page import Page
from agent_core.web.plain import text_of
from agent_core.web.structured import read_structured

MOST_CHARACTERS = 4_000_000
MOST_ELEMENTS = 25_000
"""Above it the page is read in one pass: a search for its main part takes seconds and much memory."""
MOST_LINKS = 5_000
DEEPEST = 150
"""Elements inside each other; the parsers recurse."""
_FRAGMENT = 0.4
_FRAGMENT_OF_THREAD = 0.65
_FEWEST_POSTS = 3
_MOST_POSTS = 500
_POST = re.compile(r"(?:^|\s)(?:post|message|reply|answer|topic-post|crawler-post)(?:$|[\s-])")
_PARAGRAPH_WORDS = 15
_PROSE_SHARE = 0.5
_LONGEST_HEADING = 300
_FEW_WORDS = 40
_DRAWN_WORDS = 80
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_LONG_TAG = re.compile(r"<[a-zA-Z][^<>]{4000,}>?")
_MOST_ATTRIBUTES = 300
# words on two sides of a block are two words, also where the source has no blank between them
_BLOCK_TAG = re.compile(r"</?(?:div|p|li|td|th|dt|dd|h[1-6]|section)(?:\s[^<>]{0,3000})?>", re.IGNORECASE)
_DROP = ("script", "style", "noscript", "template", "svg", "head", "iframe", "object")
_BLOCKS = frozenset(
    {
        *(
            "p",
            "div",
            "li",
            "ul",
            "ol",
            "tr",
            "table",
            "section",
            "article",
            "main",
            "pre",
            "blockquote",
            "br",
        ),
        *("h1", "h2", "h3", "h4", "h5", "h6", "dt", "dd", "header", "footer"),
    }
)
_HIDES = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|font-size\s*:\s*0(?:px|em|rem|pt|%)?\s*(?:;|!|$)"
    r"|(?:left|right|top|bottom|text-indent|margin-left|margin-top)\s*:\s*-(?:\d{4}|9\d\d)"
    r"|clip\s*:\s*rect\(\s*0|clip-path\s*:\s*inset\(\s*(?:50|100)%|transform\s*:\s*scale\(\s*0\s*\)",
    re.IGNORECASE,
)
_FADED = re.compile(r"opacity\s*:\s*0?\.?0*\s*(?:;|!|$)|opacity\s*:\s*0%", re.IGNORECASE)
"""Also how pages fade in what they show: hidden only where it is little of the page."""
_MOST_FADED = 0.3
_MAY_HIDE = re.compile(
    r"\shidden\b|display\s*:|visibility\s*:|font-size\s*:\s*0|:\s*-\d{3}|clip|opacity|scale\(", re.IGNORECASE
)
_NEVER_HIDDEN = frozenset({"html", "body", "main", "article"})
"""Scripts show these once they run: they are the page."""
Tree = Any
"""An lxml element; its stubs say less than we need."""


def warm() -> None:
    """Load everything that the first page would load."""
    extract(
        "<html><body><article><p>warm <a href='/x'>up</a></p></article></body></html>", "http://x.example/"
    )


def extract(html: str, url: str) -> Page:
    """The page in an HTML text; empty where nothing can be read."""
    source = _DECLARATION.sub("", html[:MOST_CHARACTERS]).replace("\x00", "")
    source = _LONG_TAG.sub(_without_attributes, source.encode("utf-8", "replace").decode())
    source = _BLOCK_TAG.sub(r" \g<0> ", source)
    tree = parse(source)
    if tree is None:
        return Page(title="", markdown="", text="")
    title, links = _title(tree), _links(tree, url)  # all of them, also of menus that are folded away
    if _MAY_HIDE.search(source) and _without_hidden(tree):
        source = str(lxml_html.tostring(tree, encoding="unicode"))
    structured = read_structured(tree)
    markdown = _in_one_pass(tree) if _is_monstrous(tree) else _chosen(tree, source, url)
    if structured.text and len(markdown.split()) < max(_FEW_WORDS, len(structured.text.split())):
        markdown = _joined(markdown, structured.text)
    if len(markdown.split()) < _DRAWN_WORDS:  # by scripts, most likely
        embedded = read_embedded(tree)
        if len(embedded.split()) > len(markdown.split()):
            markdown = _joined(markdown, embedded)
    return Page(title=title, markdown=markdown, text=text_of(markdown), links=links)


def parse(source: str) -> Tree | None:
    """The lxml tree of an HTML text, None where there is none. Entities are never resolved from outside."""
    parser = lxml_html.HTMLParser(
        encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        tree = cast(Tree, lxml_html.document_fromstring(source.encode("utf-8", "replace"), parser=parser))
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None
    return tree


def _without_hidden(tree: Tree) -> bool:
    """Take out what no reader of the page would see; whether there was any."""
    styled = [one for one in tree.xpath("//*[@style or @hidden]") if one.tag not in _NEVER_HIDDEN]
    hidden = [one for one in styled if "hidden" in one.attrib or _HIDES.search(one.attrib.get("style", ""))]
    faded = [one for one in styled if _FADED.search(one.attrib.get("style", ""))]
    if sum(len(one.text_content()) for one in faded[:200]) < _MOST_FADED * len(tree.text_content()):
        hidden += faded[:200]
    for element in hidden:
        parent = element.getparent()
        if parent is not None:
            element.drop_tree()
    return bool(hidden)


def _is_monstrous(tree: Tree) -> bool:
    depth = 0
    for number, (event, _) in enumerate(etree.iterwalk(tree, events=("start", "end"))):
        depth += 1 if event == "start" else -1
        if depth > DEEPEST or number > 2 * MOST_ELEMENTS:
            return True
    return False


def _without_attributes(tag: re.Match[str]) -> str:
    """A tag with thousands of attributes costs the parser the square of them."""
    words = tag[0].split(maxsplit=_MOST_ATTRIBUTES)
    return tag[0] if len(words) <= _MOST_ATTRIBUTES else words[0] + ">"


def _chosen(tree: Tree, source: str, url: str) -> str:
    main = _main_text(source, url)
    article, prose = _is_article(tree), _is_prose(tree, main)
    if article and prose and len(main.split()) >= _FEW_WORDS:
        return main
    strip = strip_page(source, url)
    return _headed(tree, _better(tree, main, strip, article=article, prose=prose))


def _better(tree: Tree, main: str, strip: str, *, article: bool, prose: bool) -> str:
    """The strip where the main text is a fragment of it; of cards and rows the strip, unless that is one."""
    found, all_of_it = len(text_of(main).split()), len(text_of(strip).split())
    if not (article or prose):
        return strip if all_of_it >= _FRAGMENT * found else main
    enough = _FRAGMENT_OF_THREAD if _is_thread(tree, all_of_it) else _FRAGMENT
    return strip if found < enough * all_of_it else main


def _is_thread(tree: Tree, size: int) -> bool:
    """Whether most of the page's `size` words stand in several posts: some may be missing then."""
    posts: list[Tree] = []
    for element in tree.iter("div", "article", "li", "section", "table", "tr"):
        if _POST.search(element.get("class") or "") and not (posts and posts[-1] in element.iterancestors()):
            posts.append(element)
        if len(posts) > _MOST_POSTS:
            break
    words = [len(str(post.text_content()).split()) for post in posts]
    return len(words) >= _FEWEST_POSTS and sum(words) >= _PROSE_SHARE * size


def _is_prose(tree: Tree, markdown: str) -> bool:
    """Whether most of it is paragraphs, as on an article; not cards, rows and headings.

    Short paragraphs are an article's where they are children of one element: cards have one each.
    """
    least = _PROSE_SHARE * len(markdown.split())
    blocks = (block for block in markdown.split("\n") if block and block[0] not in "#-|*")
    if sum(words for block in blocks if (words := len(block.split())) >= _PARAGRAPH_WORDS) >= least:
        return True
    of_one: Counter[Tree] = Counter()
    for paragraph in tree.iter("p"):
        of_one[paragraph.getparent()] += len(str(paragraph.text_content()).split())
    return max(of_one.values(), default=0) >= max(least, _FEW_WORDS)


def _headed(tree: Tree, markdown: str) -> str:
    """With the page's one heading, where it stood outside of the part that was found."""
    headings = tree.findall(".//h1")
    words = " ".join(str(headings[0].text_content()).split()) if len(headings) == 1 else ""
    if not words or len(words) > _LONGEST_HEADING or words in " ".join(text_of(markdown).split()):
        return markdown
    return f"# {words}\n\n{markdown}".strip()


def _main_text(source: str, url: str) -> str:
    found = trafilatura.extract(
        source,
        url=url or None,
        output_format="markdown",
        include_links=True,
        include_tables=True,
        include_formatting=True,
    )
    return (found or "").strip()


def _is_article(tree: Tree) -> bool:
    kinds = tree.xpath("string(//meta[@property='og:type']/@content)")
    return kinds == "article" or len(tree.findall(".//article")) == 1


def _title(tree: Tree) -> str:
    for path in ("//head/title", "//title", "//meta[@property='og:title']/@content", "//h1"):
        words = " ".join(str(tree.xpath(f"string({path})")).split())
        if words:
            return words[:500]
    return ""


def _links(tree: Tree, url: str) -> tuple[str, ...]:
    base = _join(url, str(tree.xpath("string(//base/@href)"))) or url
    links: dict[str, None] = {}
    for target in tree.xpath("//a/@href | //area/@href"):
        link = _join(base, str(target))
        if link.startswith(("http://", "https://")):
            links[link] = None
        if len(links) >= MOST_LINKS:
            break
    return tuple(links)


def _join(base: str, target: str) -> str:
    try:
        return urljoin(base, target.strip())
    except ValueError:
        return ""


def _in_one_pass(tree: Tree) -> str:
    pieces: list[str] = []
    skipped = 0
    walk = cast("Iterator[tuple[str, Tree]]", etree.iterwalk(tree, events=("start", "end")))
    for event, element in walk:
        name = element.tag
        if event == "start":
            skipped += name in _DROP
            if not skipped:
                pieces += ["\n" if name in _BLOCKS else "", element.text or ""]
        else:
            skipped -= name in _DROP
            if not skipped:
                pieces += ["\n" if name in _BLOCKS else "", element.tail or ""]
    lines = (" ".join(line.split()) for line in "".join(pieces).split("\n"))
    return "\n\n".join(line for line in lines if line)


def _joined(markdown: str, more: str) -> str:
    said = " ".join(text_of(more).split())
    kept = [part for part in markdown.split("\n\n") if " ".join(text_of(part).split()) not in said]
    return "\n\n".join([*kept, more]).strip()
