"""How well and how fast pages are read: word F1 against the expected main text, 95th percentile of time."""

import re
import statistics
import time
from collections import Counter
from pathlib import Path

from agent_core.web import read_html

PAGES = Path(__file__).parents[1] / "tests" / "web" / "pages"
REPEATS = 10


def word_f1(text: str, expected: str) -> float:
    """The harmonic mean of precision and recall over words, each counted as often as it occurs."""
    found, wanted = (Counter(re.findall(r"\w+", words.lower())) for words in (text, expected))
    common = (found & wanted).total()
    return 2 * common / (found.total() + wanted.total()) if common else 0.0


def scores() -> dict[str, float]:
    """Kind of page -> word F1."""
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
    """Print one line per kind of page, the mean and the time."""
    found = scores()
    for kind, score in found.items():
        print(f"{kind:15} word F1 {score:.3f}")
    p95 = statistics.quantiles(times_ms(), n=20)[-1]
    print(f"{'mean':15} word F1 {statistics.fmean(found.values()):.3f}   time p95 {p95:.0f} ms")


if __name__ == "__main__":
    main()
