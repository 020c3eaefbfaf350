"""The books of a server: double entry, evidence, and two numbers that are never mixed."""

from agent_core.ledger.books import Books, Entry, Worth
from agent_core.ledger.export import statement, table
from agent_core.ledger.ledger import MOST_EVIDENCE, Ledger
from agent_core.ledger.money import amount, cents, plain, shown
from agent_core.ledger.records import Booked, Evidence, Line, debits, worth_of
from agent_core.ledger.refusals import refuse_plan

__all__ = [
    "MOST_EVIDENCE",
    "Booked",
    "Books",
    "Entry",
    "Evidence",
    "Ledger",
    "Line",
    "Worth",
    "amount",
    "cents",
    "debits",
    "plain",
    "refuse_plan",
    "shown",
    "statement",
    "table",
    "worth_of",
]
