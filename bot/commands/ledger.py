"""/ledger and /networth: the server's books."""

import asyncio
from dataclasses import dataclass
from datetime import date

import discord
from discord import app_commands

from agent_core.errors import RefusedError, WebError
from agent_core.ledger import Booked, Evidence, Line, amount, statement, table
from agent_core.storage import Asks
from agent_core.values import FileRef, Right, SessionRef
from bot.commands.answer import Asking, Slash, answer, asker, defer, slash
from bot.commands.desk import Desk, guild_of, let_in
from bot.discord_api import Upload
from bot.render.books import entry_line, entry_rows, fitted, worth_chart, worth_rows

_PAGE = 15
LEDGER = "ledger"
"""What stands in for a session where a message belongs to the books."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants to enter."""

    description: str
    amount: str
    to: str
    source: str
    day: str | None
    file: discord.Attachment | None
    link: str | None
    experiment: str | None


def ledger(desk: Desk) -> app_commands.Group:
    """The commands that write and read the books."""
    group = app_commands.Group(name="ledger", description="The server's books: double entry, with evidence.")

    @group.command(
        name="add", description="Enter one transaction; it is claimed until somebody else confirms it."
    )
    @app_commands.describe(
        description="What it was.",
        amount="How much, such as 12.50.",
        to="The account that gets it, such as assets:cash or expenses:hosting.",
        source="The account that it comes from, such as income:dues or assets:cash.",
        date="The day, as 2026-11-03; today unless you say otherwise.",
        evidence="A receipt, invoice or statement that shows the amount and the day.",
        link="Or a link to one.",
        experiment="The number of the experiment that it belongs to.",
    )
    @app_commands.rename(source="from")
    async def add(  # noqa: PLR0917 - the parameters are the options
        interaction: Asking,
        description: app_commands.Range[str, 1, 300],
        amount: str,
        to: str,
        source: str,
        date: str | None = None,
        evidence: discord.Attachment | None = None,
        link: str | None = None,
        experiment: str | None = None,
    ) -> None:
        wish = Wish(
            description=description, amount=amount, to=to, source=source, day=date, file=evidence, link=link,
            experiment=experiment,
        )  # fmt: skip
        await _add(desk, interaction, wish)

    @group.command(name="list", description="The newest entries, or one of them whole.")
    @app_commands.describe(entry="The number of an entry.", account="Only those that touch this account.")
    async def show(interaction: Asking, entry: str | None = None, account: str | None = None) -> None:
        await _list(desk, interaction, entry, account)

    @group.command(name="confirm", description="Say that you have looked at an entry of somebody else.")
    async def confirm(interaction: Asking, entry: str) -> None:
        member = await let_in(desk, interaction, Right.APPROVE)
        await defer(desk.api, interaction, ephemeral=False)
        guild_id = guild_of(interaction)
        confirmed = await desk.ledger.confirm(guild_id, entry, member.person)
        await answer(desk.api, interaction, entry_rows(await desk.ledger.books(guild_id), confirmed))

    @group.command(name="reverse", description="Take an entry back by one with the opposite amounts.")
    async def reverse(interaction: Asking, entry: str, why: app_commands.Range[str, 1, 200]) -> None:
        member = await let_in(desk, interaction, Right.APPROVE)
        await defer(desk.api, interaction, ephemeral=False)
        guild_id = guild_of(interaction)
        reversal = await desk.ledger.reverse(
            guild_id, entry, entry_id=str(interaction.id), by=member.person, why=why
        )
        await answer(desk.api, interaction, entry_rows(await desk.ledger.books(guild_id), reversal))

    @group.command(name="export", description="All entries as a table for spreadsheets and hledger.")
    async def export(interaction: Asking) -> None:
        asker(interaction)
        await defer(desk.api, interaction, ephemeral=True)
        books = await desk.ledger.books(guild_of(interaction))
        upload = Upload(name="ledger.csv", source=await asyncio.to_thread(table, books))
        await answer(desk.api, interaction, f"{len(books.entries):,} entries, in {books.currency}.", [upload])

    @group.command(name="statement", description="One month on one page.")
    @app_commands.describe(month="As 2026-11; this month unless you say otherwise.")
    async def month_page(interaction: Asking, month: str | None = None) -> None:
        asker(interaction)
        await defer(desk.api, interaction, ephemeral=True)
        day = day_of(f"{month.strip()}-01") if month else desk.clock.today()
        books = await desk.ledger.books(guild_of(interaction))
        page = await asyncio.to_thread(statement, books, day.year, day.month)
        upload = Upload(name=f"statement-{day:%Y-%m}.md", source=page.encode())
        await answer(desk.api, interaction, f"The statement for {day:%B %Y}.", [upload])

    @group.command(name="currency", description="The currency of the books, settled before the first entry.")
    @app_commands.describe(
        code="Three letters, such as EUR.",
        rate="How much of it one US$ is, for what the model costs.",
        rate_source="Where the rate is from, with its day.",
    )
    async def currency(interaction: Asking, code: str, rate: str = "1", rate_source: str = "") -> None:
        member = await let_in(desk, interaction, Right.CONFIGURE)
        await defer(desk.api, interaction, ephemeral=False)
        plain_code = code.strip().upper()
        await desk.ledger.set_currency(
            guild_of(interaction),
            plain_code,
            member.person,
            rate=amount(rate),
            rate_source=rate_source.strip(),
        )
        await answer(desk.api, interaction, f"The books are kept in {plain_code}; one US$ is {rate} of it.")

    return group


def networth(desk: Desk) -> Slash:
    """The command."""

    async def command(interaction: Asking) -> None:
        asker(interaction)
        await defer(desk.api, interaction, ephemeral=False)
        books = await desk.ledger.books(guild_of(interaction))
        picture = await asyncio.to_thread(worth_chart, books, desk.clock.today())
        await answer(desk.api, interaction, worth_rows(books), [Upload(name="networth.png", source=picture)])

    return slash(
        "networth", "What the server is worth: evidenced and claimed, after the model's cost.", command
    )


async def _add(desk: Desk, interaction: Asking, wish: Wish) -> None:
    member = await let_in(desk, interaction, Right.APPROVE)
    await defer(desk.api, interaction, ephemeral=False)
    guild_id = guild_of(interaction)
    value = amount(wish.amount)
    if value <= 0:
        raise RefusedError("Give the amount as a positive number, and say where it comes from and goes to.")
    lines = (
        Line(account=wish.to.strip(), amount=value),
        Line(account=wish.source.strip(), amount=-value),
    )
    day = day_of(wish.day) if wish.day else desk.clock.today()
    booked = Booked(
        id=str(interaction.id),
        date=day,
        description=wish.description,
        lines=lines,
        by=member.person,
        source="person",
        evidence=await _evidence(desk, guild_id, wish, lines, day),
        experiment=await _experiment(desk, guild_id, wish.experiment),
    )
    entry = await desk.ledger.book(guild_id, booked)
    text = entry_rows(await desk.ledger.books(guild_id), entry)
    message = await answer(desk.api, interaction, text)
    if message is not None:
        asks = Asks(post="entry", about=booked.id)
        await desk.control.storage.posts.put(SessionRef(guild_id, LEDGER), booked.id, str(message.id), asks)


async def _evidence(
    desk: Desk, guild_id: str, wish: Wish, lines: tuple[Line, ...], day: date
) -> Evidence | None:
    if wish.file is not None:
        received = await desk.dropped.receive(guild_id, [wish.file])
        if received.refused:
            raise RefusedError("\n".join((*received.refused, "So nothing was booked.")))
        dropped = received.files[0]
        return await desk.ledger.evidence(guild_id, wish.file.filename, dropped.file, lines, day)
    if wish.link:
        return await desk.ledger.evidence(
            guild_id, wish.link, await _fetched(desk, guild_id, wish.link), lines, day
        )
    return None


async def _fetched(desk: Desk, guild_id: str, link: str) -> FileRef:
    try:
        body = await desk.fetch(guild_id, link)
    except WebError as error:
        raise RefusedError(f"The link cannot be read, so nothing was booked: {error}") from error
    return await desk.control.storage.blobs.put_bytes(guild_id, body)


async def _experiment(desk: Desk, guild_id: str, name: str | None) -> str:
    return (await desk.experiments.register_of(guild_id)).find(name).registered.id if name else ""


async def _list(desk: Desk, interaction: Asking, entry: str | None, account: str | None) -> None:
    asker(interaction)
    await defer(desk.api, interaction, ephemeral=True)
    books = await desk.ledger.books(guild_of(interaction))
    if entry:
        await answer(desk.api, interaction, entry_rows(books, books.find(entry)))
        return
    wanted = (account or "").strip()
    found = [
        one
        for one in books.entries.values()
        if not wanted or any(line.account.startswith(wanted) for line in one.booked.lines)
    ]
    rows = [entry_line(books, one) for one in reversed(found[-_PAGE:])]
    head = (
        f"{len(found):,} entries, the newest first:"
        if rows
        else "Nothing is booked yet. `/ledger add` begins."
    )
    await answer(desk.api, interaction, fitted((head, *rows), 2000))


def day_of(text: str) -> date:
    """The day that somebody typed. Raises RefusedError."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise RefusedError(f"{text!r} is no day. Write it as 2026-11-03.") from error
