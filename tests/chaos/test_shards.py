"""Two gateways, each with one shard of the bot: every server is heard by its own, and by no other."""

from dataclasses import replace
from pathlib import Path

from tests.chaos.script import begin, runs_once
from tests.chaos.stage import Chaos, chaos


async def a_server_of(stage: Chaos, shard: int) -> Chaos:
    """The stage, with its people in a server of this shard."""
    for number in range(50):
        people = await stage.people.new_server(f"server {shard}.{number}")
        if (int(people.guild_id) >> 22) % 2 == shard:
            return replace(stage, people=people)
    raise AssertionError(shard)


async def test_each_shard_serves_its_servers_whatever_becomes_of_the_other(tmp_path: Path):
    async with chaos(tmp_path, SHARD_COUNT="2") as stage:
        stage.model.will_always(runs_once)
        gateways = [stage.role(f"shard {n}", "gateway", SHARD_IDS=str(n)) for n in (0, 1)]
        await stage.start(*gateways, stage.role("worker", "worker"))
        await stage.people.until_bot_is_ready()
        servers = [await a_server_of(stage, shard) for shard in (0, 1)]
        for number, server in enumerate(servers):
            thread = await begin(server, f"work both-{number}", autonomy="ask")
            await thread.press(await thread.proposal(), "✅")
            await thread.says("it ran")
            await thread.says("finished")
        await gateways[1].kill()
        thread = await begin(servers[0], "work alone-0", autonomy="ask")
        await thread.press(await thread.proposal(), "✅")
        await thread.says("finished")
