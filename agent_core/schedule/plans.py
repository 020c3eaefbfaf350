"""The schedules of every server in Redis. A change counts only for who read the newest."""

from dataclasses import replace

from agent_core.errors import RefusedError
from agent_core.schedule.plan import MOST, Plan, dump, load
from agent_core.storage.calendar import Calendar


class Plans:
    """The door to them."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar

    async def add(self, plan: Plan) -> Plan:
        """Keep a new schedule, once however often it is called. Raises RefusedError: too many."""
        there = await self.of(plan.guild_id)
        known = next((one for one in there if one.id == plan.id), None)
        if known:
            return known
        if len(there) >= MOST:
            raise RefusedError(
                f"{MOST} schedules are the most for one server. `/schedule remove` makes room."
            )
        await self._calendar.put(plan.guild_id, plan.id, dump(plan), plan.next)
        return plan

    async def change(self, plan: Plan, changed: Plan) -> bool:
        """Replace it; False where somebody else has changed or removed it since it was read."""
        newer = replace(changed, revision=plan.revision + 1)
        due = None if newer.paused else newer.next
        before = dump(plan)
        return await self._calendar.swap(plan.guild_id, plan.id, before, dump(newer), due)

    async def remove(self, plan: Plan) -> None:
        """Forget it."""
        await self._calendar.remove(plan.guild_id, plan.id)

    async def of(self, guild_id: str) -> list[Plan]:
        """The server's schedules, the oldest first."""
        found = [load(data) for data in await self._calendar.all(guild_id)]
        return sorted(found, key=lambda plan: int(plan.id))

    async def find(self, guild_id: str, name: str) -> Plan:
        """The schedule of this number (from 1, as listed) or id. Raises RefusedError."""
        plans = await self.of(guild_id)
        plain = name.strip().removeprefix("#")
        for number, plan in enumerate(plans, start=1):
            if plain in (plan.id, str(number)):
                return plan
        raise RefusedError(f"There is no schedule {name!r}. `/schedule list` shows them.")

    async def due(self, now: float) -> list[Plan]:
        """What has come due, of all servers."""
        found: list[Plan] = []
        for guild_id, plan_id in await self._calendar.due(now):
            data = await self._calendar.get(guild_id, plan_id)
            if data is not None:
                found.append(load(data))
        return found

    async def settle(self, plan: Plan) -> None:
        """Have the list of times agree with the schedule, where a process died between the two."""
        due = None if plan.paused else plan.next
        await self._calendar.at(plan.guild_id, plan.id, due)

    async def next_due(self) -> float | None:
        """When the next of all comes due; Unix seconds."""
        return await self._calendar.next_due()
