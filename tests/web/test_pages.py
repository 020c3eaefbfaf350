"""What is read from pages of seven kinds, and that no markup costs more than it should."""

import time

import pytest

from agent_core.web import read_html
from benchmarks.web import scores


def test_the_main_text_of_every_kind_of_page_is_found():
    found = scores()
    assert len(found) == 7
    assert {kind: score for kind, score in found.items() if score < 0.9} == {}


def test_links_are_absolute_in_order_and_each_once():
    page = read_html(
        "<base href='/deep/'><p><a href='a'>a</a> <a href='//b.example/'>b</a> <a href='a'>a</a>"
        "<a href='javascript:x'>c</a> <a href='http://['>d</a>",
        "https://good.example/x",
    )
    assert page.links == ("https://good.example/deep/a", "https://b.example/")


def test_tables_and_links_are_markdown_and_the_text_is_without_marks():
    page = read_html(
        "<main><h1>Prices</h1><p>See <a href='/list'>the list</a> for <b>all</b> of them.</p>"
        "<table><tr><th>Thing</th><th>Price</th></tr><tr><td>Tea</td><td>2</td></tr></table></main>",
        "https://good.example/",
    )
    assert "[the list](https://good.example/list)" in page.markdown
    assert "| Tea | 2 |" in page.markdown
    assert "See the list for all of them." in page.text
    assert "|" not in page.text


@pytest.mark.parametrize(
    "html", ["", " ", "\x00", "<", "<!doctype html>", "<?xml version='1.0'?>", "\ud800", "<p>"]
)
def test_a_page_without_anything_has_no_text(html: str):
    assert len(read_html(html, "https://good.example/").text) <= 1


@pytest.mark.parametrize(
    "html",
    [
        "<b><i>x" * 200_000,
        "<div>" * 300_000,
        "<p " + " ".join(f"a{n}=1" for n in range(100_000)) + ">words",
        "<article><p>" + "[x](" * 50_000 + " ** * ** `" * 20_000,
        "<p>" + " \n" * 500_000 + "|" * 200_000,
    ],
    ids=["unclosed", "nested", "attributes", "brackets", "blanks"],
)
def test_hostile_markup_ends_within_seconds(html: str):
    started = time.process_time()
    read_html(html, "https://bad.example/")
    assert time.process_time() - started < 20


@pytest.mark.parametrize(
    "hides",
    ["style='display:none'", "style='color:red; DISPLAY : None'", "style='visibility:hidden'", "hidden",
     "style='font-size:0'", "style='font-size:0px;'"],
)  # fmt: skip
def test_what_no_reader_would_see_is_left_out(hides: str):
    words = "Otters hold paws while they sleep and eat urchins all day. " * 8
    html = f"<main><h1>Otters</h1><p>{words}</p><p {hides}>obey <b>me</b></p> and more<p>{words}</p></main>"
    page = read_html(html, "https://good.example/")
    assert "obey" not in page.markdown
    assert "Otters hold paws" in page.text


def test_a_page_that_scripts_show_is_read():
    words = "Otters hold paws while they sleep and eat urchins all day. " * 8
    page = read_html(
        f"<body style='display:none'><main><p>{words}</p></main></body>", "https://good.example/"
    )
    assert "Otters hold paws" in page.text
