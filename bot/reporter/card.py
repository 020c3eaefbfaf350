"""The status card of a thread: posted first, changed only when it says something new, and not too often."""

from dataclasses import dataclass

import structlog

from agent_core.clock import Clock
from agent_core.session import State
from agent_core.values import ServerRules
from bot.discord_api import UnavailableError
from bot.render.card import show_card
from bot.render.marker import nonce, short_id, with_marker
from bot.render.page import fit
from bot.reporter.sender import DeletedError, Sender

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

_AFTER_FAILURE_S = 2.0
MOST_CARDS = 4
"""The first, and three more where people delete it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds between two changes of a card."""

    young_s: float = 2.0
    old_s: float = 30.0
    """Discord limits changes of messages older than an hour."""
    old_after_s: float = 3600.0


@dataclass(slots=True, kw_only=True)
class Card:
    """What the card says, as far as it is known, and since when."""

    text: str | None = None
    """Without its marker line; None after a start."""
    status: str = ""
    at: float = 0.0


class CardKeeper:
    """Keeps the card of one thread, for as long as one report of it runs."""

    def __init__(self, *, sender: Sender, card: Card, clock: Clock, pace: Pace) -> None:
        self._sender = sender
        self._card = card
        self._clock = clock
        self._pace = pace

    async def ensure(self, state: State, rules: ServerRules) -> None:
        """Post the card where there is none yet."""
        if self._sender.message_id(_key(1)) is None:
            await self._post(1, state, rules)

    async def update(self, state: State, rules: ServerRules) -> float:
        """Change the card where it is time to; the seconds until it is, 0 where it says what it should.

        A card that cannot be changed now holds up nothing else.
        Raises DeletedError where people have deleted it too often.
        """
        text = fit(show_card(state, rules))
        if self._card.text is None:
            await self._recall(state)
        if text == self._card.text:
            return 0.0
        wait_s = self._card.at + self._interval_s(state) - self._clock.now()
        if wait_s > 0:
            return wait_s
        number = self._newest()
        try:
            there = await self._sender.change(_key(number), _marked(state, number, text))
        except UnavailableError as error:
            log.info("card not changed yet", session=str(state.ref), reason=str(error))
            self._card.at = self._clock.now()
            return max(self._interval_s(state), _AFTER_FAILURE_S)
        if there:
            self._remember(text, state)
        else:
            await self._repost(number, state, rules)
        return 0.0

    def _interval_s(self, state: State) -> float:
        old = self._clock.now() - state.started_at > self._pace.old_after_s
        return self._pace.old_s if old and state.status == self._card.status else self._pace.young_s

    async def _recall(self, state: State) -> None:
        """After a start: what the card says is what the thread shows."""
        number = self._newest()
        content = await self._sender.content(_key(number))
        self._card.text = "" if content is None else content.rsplit("\n", 1)[0]

    async def _post(self, number: int, state: State, rules: ServerRules) -> None:
        text = fit(show_card(state, rules))
        await self._sender.once(
            _key(number),
            short_id(state.ref, 0, _key(number)),
            _marked(state, number, text),
            nonce=nonce(state.ref, 0, _key(number)),
        )
        self._remember(text, state)

    async def _repost(self, gone: int, state: State, rules: ServerRules) -> None:
        if gone >= MOST_CARDS:
            raise DeletedError("The status card was deleted again and again.")
        await self._post(gone + 1, state, rules)

    def _newest(self) -> int:
        """The number of the last card that was posted."""
        posted = [number for number in range(1, MOST_CARDS + 1) if self._sender.message_id(_key(number))]
        return max(posted, default=1)

    def _remember(self, text: str, state: State) -> None:
        self._card.text, self._card.status, self._card.at = text, str(state.status), self._clock.now()


def _key(number: int) -> str:
    return "card" if number == 1 else f"card{number}"


def _marked(state: State, number: int, text: str) -> str:
    return with_marker(text, "status", short_id(state.ref, 0, _key(number)))
