"""How well and how fast pages are read: word F1 against the expected main text, 95th percentile of time."""

import re
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path

from agent_core.web import read_html

PAGES = Path(__file__).parents[1] / "tests" / "web" / "pages"
REPEATS = 10


def word_f1(text: str, expected: str) -> float:
    """The harmonic mean of precision and recall over words, each counted as often as it occurs."""
    found, wanted = (Counter(re.findall(r"\w+", words.lower())) for words in (text, expected))
    common = (found & wanted).total()
    return 2 * common / (found.total() + wanted.total()) if common else 0.0


def kinds(found: Mapping[str, float]) -> dict[str, float]:
    """Kind of page -> mean word F1 of its pages; a page is named by its kind and what it is like."""
    by_kind: defaultdict[str, list[float]] = defaultdict(list)
    for page, score in found.items():
        by_kind[page.partition("-")[0]].append(score)
    return {kind: statistics.fmean(each) for kind, each in by_kind.items()}


def scores() -> dict[str, float]:
    """Page -> word F1."""
    return {
        page.stem: word_f1(
            read_html(page.read_text(), f"https://{page.stem}.example/").text,
            page.with_suffix(".txt").read_text(),
        )
        for page in sorted(PAGES.glob("*.html"))
    }


def times_ms() -> list[float]:
    """Milliseconds of every page, several times each, once the parsers are loaded."""
    took: list[float] = []
    for page in sorted(PAGES.glob("*.html")) * REPEATS:
        html = page.read_text()
        started = time.perf_counter()
        read_html(html, "https://page.example/")
        took.append((time.perf_counter() - started) * 1000)
    return took


def main() -> None:
    """Print each page, the mean of each kind, the mean of the kinds and the time."""
    found = scores()
    for page, score in found.items():
        print(f"  {page:26} word F1 {score:.3f}")
    means = kinds(found)
    for kind, score in means.items():
        print(f"{kind:28} word F1 {score:.3f}")
    p95 = statistics.quantiles(times_ms(), n=20)[-1]
    mean = statistics.fmean(means.values())
    print(f"{'mean of the kinds':28} word F1 {mean:.3f}   {len(found)} pages, time p95 {p95:.0f} ms")


if __name__ == "__main__":
    main()
