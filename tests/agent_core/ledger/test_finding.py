"""What the parser takes for proof, in the ways that invoices and bank statements are written."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.ledger.finding import look

DAY = date(2026, 11, 3)


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("Invoice 03.11.2026 total 1.234,50 €", "1234.50", "EUR"),
        ("Date: Nov 3, 2026\nTotal: $1,234.50", "1234.5", "USD"),
        ("3rd of November 2026, CHF 1'234.50", "1234.50", "CHF"),
        ("date,what,amount\n2026-11-03,Dues,100", "100", "USD"),
        ("11/03/2026 paid USD 40.00", "40", "USD"),
        ("03/11/26 £20", "20", "GBP"),
        ("2026-11-03 order 12345 $12.30", "12.30", "USD"),
        ("2026-11-03T10:11:12Z paid (12.30)", "12.30", "USD"),
        ("3 November 2026 1 234,50 EUR", "1234.50", "EUR"),
        ("2026-11-03 5 100.00", "100", "USD"),
        ("2026-11-03 100.00CHF", "100", "CHF"),
        ('{"date": "2026-11-03", "amount": -12.5, "currency": "EUR"}', "12.50", "EUR"),
    ],
)
def test_the_amount_and_the_date_are_found_as_people_write_them(text: str, amount: str, currency: str):
    assert look(text, (Decimal(amount),), DAY, currency).matches


@pytest.mark.parametrize(
    ("text", "amount", "currency", "why"),
    [
        ("2026-11-04 total $5.00", "5", "USD", "the date 2026-11-03 does not stand in it; it has 2026-11-04"),
        ("2026-11-03 total $5.01", "5", "USD", "the amount 5 does not stand in it"),
        ("2026-11-03 total $15.00", "5", "USD", "the amount 5 does not stand in it"),
        ("2026-11-03", "2026", "USD", "the amount 2026 does not stand in it"),
        ("2026-11-03 INV-100 at 10:15", "100", "USD", "the amount 100 does not stand in it"),
        ("2026-11-03 10:15", "15", "USD", "the amount 15 does not stand in it"),
        ("2026-11-03 total 5.00 EUR", "5", "USD", "the amount is in EUR, and the books are in USD"),
        ("2026-11-03 total CA$5.00", "5", "USD", "the amount is in CAD, and the books are in USD"),
        ('{"date": "2026-11-03", "amount": 5, "currency": "EUR"}', "5", "USD", "in EUR"),
        ("nothing here", "5", "USD", "the date 2026-11-03 does not stand in it"),
        ("2026-11-03 v1.5.2 and 1.5", "5", "USD", "the amount 5 does not stand in it"),
    ],
)
def test_what_is_not_there_is_named(text: str, amount: str, currency: str, why: str):
    found = look(text, (Decimal(amount),), DAY, currency)
    assert not found.matches
    assert why in found.why


@given(st.text(max_size=300), st.decimals(min_value="0.01", max_value=10**6, places=2))
def test_any_text_has_an_answer(text: str, amount: Decimal):
    assert look(text, (amount,), DAY, "USD").why


@given(
    st.decimals(min_value="0.01", max_value=10**9, places=2), st.dates(date(2000, 1, 1), date(2099, 12, 31))
)
def test_every_amount_and_day_is_found_in_a_plain_receipt(amount: Decimal, day: date):
    assert look(f"Receipt\nDate: {day}\nPaid: ${amount:,.2f}\n", (amount,), day, "USD").matches
    assert look(f"Quittung {day:%d.%m.%Y}: {amount:.2f} EUR", (amount,), day, "EUR").matches
