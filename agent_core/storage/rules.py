"""What a server's admin has set, one record per server."""

from pydantic import TypeAdapter
from redis.asyncio import Redis

from agent_core.storage import keys
from agent_core.storage.redis import answered, raw
from agent_core.values import ServerRules

_adapter: TypeAdapter[ServerRules] = TypeAdapter(ServerRules)


class Rules:
    """The rules of all servers."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def get(self, guild_id: str) -> ServerRules | None:
        """The server's rules; None where nobody ever set them."""
        found = await answered(self._redis.get(keys.rules(guild_id)))
        return None if found is None else _adapter.validate_json(raw(found))

    async def put(self, guild_id: str, rules: ServerRules) -> None:
        """Replace them."""
        await answered(self._redis.set(keys.rules(guild_id), _adapter.dump_json(rules)))
