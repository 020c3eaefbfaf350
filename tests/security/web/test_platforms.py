"""Platforms that refuse, or answer otherwise than they used to: said plainly, never an empty page."""

import json
from typing import Any

import pytest

from agent_core.errors import FetchFailedError
from agent_core.web import platforms, wikidata, youtube


def test_no_refusal_and_no_changed_shape_is_ever_a_page(refusals: dict[str, dict[str, str]]):
    assert len(refusals) == 15
    said = {(name, mood): words for name, moods in refusals.items() for mood, words in moods.items()}
    assert {key: words for key, words in said.items() if not words.startswith("FetchFailedError: ")} == {}


def test_each_platform_is_named_with_what_it_answered(refusals: dict[str, dict[str, str]]):
    for name, moods in refusals.items():
        platform = name.removesuffix(" front").removesuffix(" search")
        platform = "GitHub" if platform.startswith("GitHub") else platform
        assert f"{platform} has nothing at this address (status 404)" in moods["gone"]
        assert f"{platform} refuses (status 403)" in moods["forbidden"]
        assert f"{platform} refuses (status 429)" in moods["too many"]
        assert "It asks to wait 120 s." in moods["too many"]
        assert "asks to wait" not in moods["too many at once"]
        assert f"{platform} gave no page (status 500)" in moods["broken"]
        assert platform in moods["html"]


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/topics/python", "https://github.com/ada", "https://github.com/ada/engine/wiki",
        "https://en.wikipedia.org/w/index.php?title=Otter", "https://en.wikipedia.org:8443/wiki/Otter",
        "https://news.ycombinator.com/item?id=x", "https://www.youtube.com/watch?v=short", "https://youtu.be/",
        "https://arxiv.org/list/cs.AI/new", "https://stackoverflow.com/users/1", "https://notgithub.com/ada/engine",
        "https://www.reddit.com/settings", "https://www.openstreetmap.org/about",
    ],
)  # fmt: skip
def test_other_addresses_of_a_platform_are_fetched_as_they_are(url: str):
    assert platforms.route(url) is None


@pytest.mark.parametrize(
    ("player", "words"),
    [
        ({"playabilityStatus": {"status": "LOGIN_REQUIRED", "reason": "Sign in!"}}, "refuses: Sign in"),
        ({"playabilityStatus": {"status": "ERROR"}}, "refuses: ERROR"),
        ({"playabilityStatus": {"status": "OK"}}, "no transcript"),
        ({"anything": 1}, "another shape"),
        ([], "another shape"),
    ],
)  # fmt: skip
def test_youtube_says_why_there_is_no_transcript(player: Any, words: str):
    with pytest.raises(FetchFailedError, match=words):
        youtube.captions(json.dumps(player), "https")


def test_a_transcript_is_fetched_from_youtube_alone():
    tracks = [{"baseUrl": "https://www.youtube.com.evil.example/x", "languageCode": "en"}]
    player = {
        "playabilityStatus": {"status": "OK"},
        "captions": {"playerCaptionsTracklistRenderer": {"captionTracks": tracks}},
    }
    with pytest.raises(FetchFailedError, match="no transcript"):
        youtube.captions(json.dumps(player), "https")


def test_an_entity_of_wikidata_is_read_also_where_its_names_do_not_come():
    claim = {"mainsnak": {"datavalue": {"value": {"id": "Q5"}}}}
    entity = json.dumps({"entities": {"Q1": {"labels": {}, "claims": {"P31": [claim, 5, None]}}}})
    assert "ids=P31%7CQ5&" in wikidata.names_url(entity, "https")
    assert wikidata.said([entity])[1][-1] == "- P31: Q5"
    assert wikidata.said([entity, "<html>"])[1][-1] == "- P31: Q5"
    with pytest.raises(FetchFailedError, match="nothing at this address"):
        wikidata.said([json.dumps({"entities": {"Q1": {"id": "Q1", "missing": ""}}})])
