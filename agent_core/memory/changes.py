"""Changes, each written whole against the copy that it was thought of for, or thought over again."""

from collections.abc import Callable
from dataclasses import replace
from secrets import token_hex

from agent_core.errors import StoreUnavailableError
from agent_core.memory.places import Place, Places, apply, base_of, empty_shelf
from agent_core.memory.planning import Plan
from agent_core.memory.shelf import Shelf
from agent_core.memory.store import Base, News, Slot, Store
from agent_core.storage.threads import to_its_end

_ATTEMPTS = 40
"""A change that others are always quicker than is given up; each of their changes was one."""

_LOOKED_THROUGH_AT_ONCE = 2_000
"""Memories that take about a millisecond to look through."""


class Changes:
    """Writes what is planned."""

    def __init__(self, store: Store, places: Places) -> None:
        self._store = store
        self._places = places

    async def change(
        self, guild_id: str, think: Callable[[Shelf], Plan], model_id: str = "", dim: int = 0
    ) -> Plan:
        """Write what `think` plans for the copy as it is, thought over again while others are quicker."""
        token = token_hex(6)
        async with self._places.using(guild_id) as place:
            plan = await _thought(think, place)
            for _ in range(_ATTEMPTS):
                shelf = shelf_of(place)
                if not plan.slots:
                    return plan
                base = base_of(shelf)
                if not base.model_id and model_id and (not base.incarnation or not base.dim):
                    base = replace(base, model_id=model_id, dim=dim)
                done = await self._store.change(guild_id, base, plan.slots, plan.size, token)
                if done is not None:
                    await _applied(place, replace(base, incarnation=done), plan.slots)
                    return plan
                await self._places.refresh(guild_id, place)
                if token in place.tokens:
                    return plan  # it was written, and the answer was lost
                plan = await _thought(think, place)
        raise StoreUnavailableError("The memories of this server change too fast just now.")


async def _thought(think: Callable[[Shelf], Plan], place: Place) -> Plan:
    """What to change. The lock is held, so a thread may look at a copy that takes long to go through."""
    shelf = shelf_of(place)
    return think(shelf) if len(shelf) <= _LOOKED_THROUGH_AT_ONCE else await to_its_end(think, shelf)


def shelf_of(place: Place) -> Shelf:
    """The copy of a place that is in use."""
    assert place.shelf is not None  # noqa: S101 - `using` has loaded it
    return place.shelf


async def _applied(place: Place, base: Base, slots: tuple[Slot, ...]) -> None:
    """Bring a change of our own into the copy."""
    shelf = shelf_of(place)
    if shelf.rows.dim != base.dim:
        if base.revision:
            place.shelf = None  # it had rows of no size: read it anew
            return
        place.shelf = shelf = empty_shelf(base)
    base = replace(base, revision=base.revision + 1)
    rows = [one if one.row else replace(one, row=shelf.rows.row(one.slot)) for one in slots]
    await apply(shelf, News(base=base, anew=False, slots=tuple(rows), tokens=frozenset()))
    shelf.model_id = base.model_id
