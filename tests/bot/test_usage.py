"""/usage over the wire: the server's total, one's own, and the members' for those who may see them."""

from datetime import UTC, datetime
from io import BytesIO

from PIL import Image

from agent_core.events import CallReserved, CallSettled
from agent_core.storage.budgets import Caps, Entry
from agent_core.values import NANO, SessionRef, Usage
from tests.bot.front import Front
from tests.bot.test_commands import said

WIDE = Caps(member_day=NANO, server_day=NANO, host_day=NANO, host_month=NANO)


async def spend(front: Front, session: str, member: str, nano: int) -> None:
    """Money in the books of today."""
    today = datetime.now(UTC).date().isoformat()
    ref = SessionRef(front.guild_id, session)
    entry = Entry(ref=ref, call="1.1", member_id=front.users[member], day=today, host_day=today)
    assert await front.storage.budgets.reserve(entry, nano, WIDE)
    await front.storage.budgets.settle(entry, nano, Usage(prompt_tokens=1000, completion_tokens=50))


async def test_everybody_sees_the_servers_total_and_their_own_part(front: Front):
    await spend(front, "1", "Robin", 123_400_000)
    await spend(front, "2", "Kim", 100_000_000)
    text = await said(front, "usage", by="Kim")
    assert "**This server: $0.2234** in 14 days · 2 requests · 2,100 tokens" in text
    assert "**You** $0.10 in 14 days · today $0.10 of $2.00" in text
    assert "**Today** $0.2234 of $5.00" in text
    assert "Robin" not in await said(front, "usage", {"by": "member"}, by="Kim")


async def test_who_may_spend_sees_all_members(front: Front):
    await spend(front, "1", "Robin", 123_400_000)
    await spend(front, "2", "Kim", 100_000_000)
    text = await said(front, "usage", {"by": "member", "days": 3})
    assert text.splitlines()[-2:] == ["**Robin** $0.1234", "**Kim** $0.10"]


async def test_goals_are_shown_with_what_came_back_without_a_bill(front: Front):
    state = await front.goal("count")
    reserved = CallReserved(
        call="9.1", purpose="think", nano=30_000_000, tokens=10, day="2026-11-25", host_day="2026-11-25"
    )
    lost = CallSettled(
        call="9.1", purpose="think", nano=30_000_000, outcome="lost", usage=Usage(), day="2026-11-25"
    )
    await front.take(state.ref, reserved, lost)
    text = await said(front, "usage", {"by": "session"})
    assert "count" in text
    assert "$0.03 of $0.50, $0.03 of it for 1 lost reply" in text


async def test_the_chart_is_a_picture(front: Front):
    await spend(front, "1", "Robin", 123_400_000)
    outcome = await front.command("usage")
    (file,) = outcome["response"]["attachments"]
    async with front.http.get(file["url"]) as response:
        picture = Image.open(BytesIO(await response.read()))
    assert picture.format == "PNG"
    assert picture.width > 600


async def test_nothing_spent_is_said_without_a_chart(front: Front):
    outcome = await front.command("usage", {"by": "day"})
    assert "**This server: $0.00**" in outcome["response"]["content"]
    assert not outcome["response"]["attachments"]
