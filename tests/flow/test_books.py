"""The books, over the wire: entered by one, confirmed by another, and the same in every view."""

import csv
import io
from decimal import Decimal
from typing import Any

import pytest

from tests.flow.conftest import Stage
from tests.flow.people import Json, People, Thread, attached

MANAGES = str(1 << 5 | 1 << 10 | 1 << 11 | 1 << 6 | 1 << 16 | 1 << 31 | 1 << 38)
FINISH = ("finish", {"summary": "booked"})
RECEIPT = b"Receipt\nDate: 2026-11-03\nTotal paid: $120.00\n"


async def export(stage: Stage) -> list[dict[str, str]]:
    response = await stage.people.command("ledger export")
    data = await stage.people.download(response["attachments"][0]["url"])
    rows = list(csv.DictReader(io.StringIO(data.decode())))
    assert not rows or list(rows[0]) == [
        "transaction",
        "date",
        "description",
        "account",
        "commodity",
        "amount",
    ]
    return rows


async def add(stage: Stage, amount: str = "120", **more: Any) -> Json:
    options = {"description": "Dues", "to": "assets:cash", "from": "income:dues", "date": "2026-11-03"}
    return await stage.people.command("ledger add", amount=amount, **(options | more))


async def test_an_entry_is_evidenced_by_the_press_of_another_person(stage: Stage):
    second = await stage.people.member("Bob", permissions=MANAGES)
    response = await add(stage, files=[attached("receipt.txt", RECEIPT)])
    assert "claimed: nobody but who entered it has confirmed it" in response["content"]
    channel = Thread(people=stage.people, id=stage.people.channel_id)
    await channel.press(response, "✅")
    await channel.says("Who entered it cannot confirm it")
    assert "claimed: $120.00" in (await stage.people.command("networth"))["content"]
    await channel.press(response, "✅", second)
    await channel.says("Entry 1 is evidenced")
    worth = await stage.people.command("networth")
    assert "evidenced: $120.00" in worth["content"]
    assert "claimed: $0.00" in worth["content"]
    picture = await stage.people.download(worth["attachments"][0]["url"])
    assert picture.startswith(b"\x89PNG")
    rows = await export(stage)
    assert [(row["account"], row["amount"]) for row in rows] == [
        ("assets:cash", "120.00"),
        ("income:dues", "-120.00"),
    ]


@pytest.mark.parametrize(
    ("receipt", "why"),
    [
        (RECEIPT.replace(b"120", b"119"), "the amount 120 does not stand in it"),
        (RECEIPT.replace(b"11-03", b"11-05"), "the date 2026-11-03 does not stand in it"),
        (RECEIPT.replace(b"$", b"EUR "), "the amount is in EUR, and the books are in USD"),
        (b"\x00\x01\x02" * 50, "cannot be read"),
    ],
)
async def test_evidence_that_does_not_match_leaves_it_claimed_with_the_reason(
    stage: Stage, receipt: bytes, why: str
):
    second = await stage.people.member("Bob", permissions=MANAGES)
    response = await add(stage, files=[attached("receipt.txt", receipt)])
    assert why in response["content"]
    refused = await stage.people.command("ledger confirm", user_id=second, entry="1")
    assert "stays claimed" in refused["content"]
    assert "claimed: $120.00" in (await stage.people.command("networth"))["content"]


async def test_a_link_is_evidence_only_where_the_servers_lists_let_it_be_read(stage: Stage):
    await stage.people.command("settings", deny_hosts="example.org")
    link = "https://shop.example.org/receipt?secret=1"
    refused = await add(stage, link=link)
    assert "The rules of this server keep 'shop.example.org' closed" in refused["content"]

    await stage.people.command("settings", deny_hosts="-", allow_hosts="example.net")
    lines = [{"account": "assets:cash", "amount": "9"}, {"account": "income:ads", "amount": "-9"}]
    entry = {"date": "2026-11-03", "description": "ads", "lines": lines, "evidence": link}
    stage.model.will("I book it", ("book", entry))
    thread = await stage.people.goal("book the ads", autonomy="auto")
    stage.model.will("not possible", FINISH)
    await thread.press(await thread.proposal(), "✅")
    await thread.says("The rules of this server keep 'shop.example.org' closed")
    assert await export(stage) == []


async def test_who_may_not_approve_writes_nothing(stage: Stage):
    stranger = await stage.people.member("Mallory")
    refused = await stage.people.command(
        "ledger add", user_id=stranger, description="x", amount="5", to="assets:cash", **{"from": "income:x"}
    )
    assert "only members with Manage Server may" in refused["content"]
    assert await export(stage) == []


async def test_a_goal_books_only_after_a_yes_that_saw_the_evidence_and_its_cost_is_booked_too(stage: Stage):
    second = await stage.people.member("Bob", permissions=MANAGES)
    entry = {
        "date": "2026-11-03",
        "description": "Sponsor",
        "lines": [
            {"account": "assets:cash", "amount": "120.00"},
            {"account": "income:sponsors", "amount": "-120.00"},
        ],
        "evidence": "inputs/receipt.txt",
    }
    stage.model.will("I book it", ("book", entry))
    thread = await stage.people.goal(
        "book the sponsor's payment", autonomy="auto", files=[attached("receipt.txt", RECEIPT)]
    )
    proposal = await thread.proposal()
    assert await stage.people.download(_attachment(proposal, "receipt.txt")) == RECEIPT
    assert "🔁" not in {one["emoji"]["name"] for one in proposal["reactions"]}
    stage.model.will("done", FINISH)
    await thread.press(proposal, "✅")
    booked = await thread.says("Entry 1 is booked")
    await thread.says("finished, unchecked")
    await thread.press(booked, "✅", second)
    await thread.says("Entry 1 is evidenced")
    rows = await export(stage)
    assert sum(Decimal(row["amount"]) for row in rows) == 0


def _attachment(message: Json, name: str) -> str:
    return next(one["url"] for one in message["attachments"] if one["filename"] == name)


async def test_income_from_the_models_own_estimate_is_not_booked(stage: Stage):
    lines = [{"account": "assets:pledged", "amount": "9"}, {"account": "income:ads", "amount": "-9"}]
    entry = {"date": "2026-11-03", "description": "expected", "lines": lines}
    stage.model.will("I book what I expect", ("book", entry))
    thread = await stage.people.goal("book expected income", autonomy="auto")
    stage.model.will("not possible", FINISH)
    await thread.press(await thread.proposal(), "✅")
    await thread.says("not booked from my own estimate")
    assert await export(stage) == []


async def test_an_experiment_is_registered_looked_at_and_reported(stage: Stage):
    added = await stage.people.command(
        "experiment add",
        hypothesis="The price first gets more sign-ups",
        metric="sign-ups per visitor",
        cap="20",
        stop="2099-01-01",
        probability=0.3,
    )
    assert "⏳ running" in added["content"]
    report = await stage.people.command(
        "experiment report", experiment="1", variant="40/100", control="5/100"
    )
    assert "✅ success" in report["content"]
    assert "Brier score of 1 past forecast: 0.490" in report["content"]
    assert "✅ success" in (await stage.people.command("experiment list"))["content"]
    refused = await stage.people.command(
        "experiment add", hypothesis="Buy bitcoin", metric="x", cap="1", stop="2099-01-01", probability=0.5
    )
    assert "I do not do this: trading" in refused["content"]


async def test_the_entrepreneur_of_the_demo_reads_the_books_asks_for_an_experiment_and_reports(demo: People):
    added = {"description": "Dues", "to": "assets:cash", "from": "income:dues", "date": "2026-11-03"}
    await demo.command("ledger add", amount="120", **added)
    thread = await demo.goal("entrepreneur: how do we stand?", template="entrepreneur", autonomy="auto")
    proposal = await thread.proposal()
    assert "register_experiment" in proposal["content"]
    await thread.press(proposal, "✅")
    await thread.says("Experiment 1 is registered")
    assert (await thread.file("chart.png")).startswith(b"\x89PNG")
    assert "all assets less all liabilities: 120.00" in (await thread.file("report.md")).decode()
    await thread.says("finished")
    assert "⏳ running" in (await demo.command("experiment list"))["content"]


async def test_the_entrepreneur_refuses_what_is_refused(demo: People):
    refused = await demo.command("goal", text="Trade stocks for us", template="entrepreneur")
    assert "I do not do this: trading" in refused["content"]
