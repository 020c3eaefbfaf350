"""A fetcher among strangers: what it refuses, survives and reads, in a namespace of its own."""

from typing import Any

GOOD = {
    "/good": "quick brown fox",
    "/gzip": "quick brown fox",
    "/deflate": "quick brown fox",
    "/bare-deflate": "quick brown fox",
    "/hop": "quick brown fox",
    "/hop-away": "quick brown fox",
    "/latin": "naïve café",
    "/meta": "日本語の文章です。",
    "/utf16": "wide words",
    "/bad-codec": "quick brown fox",
    "/wrong-codec": "quick brown fox",
    "/broken-utf8": "café",
    "/missing": "gone for good",
    "/json": '"answer": 42',
    "/csv": "Ada 36",
    "/text": "Plain words",
    "/pdf": "Hello from a document",
    "/feed": "Something happened",
    "/refresh": "words",
    "literal": "quick brown fox",
    "platform wikipedia": "The otter is a mammal.",
    "platform readme": "It counts.",
    "platform file": "print('counted')",
    "platform issue": "Oil it.",
    "platform releases": "First",
    "platform stack": "Because",
    "platform issues": "#7 It stops",
    "platform no issues": "There are none.",
    "platform tag": "Second",
    "platform pull": "Oil it.",
    "platform front page": "Otters of today",
    "platform node": "place: village",
    "platform youtube": '[0:00] They hold "paws"\n\n[1:01] while asleep',
    "platform youtu.be": "Transcript (de)",
    "platform hn": "bo: Nice",
    "platform arxiv": "We study otters.",
    "platform reddit": "Something happened",
    "platform discourse": "They do",
    "platform osm": "Otterburn: 55.2, -2.1",
    "platform wikidata": "instance of (P31): Mensch (Q5)",
    "crawl open": "quick brown fox",
    "crawl /closed/but/open": "quick brown fox",
    "crawl /x.secret?q": "",
    "mapped public": "quick brown fox",
    "capitals": "quick brown fox",
    "other script": "quick brown fox",
    "/raw-location": "quick brown fox",
    "/blank-location": "quick brown fox",
    "/busy-once": "quick brown fox",
    "/busy-odd": "quick brown fox",
    "/bad-type": "quick brown fox",
    "/hostile-frames": "",
    "/hostile-base": "words",
    "/hostile-xhtml": "words",
    "/hostile-gzip-rest": "words",
    "/hostile-informational": "words",
    "/hostile-infinite": "",
    "/hostile-pdf-late": "",
    "/hostile-ld": "words",
    "/hostile-ld-many": "words",
    "/hostile-state": "words",
    "/hostile-state-wide": "some words here",
    "changing before": "quick brown fox",
}
OTHERS = (
    *("/", "platform", "literal", "crawl", "changing", "closed by"),
    *("mapped public", "capitals", "other script"),
)
FAILED = {
    *("/broken-pdf", "/picture", "/disguised", "/br", "/stacked", "/broken-gzip", "/bomb", "/huge-length"),
    *("/no-http", "/negative-length", "/long-header", "/loop", "/endless", "/slow", "/slow-headers"),
    *("/endless-headers", "/silent", "platform limited", "platform gone", "/busy-long", "/busy-date"),
}


def outcomes(report: dict[str, Any]) -> dict[str, str]:
    return {name: result["outcome"] for name, result in report["results"].items()}


def test_no_address_but_public_ones_is_ever_dialled(report: dict[str, Any]):
    assert report["trapped"] == []
    assert report["dialled"] == ["93.184.216.34", "93.184.216.35", "::ffff:5db8:d822"]


def test_every_spelling_of_a_private_or_confusing_address_is_refused(report: dict[str, Any]):
    from_pages = {f"/to-{number}" for number in range(len(report["targets"]))}
    refused = {name for name, outcome in outcomes(report).items() if outcome == "FetchRefusedError"}
    asked = {name for name in outcomes(report) if not name.startswith(OTHERS)}
    asked |= {name for name in outcomes(report) if name.startswith("//")}
    assert sorted((asked | from_pages) - refused) == []


def test_hostile_answers_are_read_or_fail_plainly(report: dict[str, Any]):
    hostile = {name: came for name, came in outcomes(report).items() if name.startswith("/hostile-")}
    assert len(hostile) > 70
    assert {name for name, came in hostile.items() if came not in ("page", "FetchFailedError")} == set()
    whole = " ".join(result["text"] for result in report["results"].values())
    assert "root:" not in whole


def test_a_server_that_asks_to_wait_is_waited_for_or_named(report: dict[str, Any]):
    first, second = report["came"]["/busy-once"]
    assert second - first >= 1
    assert len(report["came"]["/busy-long"]) == 1
    assert "good.example asks to wait 3600 s" in report["results"]["/busy-long"]["text"]
    assert "asks to wait 86400 s" in report["results"]["/busy-date"]["text"]


def test_a_name_that_changes_its_mind_is_judged_again(report: dict[str, Any]):
    assert outcomes(report)["/change"] == "FetchRefusedError"


def test_robots_txt_closes_pages_to_crawling_only(report: dict[str, Any]):
    assert outcomes(report)["crawl closed"] == "FetchRefusedError"
    assert outcomes(report)["crawl /x.secret"] == "FetchRefusedError"
    assert outcomes(report)["/closed"] == "page"


def test_good_pages_are_read(report: dict[str, Any]):
    results = report["results"]
    assert {
        name: results[name]["text"] for name, words in GOOD.items() if words not in results[name]["text"]
    } == {}


def test_links_are_absolute(report: dict[str, Any]):
    assert report["results"]["/good"]["links"] == ["http://good.example/next"]


def test_what_cannot_be_read_fails_plainly(report: dict[str, Any]):
    assert {name for name in FAILED if outcomes(report)[name] != "FetchFailedError"} == set()


def test_a_platform_that_refuses_is_named(report: dict[str, Any]):
    assert "GitHub refuses (status 403)" in report["results"]["platform limited"]["text"]


def test_entities_reach_neither_files_nor_hosts_nor_each_other(report: dict[str, Any]):
    for name in ("/laughs", "/outside"):
        assert len(report["results"][name]["text"]) < 200


def test_nothing_takes_longer_than_its_deadline(report: dict[str, Any]):
    assert max(result["seconds"] for result in report["results"].values()) < 30


def test_memory_and_loop_are_kept(report: dict[str, Any]):
    assert report["megabytes"] < 200
    assert report["child_megabytes"] < 200
    assert report["blocked_s"] < 1.5


def test_requests_carry_no_cookie_and_every_fetch_is_recorded(report: dict[str, Any]):
    assert report["heads"] != []
    assert [head for head in report["heads"] if "cookie:" in head.lower() or "proxy" in head.lower()] == []
    assert report["records"] >= len(report["results"])
