# ruff: noqa: E501 (a table of cases reads best one to a line)
"""Runs inside the namespace: fetches every case against the sites, and writes what came as JSON to stdout."""

import asyncio
import json
import resource
import sys
import time
from asyncio.subprocess import PIPE
from pathlib import Path

from agent_core.errors import FetchFailedError, FetchRefusedError
from agent_core.web import FetchRecord, GuardedFetcher
from tests.security.web.sites import BAD_TARGETS, PUBLIC, STREAMS

HERE = Path(__file__).parent

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
    "http://good..example/", "http://.good.example/", "http://good.example../", "http://good.example:80:80/", "http://*.example/",
    "http://good.example:８０/", "http://good.example;x/", "http://" + "a" * 64 + ".example/", "http://" + "a." * 127 + "example/",
    "http://[64:ff9b:1::7f00:1]/", "http://[2001:0:7f00:1::]/", "http://[::ffff:0:127.0.0.1]/", "http://[::ffff:0a00:5]/",
    "http://[2001:db8::5efe:7f00:1]/", "http://[fe80::1]/", "http://[fe80::1%lo]/", "http://[v1.x]/", "http://[::1]:8080/",
    "http://0177.1/", "http://0x7f.0x0.0x0.0x1/", "http://127.0.0.0x1/", "http://127.000.000.001/", "http://00000177.0.0.1/",
    "http://4294967297/", "http://127.0.0.1%00.good.example/", "http://good.example%2f@127.0.0.1/", "http:/127.0.0.1/", "http:127.0.0.1/",
    "http:\\\\127.0.0.1/", "http://good.example\t@127.0.0.1/", "http://127.0.0.1\u3002/", "http://127｡0｡0｡1/", "http://１２７.0.0.1/",
    "http://%31%32%37.0.0.1/", "http://good.example\x7f/", "http://good\u200b.example/", "http://good.example:65536/", "http://good.example:-80/",
    "http://good.example: 80/", "\thttp://127.0.0.1/", "http://127.0.0.1\n/", "hxxp://good.example/", "ws://good.example/", "about:blank",
    "blob:http://good.example/x", "view-source:http://good.example/", "dict://127.0.0.1:11211/", "ldap://127.0.0.1/", "HTTP://127.0.0.1/",
    "http://6to4.example/", "http://nat64.example/", "http://zone.example/", "http://multicast.example/",
)  # fmt: skip
GOOD_ADDRESSES = {
    "platform wikipedia": "http://en.wikipedia.org/wiki/Otter",
    "platform readme": "http://github.com/ada/engine",
    "platform file": "http://github.com/ada/engine/blob/main/a.py",
    "platform issue": "http://github.com/ada/engine/issues/7",
    "platform releases": "http://github.com/ada/engine/releases",
    "platform issues": "http://github.com/ada/engine/issues",
    "platform no issues": "http://github.com/ada/empty/issues",
    "platform tag": "http://github.com/ada/engine/releases/tag/v2",
    "platform pull": "http://github.com/ada/engine/pull/7",
    "platform front page": "http://news.ycombinator.com/",
    "platform node": "http://www.openstreetmap.org/node/1",
    "platform youtube": "http://www.youtube.com/watch?v=abcdefghijk&t=5",
    "platform youtu.be": "http://youtu.be/abcdefghijk",
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
    "mapped public": f"http://[::ffff:{PUBLIC}]/good",
    "capitals": "HTTP://GOOD.Example:80/good#part",
    "other script": "http://пример.example/good",
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
    sites = await asyncio.create_subprocess_exec(
        sys.executable, str(HERE / "serve.py"), str(hosts_file), stdin=PIPE, stdout=PIPE, limit=2**26
    )
    assert sites.stdin
    assert sites.stdout
    names: list[str] = json.loads(await sites.stdout.readline())
    records: list[FetchRecord] = []
    results: dict[str, dict[str, object]] = {}
    watch = Watch()
    watching = asyncio.create_task(watch.run())
    base = "http://good.example"
    async with GuardedFetcher(audit=records.append) as web:
        slow = {name: asyncio.create_task(case(web, base + name)) for name in STREAMS}
        for url in ADDRESSES:
            results[url] = await case(web, url)
        for number, name in enumerate(names):
            if name != "/change":
                hostile = name.startswith("/hostile-")  # from many hosts, so that no pause is waited for
                results[name] = await case(
                    web, (f"http://h{number % 10}.example" if hostile else base) + name
                )
        for name, url in GOOD_ADDRESSES.items():
            results[name] = await case(web, url)
        results["crawl closed"] = await case(web, "http://crawl.example/closed", crawl=True)
        results["crawl open"] = await case(web, "http://crawl.example/good", crawl=True)
        for path in ("/closed/but/open", "/x.secret", "/x.secret?q"):
            results[f"crawl {path}"] = await case(web, f"http://crawl.example{path}", crawl=True)
        results["changing before"] = await case(web, "http://changing.example/good")
        results["/change"] = await case(web, base + "/change")
        for name, task in slow.items():
            results[name] = await task
        parsers_megabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    watching.cancel()
    sites.stdin.close()
    who_came = await sites.stdout.read()
    await sites.wait()
    report = {
        "results": results,
        **json.loads(who_came),
        "dialled": sorted({address for record in records for address in record.addresses}),
        "records": len(records),
        "blocked_s": watch.worst,
        "megabytes": _peak_megabytes(),
        "child_megabytes": parsers_megabytes,
        "targets": BAD_TARGETS,
    }
    sys.stdout.write(json.dumps(report))


asyncio.run(main(Path(sys.argv[1])))
