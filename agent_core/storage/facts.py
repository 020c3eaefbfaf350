"""What was found out about the models of this host, so that not every start has to ask again."""

from redis.asyncio import Redis

from agent_core.storage import keys
from agent_core.storage.redis import answered, text

KEPT_S = 7 * 86_400
"""Servers change their models and flags: after a week they are asked again."""


class Facts:
    """One text for each model."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def get(self, model_id: str) -> str | None:
        """What is known; None where nothing is, or it is too old."""
        found = await answered(self._redis.get(keys.facts(model_id)))
        return None if found is None else text(found)

    async def put(self, model_id: str, what: str) -> None:
        """Keep it for a week."""
        await answered(self._redis.set(keys.facts(model_id), what, ex=KEPT_S))
