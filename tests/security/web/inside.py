# ruff: noqa: E501 (a table of cases reads best one to a line)
"""Runs inside the namespace: fetches every case against the sites, and writes what came as JSON to stdout."""

import asyncio
import json
import resource
import sys
import time
from pathlib import Path

from agent_core.errors import FetchFailedError, FetchRefusedError
from agent_core.web import FetchRecord, GuardedFetcher

sys.path.insert(0, str(Path(__file__).parent))
from sites import BAD_TARGETS, OTHER, PUBLIC, STREAMS, TRAPS, Sites, pages

ADDRESSES = (
    "http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://0x7f.0.0.1/",
    "http://0177.0.0.1/", "http://017700000001/", "http://127.0.0.1./", "http://①②⑦.⓪.⓪.①/", "http://127。0。0。1/",
    "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[::127.0.0.1]/", "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/", "http://[fe80::1%25lo]/", "http://[::]/", "http://0.0.0.0/", "http://0/",
    "http://10.0.0.5/", "http://169.254.169.254/latest/meta-data/", "http://192.168.1.1/", "http://100.64.0.1/",
    "http://192.0.0.192/", "http://168.63.129.16/", "http://224.0.0.1/", "http://255.255.255.255/", "http://[ff02::1]/",
    "http://[fec0::1]/", "http://[fd00::1]/", "http://[5f00::1]/", "http://[3fff::1]/", "http://[2001:db8::1]/",
    "http://localhost/", "http://LOCALHOST/", "http://loop.example/", "http://private.example/", "http://mixed.example/",
    "http://metadata.example/", "http://six.example/", "http://mapped.example/", "http://good.example:22/",
    "http://good.example:6379/", "http://good.example:0/", "http://good.example:99999/", "http://u:p@good.example/",
    "http://@good.example/", "http://good.example@127.0.0.1/", "http://good.example\\@127.0.0.1/",
    "http://127.0.0.1#@good.example/", "http://127.0.0.1%2f@good.example/", "http://good.example%00.127.0.0.1/",
    "ftp://good.example/", "file:///etc/passwd", "gopher://127.0.0.1/", "javascript:alert(1)", "data:text/html,x",
    "//good.example/", "good.example", "", " ", "http://", "http:///path", "http://[", "http://]/", "http://a b/",
    "http://good.example/\r\nHost: x", "http://\ud800.example/", "http://" + "a" * 300 + ".example/", "http://x/" + "a" * 9000,
    "http://1.2.3.4.5/", "http://0x/", "http://127.0.0.1.:80/", "unix:///run/x", "http+unix://%2Frun/x", "http://ⓛocalhost/",
)  # fmt: skip
GOOD_ADDRESSES = {
    "platform wikipedia": "http://en.wikipedia.org/wiki/Otter",
    "platform readme": "http://github.com/ada/engine",
    "platform file": "http://github.com/ada/engine/blob/main/a.py",
    "platform issue": "http://github.com/ada/engine/issues/7",
    "platform releases": "http://github.com/ada/engine/releases",
    "platform limited": "http://github.com/ada/limited",
    "platform gone": "http://github.com/ada/nothing",
    "platform stack": "http://stackoverflow.com/questions/11/why",
    "platform hn": "http://news.ycombinator.com/item?id=9",
    "platform arxiv": "http://arxiv.org/abs/2601.00001",
    "platform reddit": "http://old.reddit.com/r/otters/",
    "platform discourse": "http://forum.example/t/holding-hands/5",
    "platform osm": "http://www.openstreetmap.org/search?query=otterburn",
    "platform wikidata": "http://www.wikidata.org/wiki/Q42",
    "literal": f"http://{PUBLIC}/good",
    "closed by the host": "http://second.example/good",
}


class Watch:
    """How long the loop was blocked at most, in seconds."""

    def __init__(self) -> None:
        self.worst = 0.0

    async def run(self) -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.02)
            self.worst = max(self.worst, time.perf_counter() - before - 0.02)


def _peak_megabytes() -> float:
    """This program's own peak: ru_maxrss would begin with that of whoever started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (peak,) = [line for line in lines if line.startswith("VmHWM")]
    return int(peak.split()[1]) / 1024


async def case(web: GuardedFetcher, url: str, crawl: bool = False) -> dict[str, object]:
    started = time.monotonic()
    try:
        page = await web.read(url, crawl=crawl)
        came: dict[str, object] = {
            "outcome": "page",
            "title": page.title,
            "text": page.text[:3000],
            "links": page.links[:50],
        }
    except (FetchRefusedError, FetchFailedError) as error:
        came = {"outcome": type(error).__name__, "text": str(error)}
    return came | {"seconds": time.monotonic() - started}


async def main(hosts_file: Path) -> None:
    sites = Sites(hosts_file)
    records: list[FetchRecord] = []
    servers = [
        await asyncio.start_server(sites.serve, address, 80) for address in (PUBLIC, OTHER, *TRAPS, "::1")
    ]
    results: dict[str, dict[str, object]] = {}
    names = list(pages())
    watch = Watch()
    watching = asyncio.create_task(watch.run())
    base = "http://good.example"
    async with GuardedFetcher(audit=records.append) as web:
        slow = {name: asyncio.create_task(case(web, base + name)) for name in STREAMS}
        for url in ADDRESSES:
            results[url] = await case(web, url)
        for name in names:
            if name != "/change":
                results[name] = await case(web, base + name)
        for name, url in GOOD_ADDRESSES.items():
            results[name] = await case(web, url)
        results["crawl closed"] = await case(web, "http://crawl.example/closed", crawl=True)
        results["crawl open"] = await case(web, "http://crawl.example/good", crawl=True)
        results["changing before"] = await case(web, "http://changing.example/good")
        results["/change"] = await case(web, base + "/change")
        for name, task in slow.items():
            results[name] = await task
    watching.cancel()
    for server in servers:
        server.close()
    report = {
        "results": results,
        "trapped": sites.trapped,
        "heads": sites.heads,
        "dialled": sorted({address for record in records for address in record.addresses}),
        "records": len(records),
        "blocked_s": watch.worst,
        "megabytes": _peak_megabytes(),
        "child_megabytes": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
        "targets": BAD_TARGETS,
    }
    sys.stdout.write(json.dumps(report))


asyncio.run(main(Path(sys.argv[1])))
