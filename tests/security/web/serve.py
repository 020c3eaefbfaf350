"""Serves the sites in a process of their own, so that what the fetcher costs is measured alone.

Says on stdout which pages there are; when stdin ends, who came. Both as JSON.
"""

import asyncio
import json
import sys
from pathlib import Path

from tests.security.web.sites import OTHER, PUBLIC, TRAPS, Sites


async def main(hosts_file: Path) -> None:
    sites = Sites(hosts_file)
    servers = [
        await asyncio.start_server(sites.serve, address, 80) for address in (PUBLIC, OTHER, *TRAPS, "::1")
    ]
    sys.stdout.write(json.dumps(sites.names) + "\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    for server in servers:
        server.close()
    sys.stdout.write(json.dumps({"trapped": sites.trapped, "heads": sites.heads, "came": sites.came}))


asyncio.run(main(Path(sys.argv[1])))
