"""Whether what people do reaches the inboxes: which gateway listens on which server, and has caught up.

A gateway says that it lives, with a lease; a server's mark names the gateway. So the death of a gateway takes
all of its marks away at once, and a worker of another process knows whether a no could still be on its way.
"""

from redis.asyncio import Redis

from agent_core.storage import keys
from agent_core.storage.redis import answered, text

LEASE_S = 2.0
"""How long a gateway that died is still taken for alive."""

_LOST = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""


class Hearing:
    """The marks of all gateways."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def beat(self, gateway_id: str, *, whole: bool) -> None:
        """This gateway lives. `whole`: it has caught up with all of its servers."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.set(keys.gateway(gateway_id), "1", px=int(LEASE_S * 1000))
        if whole:
            pipe.set(keys.CAUGHT_UP, gateway_id, px=int(LEASE_S * 1000))
        await answered(pipe.execute())

    async def end(self, gateway_id: str) -> None:
        """This gateway listens no longer."""
        await answered(self._redis.delete(keys.gateway(gateway_id)))
        await answered(self._redis.eval(_LOST, 1, keys.CAUGHT_UP, gateway_id))

    async def hears(self, guild_id: str, gateway_id: str) -> None:
        """This gateway has caught up with the server, and listens."""
        await answered(self._redis.set(keys.heard(guild_id), gateway_id))

    async def lost(self, guild_id: str, gateway_id: str) -> None:
        """It may miss something there; where another one listens, that one's mark stays."""
        await answered(self._redis.eval(_LOST, 1, keys.heard(guild_id), gateway_id))

    async def heard(self, guild_id: str) -> bool:
        """Whether everything that people did on this server by now is in the inboxes, or will be at once."""
        gateway_id = await answered(self._redis.get(keys.heard(guild_id)))
        return gateway_id is not None and bool(
            await answered(self._redis.exists(keys.gateway(text(gateway_id))))
        )

    async def anybody(self) -> bool:
        """Whether some gateway listens that has caught up everywhere."""
        return bool(await answered(self._redis.exists(keys.CAUGHT_UP)))
