"""What the bot does not do with money or reputation, whoever asks. Decided by code, not by a prompt."""

import re
from dataclasses import dataclass

from agent_core.errors import RefusedError
from agent_core.ledger.records import Evidence, Line, Source, worth_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One thing that is refused, how it is known, and what to do instead."""

    name: str
    pattern: re.Pattern[str]
    instead: str


def _words(*parts: str) -> re.Pattern[str]:
    return re.compile("|".join(rf"\b(?:{part})\b" for part in parts), re.IGNORECASE)


_OTHERS = (
    r"(?:(?:member|user|client|customer|other)s?|people|the community|our|their|(?:every|some)(?:one|body))"
)
_UNIT = r"(?:dollars?|euros?|usd|eur)"
_MONEY = rf"(?:money|funds?|cash|payments?|balance|{_UNIT}|\$ ?\d\S*|\d\S* ?{_UNIT})"
_COINS = r"(?:bitcoins?|btc|ether(?:eum)?|eth|crypto\w*|stablecoins?|nfts?|meme ?coins?|altcoins?)"
_PAPERS = r"(?:stocks?|shares?|securities|forex|futures|derivatives|options|bonds?)"
_PRAISE = r"(?:reviews?|ratings?|testimonials?|followers?|likes?|votes?|stars?|comments?)"
_FEW = r"(?:\S+ ){0,3}"

REFUSALS = (
    Refusal(
        name="keeping keys or funds",
        pattern=_words(
            r"(?:private|wallet|seed|secret) (?:keys?|phrases?)",
            r"custod(?:y|ian|ial)",
            r"escrow\w*",
            rf"(?:hold|keep|store|safeguard)\w* (?:the )?{_OTHERS}(?:'s|s')? (?:{_MONEY}|deposits?|savings)",
            r"(?:bank|card|paypal|account) (?:passwords?|credentials|logins?|pin)",
        ),
        instead="Keys and funds stay with a person; the books can record what that person did.",
    ),
    Refusal(
        name="moving money",
        pattern=_words(
            r"(?:wire|remit|withdraw)\w*",
            rf"(?:transfer|send|move|pay out|payout|disburse)\w* (?:the )?{_FEW}{_MONEY}",
        ),
        instead="A person makes the payment; `/ledger add` books it with its receipt.",
    ),
    Refusal(
        name="pooling members' money",
        pattern=_words(
            rf"pool\w* (?:the )?(?:\S+ )?(?:{_OTHERS}(?:'s|s')? )?(?:money|funds?|savings|cash|capital)",
            r"investment (?:pool|club|fund)s?",
            r"(?:chit|mutual|hedge) funds?",
            r"crowd ?invest\w*",
        ),
        instead="Dues for something agreed can be booked; money that is to come back with gain cannot.",
    ),
    Refusal(
        name="lending",
        pattern=_words(
            rf"(?:lend|loan)(?:s|ing|ed)? {_FEW}(?:money|funds?|cash|out|to|at)",
            r"(?:payday|margin) loans?",
            r"usury",
            r"micro-?(?:loans?|credits?|lending)",
        ),
        instead="A loan that exists can stand in the books; the bot does not give or broker one.",
    ),
    Refusal(
        name="betting",
        pattern=_words(
            r"bet(?:s|ting)?",
            r"gambl\w+",
            r"casinos?",
            r"lotter(?:y|ies)",
            r"raffles?",
            r"sportsbooks?",
            r"wager\w*",
            r"poker",
            r"slot machines?",
            r"prediction markets?",
        ),
        instead="Try something whose result the community's own work decides.",
    ),
    Refusal(
        name="tokens",
        pattern=_words(
            rf"(?:launch|mint|issue|sell|create|airdrop|presell)\w* {_FEW}(?:tokens?|coins?|nfts?)",
            r"ico",
            r"token ?(?:sales?|launch\w*|presales?)",
            r"airdrops?",
            r"tokenomics",
            rf"tokeni[sz]\w* {_FEW}(?:assets?|shares?|memberships?|property|equity|art)",
        ),
        instead="Sell the thing or the service itself, for ordinary money.",
    ),
    Refusal(
        name="trading",
        pattern=_words(
            r"(?:day|copy) ?trad\w+",
            rf"(?:fx|{_PAPERS}|commodit(?:y|ies)) ?(?:trad\w+|signals?)",
            rf"(?:trad(?:e|es|ing)|buy|sell|short|invest in|stake|flip)\w* {_FEW}(?:{_COINS}|{_PAPERS})",
            r"trading bots?",
            r"arbitrag\w+",
        ),
        instead="Watching prices is fine; buying and selling is a person's own affair.",
    ),
    Refusal(
        name="referral schemes",
        pattern=_words(
            r"(?:pyramid|matrix) schemes?",
            r"ponzi\w*",
            r"mlm",
            r"multi-?level marketing",
            r"downlines?",
            r"referral (?:schemes?|chains?|pyramids?|bonus(?:es)?|farming)",
            r"recruit\w* (?:\S+ ){0,4}commissions?",
        ),
        instead="Thank people who bring others in with words, not with a share of what those pay.",
    ),
    Refusal(
        name="mass outreach",
        pattern=_words(
            r"(?:mass|bulk|cold|unsolicited|blanket) (?:\S+ )?(?:dms?|e?-?mail\w*|messag\w+|outreach)",
            r"cold[ -]?(?:calls?|calling)",
            r"spam\w*",
            r"(?:dm|message|e-?mail|contact|text)(?:s|ing)? (?:every|all|each|\d{2,}|hundreds|thousands)",
            rf"scrap\w+ {_FEW}(?:e-?mails?|addresses|contacts|profiles)",
            r"(?:buy|purchase) (?:\S+ ){0,2}(?:mailing |e-?mail )lists?",
        ),
        instead="Write in the places where people have asked to hear from you.",
    ),
    Refusal(
        name="fake reviews",
        pattern=_words(
            rf"(?:fak(?:e|ing)|paid|bought|invent\w+|fabricat\w+|made-?up) (?:\S+ ){{0,2}}{_PRAISE}",
            rf"(?:buy|purchase|generate|write|post)\w* {_FEW}(?:positive|(?:five|5)-star) (?:\S+ )?{_PRAISE}",
            rf"(?:buy|purchase)\w* {_FEW}{_PRAISE}",
            r"astroturf\w*",
            r"sock ?puppets?",
            r"review (?:farms?|bombing|swaps?)",
        ),
        instead="Ask real customers for their honest words.",
    ),
)

_OF_OTHERS = re.compile(
    r"custody|escrow|(?:assets|liabilities):.*\bpool(?:ed)?\b|on behalf|client funds?"
    r"|member(?:s|s'|'s)? (?:funds?|money|deposits?|savings)"
)


def refuse_plan(text: str) -> None:
    """Raises RefusedError where a plan, an experiment or an order is something that the bot does not do."""
    for refusal in REFUSALS:
        if refusal.pattern.search(text):
            raise RefusedError(f"I do not do this: {refusal.name}. {refusal.instead}")


def refuse_entry(lines: tuple[Line, ...], source: Source, evidence: Evidence | None) -> None:
    """Raises RefusedError where these lines may not be booked by this source."""
    shown = evidence is not None and evidence.file is not None
    dated = evidence is not None and evidence.dated
    for line in lines:
        if _OF_OTHERS.search(line.account):
            raise RefusedError(
                "I do not keep books for money that belongs to others (custody or pooled funds): only the"
                " server's own."
            )
        if line.account.startswith("assets:valued") and not dated:
            raise RefusedError(
                "A value that is put on something needs a dated source: add the file or link that shows it"
                " and the day of the entry as evidence."
            )
    gains = any(line.account.startswith("income") and line.amount < 0 for line in lines)
    if source == "agent" and not shown and (gains or worth_of(lines) > 0):
        raise RefusedError(
            "Income is not booked from my own estimate: name the file or link that shows it as evidence,"
            " or leave it to a person."
        )
