# ruff: noqa: E501 (a table of cases reads best one to a line)
"""Sites of strangers, good and hostile, for a network namespace of their own. Paths name what they do."""

import asyncio
import gzip
import json
import time
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path

from pydantic import JsonValue

from tests.security.web.bodies import bodies

PUBLIC = "93.184.216.34"
OTHER = "93.184.216.35"
TRAPS = (
    "127.0.0.1",
    "10.0.0.5",
    "169.254.169.254",
    "192.168.1.1",
    "100.64.0.1",
    "192.0.0.192",
    "168.63.129.16",
)
NAMES = f"""
127.0.0.1 localhost
{PUBLIC} good.example other.example changing.example crawl.example en.wikipedia.org github.com api.github.com
{PUBLIC} raw.githubusercontent.com forum.example api.stackexchange.com hn.algolia.com export.arxiv.org www.reddit.com
{PUBLIC} www.youtube.com youtu.be github.com api.openstreetmap.org
{PUBLIC} stackoverflow.com nominatim.openstreetmap.org www.wikidata.org
{PUBLIC} xn--e1afmkfd.example {" ".join(f"h{n}.example" for n in range(10))}
{OTHER} second.example
2002:7f00:1::1 6to4.example
64:ff9b::7f00:1 nat64.example
fe80::1 zone.example
224.0.0.1 multicast.example
127.0.0.1 loop.example
10.0.0.5 private.example
169.254.169.254 metadata.example
{PUBLIC} mixed.example
10.0.0.5 mixed.example
::1 six.example
::ffff:127.0.0.1 mapped.example
"""
Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter
GOOD = (
    "<html><head><title>Good page</title></head><body><nav>Menu</nav><main><h1>Heading</h1><p>"
    + "The quick brown fox jumps over the lazy dog near the quiet river bank. " * 8
    + "</p><p>Read <a href='/next'>the next page</a>.</p></main></body></html>"
).encode()


def answer(
    body: bytes, kind: str = "text/html; charset=utf-8", status: str = "200 OK", *headers: str
) -> bytes:
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    return "\r\n".join([*lines, *headers, "", ""]).encode("utf-8", "surrogateescape") + body


def redirect(target: str) -> bytes:
    return answer(b"", "text/html", "302 Found", f"Location: {target}")


async def endless(writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
    block = b"<p>again and again</p>" * 4000
    for _ in range(20_000):
        writer.write(block)
        await writer.drain()


async def slow(writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100000\r\n\r\n")
    for _ in range(60):
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(1)


async def slow_headers(writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    for _ in range(60):
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(1)


async def endless_headers(writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(3_000_000):
        writer.write(b"X-Header-%d: value\r\n" % number)
        await writer.drain()


async def silent(writer: Writer) -> None:
    await asyncio.sleep(60)


def bomb() -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(b"\0" * 10_000_000) for _ in range(30)) + packer.flush()


def pdf(text: str) -> bytes:
    stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, places = bytearray(b"%PDF-1.4\n"), list[int]()
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % start
    return bytes(out)


LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, (b"&%c;" % (97 + n)) * 10) for n in range(9))
    + b"]><rss><channel><title>&j;</title></channel></rss>"
)
OUTSIDE = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname"><!ENTITY f SYSTEM "http://127.0.0.1/">]>\
<rss><channel><title>T &e; &f;</title></channel></rss>'
)
FEED = b"<rss><channel><title>News</title><item><title>First</title><link>http://good.example/1</link>\
<description>Something happened</description></item></channel></rss>"


ROBOTS = b"""\xef\xbb\xbfUser-agent: Googlebot
Disallow: /
User-agent: other
User-agent: *
Disallow: //[
Crawl-delay: \xc2\xb2
Disallow: /closed
Disallow: /*.secret$
Allow: /closed/but/open
"""
"""Wildcards, the longest rule, lines that a careless parser raises on."""


def pages() -> dict[str, bytes]:
    return {
        **bodies(),
        "/raw-location": redirect("/caf\xe9").replace(b"caf\xc3\xa9", b"caf\xe9"),
        "/caf%E9": answer(GOOD),
        "/blank-location": redirect("/a b"),
        "/a%20b": answer(GOOD),
        "/closed/but/open": answer(GOOD),
        "/x.secret": answer(GOOD),
        "/busy-long": answer(b"busy", "text/html", "429 Too Many", "Retry-After: 3600"),
        "/busy-date": answer(b"busy", "text/html", "503 Busy", "Retry-After: Fri, 31 Dec 2100 23:59:59 GMT"),
        "/busy-odd": answer(GOOD, "text/html", "429 Too Many", "Retry-After: soon"),
        "/bad-type": answer(GOOD, "text/html; charset=\udcff\udcfe"),
        "/good": answer(GOOD),
        "/busy-once": answer(GOOD),
        "/gzip": answer(gzip.compress(GOOD), "text/html", "200 OK", "Content-Encoding: gzip"),
        "/deflate": answer(zlib.compress(GOOD), "text/html", "200 OK", "Content-Encoding: deflate"),
        "/bare-deflate": answer(
            zlib.compress(GOOD, wbits=-15), "text/html", "200 OK", "Content-Encoding: deflate"
        ),
        "/latin": answer(
            "<title>Caf\xe9</title><p>na\xefve caf\xe9".encode("cp1252"), "text/html; charset=iso-8859-1"
        ),
        "/meta": answer('<meta charset="shift_jis"><p>日本語の文章です。'.encode("cp932"), "text/html"),
        "/utf16": answer(b"\xff\xfe" + "<p>wide words</p>".encode("utf-16-le"), "text/html"),
        "/bad-codec": answer(GOOD, "text/html; charset=zip"),
        "/wrong-codec": answer(GOOD, "text/html; charset=no-such-thing"),
        "/broken-utf8": answer(b"<p>caf\xc3\xa9 \xff\xfe\x80 words</p>", "text/html; charset=utf-8"),
        "/missing": answer(b"<p>This page is gone for good, sorry.</p>", "text/html", "404 Not Found"),
        "/json": answer(b'{"answer": 42, "see": "https://good.example/x"}', "application/json"),
        "/deep-json": answer(b"[" * 100_000, "application/json"),
        "/csv": answer(b"name,age\nAda,36\nAlan,41\n", "text/csv"),
        "/text": answer(b"Plain words, see http://good.example/y.", "text/plain"),
        "/pdf": answer(pdf("Hello from a document"), "application/pdf"),
        "/broken-pdf": answer(b"%PDF-1.7\n" + b"\x00garbage obj <<" * 500, "application/pdf"),
        "/feed": answer(FEED, "application/rss+xml"),
        "/laughs": answer(LAUGHS, "application/rss+xml"),
        "/outside": answer(OUTSIDE, "application/rss+xml"),
        "/picture": answer(b"\x89PNG\r\n\x1a\n" + b"\0" * 5000, "image/png"),
        "/disguised": answer(b"\x89PNG\r\n\x1a\n" + b"\0" * 5000, "text/html"),
        "/br": answer(b"xxxx", "text/html", "200 OK", "Content-Encoding: br"),
        "/stacked": answer(
            gzip.compress(gzip.compress(GOOD)), "text/html", "200 OK", "Content-Encoding: gzip, gzip"
        ),
        "/broken-gzip": answer(
            b"\x1f\x8b\x08\0junkjunkjunk", "text/html", "200 OK", "Content-Encoding: gzip"
        ),
        "/bomb": answer(bomb(), "text/html", "200 OK", "Content-Encoding: gzip"),
        "/huge-length": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 99999999999\r\n\r\nshort",
        "/negative-length": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: -5\r\n\r\nshort",
        "/no-http": b"SSH-2.0-OpenSSH_9.0\r\n",
        "/unclosed": answer(b"<b><i>x" * 200_000),
        "/nested": answer(b"<div>" * 300_000 + b"deep"),
        "/attributes": answer(b"<p " + b" ".join(b"a%d=1" % n for n in range(200_000)) + b">words</p>"),
        "/tables": answer(b"<table><tr><td>" * 100_000),
        "/entities": answer(b"<p>" + b"&lt;&amp;&#1114112;&nosuch;" * 50_000),
        "/long-header": answer(GOOD, "text/html", "200 OK", "X-Long: " + "x" * 200_000),
        "/loop": redirect("/loop"),
        "/hop": redirect("/good"),
        "/hop-away": redirect("http://second.example/good"),
        **{f"/to-{n}": redirect(target) for n, target in enumerate(BAD_TARGETS)},
        "/refresh": answer(b'<meta http-equiv=refresh content="0;url=http://127.0.0.1/"><p>words</p>'),
        "/change": redirect("http://changing.example/good"),
        "/robots.txt": answer(ROBOTS, "text/plain"),
        "/closed": answer(GOOD),
        "/refused/readme": answer(b"{}", "application/json", "403 Forbidden"),
        **platforms(),
    }


BAD_TARGETS = (
    "http://127.0.0.1/", "http://10.0.0.5/", "http://loop.example/", "http://mixed.example/", "http://[::1]/",
    "file:///etc/passwd", "ftp://good.example/", "http://user:pass@good.example/", "http://good.example:22/",
    "http://2130706433/", "http://0x7f.1/", "//169.254.169.254/latest", "http://[::ffff:10.0.0.5]/", "gopher://x/",
    "http://good.example\\@127.0.0.1/", "http://[", "javascript:alert(1)", "data:text/html,x",
)  # fmt: skip


def platforms() -> dict[str, bytes]:
    def as_json(data: JsonValue) -> bytes:
        return answer(json.dumps(data).encode(), "application/json")

    return {
        "/w/api.php": as_json({"parse": {"title": "Otter", "text": "<p>The otter is a <a href='/wiki/Mammal'>mammal</a>.</p>"}}),
        "/repos/ada/engine/readme": as_json({"name": "README.md", "content": "IyBFbmdpbmUKCkl0IGNvdW50cy4="}),
        "/repos/ada/engine/issues/7": as_json({"title": "It stops", "state": "open", "body": "After a day.", "user": {"login": "ada"}}),
        "/repos/ada/engine/issues/7/comments": as_json([{"user": {"login": "bo"}, "body": "Oil it."}]),
        "/repos/ada/engine/issues": as_json([{"number": 7, "title": "It stops", "html_url": "https://github.com/ada/engine/issues/7", "user": {"login": "ada"}}]),
        "/repos/ada/empty/issues": as_json([]),
        "/repos/ada/engine/releases/tags/v2": as_json({"tag_name": "v2", "name": None, "body": "Second", "assets": [{"name": "a.zip", "browser_download_url": "https://github.com/a.zip"}]}),
        "/api/v1/search": as_json({"hits": [{"title": "Otters of today", "objectID": "9", "points": 3, "num_comments": 1}]}),
        "/api/0.6/node/1.json": as_json({"elements": [{"type": "node", "id": 1, "lat": 55.2, "lon": -2.1, "tags": {"name": "Otterburn", "place": "village"}}]}),
        "/youtubei/v1/player": as_json({"playabilityStatus": {"status": "OK"}, "videoDetails": {"title": "Otters asleep", "author": "Ada", "shortDescription": "A film."},
            "captions": {"playerCaptionsTracklistRenderer": {"captionTracks": [
                {"baseUrl": "https://www.youtube.com/api/timedtext?v=a&kind=asr", "languageCode": "en", "kind": "asr"},
                {"baseUrl": "https://www.youtube.com/api/timedtext?v=a&fmt=srv3", "languageCode": "de"}]}}}),
        "/api/timedtext": answer(b"<?xml version='1.0'?><transcript><text start='0.5' dur='2'>They hold &amp;quot;paws&amp;quot;</text><text start='61' dur='2'>while asleep</text></transcript>", "text/xml"),
        "/repos/ada/engine/releases": as_json([{"name": "v1", "tag_name": "v1", "body": "First", "assets": []}]),
        "/repos/ada/limited/readme": answer(b"{}", "application/json", "403 Forbidden"),
        "/ada/engine/main/a.py": answer(b"print('counted')", "text/plain"),
        "/2.3/questions/11": as_json({"items": [{"title": "Why &amp; how?", "body": "<p>Tell me</p>"}]}),
        "/2.3/questions/11/answers": as_json({"items": [{"score": 3, "is_accepted": True, "body": "<p>Because</p>"}]}),
        "/api/v1/items/9": as_json({"title": "Show HN", "children": [{"author": "bo", "text": "<p>Nice", "children": []}]}),
        "/api/query": answer(
            b"<feed xmlns='http://www.w3.org/2005/Atom'><title>q</title><entry><title>On Otters</title>"
            b"<summary>We study otters.</summary><author><name>Ada</name></author></entry></feed>", "application/atom+xml"),
        "/r/otters/.rss": answer(FEED, "application/atom+xml"),
        "/t/holding-hands/5": answer(b"<meta name='generator' content='Discourse 3.5'><p>Enable scripts</p>"),
        "/t/holding-hands/5.json": as_json({"title": "Holding hands", "post_stream": {"posts": [{"username": "bo", "cooked": "<p>They do</p>"}]}}),
        "/search": as_json([{"display_name": "Otterburn", "lat": "55.2", "lon": "-2.1", "osm_type": "node", "osm_id": 1}]),
        "/wiki/Special:EntityData/Q42.json": as_json({"entities": {"Q42": {"id": "Q42", "labels": {"en": {"value": "Douglas Adams"}},
            "claims": {"P31": [{"mainsnak": {"datavalue": {"value": {"id": "Q5"}}}}]}}}}),
        "/w/api.php?action=wbgetentities": as_json({"entities": {"P31": {"labels": {"en": {"value": "instance of"}}}, "Q5": {"labels": {"de": {"value": "Mensch"}}}}}),
    }  # fmt: skip


STREAMS: dict[str, Callable[[Writer], Awaitable[None]]] = {
    "/endless": endless, "/slow": slow, "/slow-headers": slow_headers, "/endless-headers": endless_headers, "/silent": silent,
}  # fmt: skip


class Sites:
    """Servers on the namespace's public addresses, and traps on its private ones."""

    def __init__(self, hosts_file: Path) -> None:
        self.trapped: list[str] = []
        self.heads: list[str] = []
        self._hosts_file = hosts_file
        self._pages = pages()
        self.names = list(self._pages)
        self.came: dict[str, list[float]] = {}
        """Path -> when each request for it came."""

    async def serve(self, reader: Reader, writer: Writer) -> None:
        address = str(writer.get_extra_info("sockname")[0])
        if address not in (PUBLIC, OTHER):
            self.trapped.append(address)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.heads.append(head)
            path, _, query = head.split(" ")[1].partition("?")
            path += "?action=wbgetentities" if query.startswith("action=wbgetentities") else ""
            if path == "/change":
                self._hosts_file.write_text(
                    NAMES.replace(" changing.example", "") + "\n127.0.0.1 changing.example\n"
                )
            self.came.setdefault(path, []).append(time.monotonic())
            if path == "/busy-once" and len(self.came[path]) == 1:
                writer.write(answer(b"busy", "text/html", "429 Too Many", "Retry-After: 1"))
            elif path in STREAMS:
                await STREAMS[path](writer)
            else:
                writer.write(self._pages.get(path, answer(b"<p>nothing</p>", "text/html", "404 Not Found")))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
