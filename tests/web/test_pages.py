"""What is read from pages of seven kinds, and that no markup costs more than it should."""

import json
import random
import time

import pytest

from agent_core.web import read_html
from benchmarks.web import PAGES, kinds, scores


def test_the_main_text_of_every_kind_of_page_is_found():
    found = scores()
    means = kinds(found)
    assert len(means) == 7
    assert len(found) >= 31
    assert {page: score for page, score in found.items() if score < 0.7} == {}
    assert {kind: score for kind, score in means.items() if score < 0.84} == {}
    assert means["article"] >= 0.95


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
     "style='font-size:0'", "style='font-size:0px;'", "style='position:absolute;left:-9999px'",
     "style='opacity:0'", "style='opacity: 0.0;color:red'", "style='clip: rect(0,0,0,0)'",
     "style='text-indent:-5000em'"],
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


SHOP = {
    "props": {
        "title": "Tea pot",
        "price": 19.5,
        "body": "<p>A pot that holds <b>one litre</b> of tea.</p>",
        "specs": [{"label": "Material", "value": "Cast iron"}],
        "image": {"url": "https://shop.example/a-long-picture-name.jpg"},
        "footer": {"text": "Copyright and all that jazz"},
    },
    "buildId": "k3j2h1",
    "user": None,
}
STATES = {
    "next": f"<script id=__NEXT_DATA__ type=application/json>{json.dumps(SHOP)}</script>",
    "redux": f"<script>window.__INITIAL_STATE__ = {json.dumps(SHOP)};(function(){{}})()</script>",
    "undefined": f"<script>window.__APOLLO_STATE__={json.dumps(SHOP).replace('null', 'undefined')}</script>",
    "parsed": f"<script>window.__STATE__=JSON.parse({json.dumps(json.dumps(SHOP))})</script>",
    "bracket": f'<script>window["__PRELOADED_STATE__"] = {json.dumps(SHOP)}</script>',
    "nuxt": '<script type=application/json id=__NUXT_DATA__>[{"title":1,"price":2,"body":3,"specs":4},'
    '"Tea pot",19.5,"A pot that holds one litre of tea.",[5],{"value":6},"Cast iron"]</script>',
    "list": f"<script type=application/json>{json.dumps([SHOP])}</script>",
    "function": '<script>window.__NUXT__=(function(a){return {title:a,price:"19.5 for the pot",text:"A pot '
    'that holds one litre of tea.",of:"Cast iron as it was"}}("Tea pot with a lid"))</script>',
}


@pytest.mark.parametrize("name", STATES)
def test_a_page_that_scripts_draw_is_read_from_the_state_in_it(name: str):
    page = read_html(f"<title>Shop</title><div id=app></div>{STATES[name]}", "https://shop.example/")
    words = " ".join(page.text.split())
    for said in ("Tea pot", "19.5", "A pot that holds one litre of tea.", "Cast iron"):
        assert said in words
    for unsaid in ("Copyright", "k3j2h1", "picture", "function", "buildId"):
        assert unsaid not in words


def test_the_state_of_a_page_that_can_be_read_is_left_alone():
    words = "Otters hold paws while they sleep and eat urchins all day. " * 12
    page = read_html(f"<main><p>{words}</p></main>{STATES['next']}", "https://good.example/")
    assert "Tea pot" not in page.text


def test_products_questions_and_offers_of_json_ld_are_read():
    answer = {"text": "<p>It <i>does</i></p>"}
    data = [
        {"@context": "https://schema.org", "@graph": [{"@type": ["Thing", "Product"], "name": "Tea pot"}]},
        {"@type": "Product", "offers": {"price": "19.50", "priceCurrency": "EUR"}},
        {"@type": "QAPage", "mainEntity": {"name": "Does it pour?", "acceptedAnswer": answer}},
        {"@type": "HowTo", "step": [{"text": "Warm the pot."}, {"text": "Count to ten."}]},
    ]  # fmt: skip
    scripts = "".join(f"<script type='application/ld+json'>{json.dumps(one)}</script>" for one in data)
    broken = "<script type='application/ld+json'>{broken</script>"
    text = read_html(f"<div id=app></div>{broken}{scripts}", "https://shop.example/").text
    for said in ("Tea pot", "19.50", "EUR", "Does it pour?", "It does", "Warm the pot.", "Count to ten."):
        assert said in " ".join(text.split())


@pytest.mark.parametrize("wrapper", ["div class='layout has-sidebar'", "div id=modal-open", "form action=/x"])
def test_what_wraps_the_whole_page_is_never_taken_for_its_edge(wrapper: str):
    rows = "".join(f"<div class=card><h3>Boat {n}</h3><span>{n} oars</span></div>" for n in range(30))
    html = f"<body><{wrapper}><div class=cards>{rows}</div></{wrapper.split()[0]}></body>"
    page = read_html(html, "https://good.example/")
    assert "Boat 29" in page.text
    assert "29 oars" in page.text


def test_no_damaged_page_raises_or_warns():
    chance = random.Random(7)  # noqa: S311 - the same damage each time
    pages = [path.read_text() for path in sorted(PAGES.glob("*-*.html"))]
    for _ in range(60):
        html = chance.choice(pages)
        for _ in range(8):
            start, size = chance.randrange(len(html)), chance.randrange(1, 400)
            html = (
                html[:start]
                + chance.choice(["", "<", "<!--", "<![CDATA[", "\x00", "<?xml?>", html[:size]])
                + html[start + size :]
            )
        read_html(html, chance.choice(["", "http://[", "https://good.example/x"]))


def test_what_only_fades_in_is_read_and_every_link_of_a_page_is_listed():
    words = "Otters hold paws while they sleep and eat urchins all day. " * 8
    menu = "<ul style='display:none'><li><a href='/folded'>Folded</a></li></ul>"
    html = (
        f"<body>{menu}<main><h1>Otters</h1><section style='opacity:0'><p>{words}</p></section></main></body>"
    )
    page = read_html(html, "https://good.example/")
    assert "Otters hold paws" in page.text
    assert "Folded" not in page.text
    assert page.links == ("https://good.example/folded",)


def test_the_dishes_of_a_menu_are_no_navigation():
    dishes = "".join(
        f"<div><h4>Dish {n}</h4><p>With leeks, butter and a little salt</p></div>" for n in range(12)
    )
    links = "".join(f"<li><a href='/{n}'>Place number {n} of ours</a></li>" for n in range(30))
    about = "".join(f"<section><h3>Room {n}</h3><p>Seats for {n} guests</p></section>" for n in range(40))
    html = f"<body><ul class='menu'>{links}</ul><div>{about}</div><div id='menu'>{dishes}</div></body>"
    page = read_html(html, "https://good.example/")
    assert "Dish 11" in page.text
    assert "Seats for 39 guests" in page.text
    assert "Place number" not in page.text
