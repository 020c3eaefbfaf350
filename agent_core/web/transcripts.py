"""Read what YouTube answers: the player's JSON and a transcript's XML. Runs in the parsing process."""

from html import unescape
from typing import Any, cast

from lxml import etree

from agent_core.errors import FetchFailedError
from agent_core.web.loose import as_text, at, parsed
from agent_core.web.page import Page
from agent_core.web.youtube import best_track

_PARAGRAPH_S = 30.0
_MOST_LINES = 20_000


def read_transcript(url: str, parts: list[str]) -> Page:
    """The page in the player's answer and the transcript.

    Raises:
        FetchFailedError: there is no transcript in it.
    """
    answer = parsed(parts[0])
    lines = _lines(parts[1])
    if not lines:
        raise FetchFailedError("YouTube gave an empty transcript, which is how it refuses servers.")
    chosen = best_track(answer)
    title = as_text(at(answer, "videoDetails", "title"))
    made = ", made by a program" if as_text(at(chosen, "kind")) == "asr" else ""
    said = "\n\n".join(_paragraphs(lines))
    about = as_text(at(answer, "videoDetails", "shortDescription"))[:2000]
    head = f"# {title}\n\n{as_text(at(answer, 'videoDetails', 'author'))}"
    language = as_text(at(chosen, "languageCode"))
    markdown = "\n\n".join(
        part for part in (head, about, f"## Transcript ({language}{made})", said) if part.strip()
    )
    return Page(title=title[:500], markdown=markdown, text=markdown.replace("#", "").strip(), links=(url,))


def _lines(xml: str) -> list[tuple[float, str]]:
    """(seconds from the start, words), of either of the two forms that are sent."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = cast(Any, etree.fromstring(xml.encode(), parser))
    except (etree.XMLSyntaxError, ValueError):
        return []
    lines: list[tuple[float, str]] = []
    for element in root.iter("text", "p"):
        words = " ".join(unescape("".join(element.itertext())).split())
        start = _seconds(element.get("start"), 1.0) or _seconds(element.get("t"), 1000.0)
        if words and len(lines) < _MOST_LINES:
            lines.append((start, words))
    return lines


def _seconds(value: str | None, units: float) -> float:
    try:
        seconds = float(value or 0) / units
    except ValueError:
        return 0.0
    return seconds if 0 <= seconds < 10**6 else 0.0


def _paragraphs(lines: list[tuple[float, str]]) -> list[str]:
    paragraphs: list[str] = []
    words: list[str] = []
    began = lines[0][0]
    for start, said in lines:
        if words and start - began >= _PARAGRAPH_S:
            paragraphs.append(f"[{int(began) // 60}:{int(began) % 60:02}] {' '.join(words)}")
            words, began = [], start
        words.append(said)
    return [*paragraphs, f"[{int(began) // 60}:{int(began) % 60:02}] {' '.join(words)}"]
