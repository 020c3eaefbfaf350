# ruff: noqa: E501 (a table of cases reads best one to a line)
"""Answers of hostile servers: what no honest page is like. Each must be read or refused, quickly and cheaply."""

import gzip
import zlib

_OK = b"HTTP/1.1 200 OK\r\n"
_HTML = _OK + b"Content-Type: text/html\r\n"


def bodies() -> dict[str, bytes]:
    """Path -> the whole answer."""
    return {
        f"/hostile-{name}": whole
        for name, whole in {**_heads(), **_packed(), **_markup(), **_data(), **_pdfs()}.items()
    }


def _sent(body: bytes, kind: str = "text/html", *headers: str) -> bytes:
    lines = [
        "HTTP/1.1 200 OK",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _heads() -> dict[str, bytes]:
    return {
        "informational": b"HTTP/1.1 103 Early Hints\r\n\r\n" * 400 + _HTML + b"\r\n<p>words</p>",
        "smuggled": _HTML + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "two-lengths": _HTML + b"Content-Length: 5\r\nContent-Length: 50\r\n\r\nhello",
        "chunk-size": _HTML + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nhello",
        "chunk-words": _HTML + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello",
        "chunk-extension": _HTML + b"Transfer-Encoding: chunked\r\n\r\n5;" + b"x" * 2_000_000 + b"\r\nhello\r\n0\r\n\r\n",
        "tiny-chunks": _HTML + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 200_000 + b"0\r\n\r\n",
        "trailers": _HTML + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n" + b"X-T: y\r\n" * 100_000 + b"\r\n",
        "cookies": _HTML + b"Set-Cookie: a=\xff; domain=good.example\r\n" * 60 + b"Content-Length: 5\r\n\r\nhello",
        "no-status": b"\r\n\r\n",
        "old": b"<p>HTTP/0.9 had no head</p>",
        "upgrade": b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        "nul-header": _HTML + b"X: a\x00b\r\nContent-Length: 5\r\n\r\nhello",
        "folded": _HTML + b"X: a\r\n b\r\nContent-Length: 5\r\n\r\nhello",
        "huge-status": b"HTTP/1.1 99999999 OK\r\n\r\n",
        "empty": _HTML + b"Content-Length: 0\r\n\r\n",
        "no-content": b"HTTP/1.1 204 No Content\r\n\r\n",
    }  # fmt: skip


def _packed() -> dict[str, bytes]:
    zeros = zlib.compress(b"\0" * 20_000_000)
    twice = gzip.compress(gzip.compress(b"\0" * 20_000_000), 9)
    return {
        "deflate-bomb": _sent(zeros, "text/html", "Content-Encoding: deflate"),
        "bare-bomb": _sent(zeros[2:-4], "text/html", "Content-Encoding: deflate"),
        "nested-gzip": _sent(twice, "text/html", "Content-Encoding: gzip"),
        "gzip-file": _sent(gzip.compress(b"\0" * 20_000_000), "text/html"),
        "gzip-cut": _sent(gzip.compress(b"<p>words</p>" * 999)[:60], "text/html", "Content-Encoding: gzip"),
        "gzip-rest": _sent(gzip.compress(b"<p>words</p>") + b"rest" * 999, "text/html", "Content-Encoding: gzip"),
        "gzip-none": _sent(b"<p>words</p>", "text/html", "Content-Encoding: gzip"),
        "zstd": _sent(b"\x28\xb5\x2f\xfd", "text/html", "Content-Encoding: zstd"),
        "two-headers": _sent(b"x", "text/html", "Content-Encoding: gzip", "Content-Encoding: gzip"),
        "empty-gzip-members": _sent(gzip.compress(b"") * 50_000, "text/html", "Content-Encoding: gzip"),
    }  # fmt: skip


def _markup() -> dict[str, bytes]:
    return {
        "title": _sent(b"<title>" + b"x" * 2_900_000),
        "comment": _sent(b"<p>words</p><!--" + b"-" * 2_900_000),
        "quotes": _sent(b"<p title=\"" * 200_000),
        "anchors": _sent(b"<a href='http://good.example/" + b"x" * 3000 + b"'>a</a>" * 100_000),
        "links": _sent(b"".join(b"<a href=/%d>%d</a>" % (n, n) for n in range(120_000))),
        "lists": _sent(b"<ul><li>" * 150_000),
        "tags": _sent(b"".join(b"<t%d>" % n for n in range(200_000))),
        "select": _sent(b"<select><option>" * 100_000),
        "formats": _sent(b"<b><i><u><s><a>" * 60_000 + b"words"),
        "frames": _sent(b"<iframe src=http://127.0.0.1/></iframe><img src=http://10.0.0.5/><link rel=stylesheet href=http://127.0.0.1/>" * 1_000),
        "base": _sent(b"<base href='http://[' ><a href=x>words</a><a href='http://[::1'>more</a>"),
        "stars": _sent(b"<p>" + b"*" * 100_000 + b"_" * 100_000 + b"`" * 100_000 + b"[" * 100_000),
        "ld": _sent(b"<script type='application/ld+json'>" + b"{\"@graph\":[" * 40_000 + b"</script><p>words"),
        "ld-many": _sent(b"<script type='application/ld+json'>{\"@type\":\"Product\",\"name\":\"words\"}</script>" * 30_000),
        "state": _sent(b"<script id=__NEXT_DATA__ type=application/json>" + b"[" * 900_000 + b"</script><p>words"),
        "state-wide": _sent(b"<script id=__NEXT_DATA__ type=application/json>{\"a\":[" + b"{\"text\":\"some words here\"}," * 90_000 + b"0]}</script>"),
        "xhtml": _sent(b"<?xml version='1.0'?><!DOCTYPE html [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><html><body><p>&x; words</p></body></html>", "application/xhtml+xml"),
        "charset-swap": _sent("<p>words</p>".encode("utf-16"), "text/html; charset=utf-7"),
        "hz": _sent(b"<p>words ~{" + b"\x7e\x7b\xff" * 100_000, "text/html; charset=hz"),
        "iso-2022": _sent(b"<p>words \x1b$B" + b"\x1b(\xff" * 100_000, "text/html; charset=iso-2022-jp"),
    }  # fmt: skip


def _data() -> dict[str, bytes]:
    rows = b"<rss><channel><title>T</title>"
    quadratic = (
        b'<!DOCTYPE r [<!ENTITY a "'
        + b"a" * 100_000
        + b'">]><rss><channel><title>'
        + b"&a;" * 20_000
        + b"</title></channel></rss>"
    )
    return {
        "quadratic": _sent(b"<?xml version='1.0'?>" + quadratic, "text/xml"),
        "parameter-entity": _sent(b"<?xml version='1.0'?><!DOCTYPE r [<!ENTITY % p SYSTEM 'http://127.0.0.1/x.dtd'> %p;]><rss><channel><title>T</title></channel></rss>", "text/xml"),
        "xinclude": _sent(b"<rss xmlns:xi='http://www.w3.org/2001/XInclude'><channel><title>T</title><xi:include href='file:///etc/passwd' parse='text'/></channel></rss>", "text/xml"),
        "stylesheet": _sent(b"<?xml version='1.0'?><?xml-stylesheet href='http://127.0.0.1/'?><rss><channel><title>T</title></channel></rss>", "text/xml"),
        "deep-xml": _sent(b"<?xml version='1.0'?>" + b"<a>" * 400_000, "text/xml"),
        "xml-attributes": _sent(b"<?xml version='1.0'?><a " + b" ".join(b"a%d='1'" % n for n in range(100_000)) + b"/>", "text/xml"),
        "many-items": _sent(rows + b"<item><title>x</title><description>&lt;b&gt;</description></item>" * 30_000 + b"</channel></rss>", "text/xml"),
        "fat-item": _sent(rows + b"<item><description>" + b"&lt;div&gt;" * 20_000 + b"</description></item></channel></rss>", "text/xml"),
        "site-map": _sent(b"<urlset>" + b"<url><loc>http://127.0.0.1/</loc></url>" * 20_000 + b"</urlset>", "text/xml"),
        "long-number": _sent(b"[" + b"9" * 500_000 + b"]", "application/json"),
        "objects": _sent(b"{\"a\":" * 300_000, "application/json"),
        "not-json": _sent(b"\xff\xfe{\"a\"", "application/json"),
        "infinite": _sent(b"[1e999999, NaN, -Infinity]", "application/json"),
        "one-row": _sent(b"a," * 1_400_000, "text/csv"),
        "quoted-csv": _sent(b"\"" + b"a\n" * 1_400_000, "text/csv"),
        "one-line": _sent(b"http://a" * 350_000, "text/plain"),
        "fence": _sent(b"```" * 900_000, "text/plain"),
    }  # fmt: skip


def _pdfs() -> dict[str, bytes]:
    def pdf(*objects: bytes, root: bytes = b"1 0 R") -> bytes:
        out, places = bytearray(b"%PDF-1.7\n"), list[int]()
        for number, body in enumerate(objects, 1):
            places.append(len(out))
            out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
        start = len(out)
        out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + b"".join(
            b"%010d 00000 n \n" % place for place in places
        )
        return bytes(
            out + b"trailer << /Size %d /Root %s >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, root, start)
        )

    catalog, page = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>",
    )
    pages = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
    packed = zlib.compress(b"BT (x) Tj ET " * 2_000_000, 1)
    bomb = b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed)
    twice = zlib.compress(packed, 9)
    nested = b"<< /Length %d /Filter [/FlateDecode /FlateDecode] >>\nstream\n%s\nendstream" % (
        len(twice),
        twice,
    )
    kids = b" ".join([b"3 0 R"] * 10_000)
    return {
        "pdf-bomb": _sent(pdf(catalog, pages, page, bomb), "application/pdf"),
        "pdf-nested": _sent(pdf(catalog, pages, page, nested), "application/pdf"),
        "pdf-own-kid": _sent(pdf(catalog, b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"), "application/pdf"),
        "pdf-many": _sent(pdf(catalog, b"<< /Type /Pages /Kids [%s] /Count 10000 >>" % kids, page, bomb[:0] + b"<< /Length 0 >>\nstream\n\nendstream"), "application/pdf"),
        "pdf-count": _sent(pdf(catalog, b"<< /Type /Pages /Kids [3 0 R] /Count 999999999999 >>", page), "application/pdf"),
        "pdf-deep": _sent(pdf(catalog, b"[" * 500_000), "application/pdf"),
        "pdf-no-root": _sent(pdf(catalog, pages, root=b"99 0 R"), "application/pdf"),
        "pdf-cut": _sent(pdf(catalog, pages, page)[:90], "application/pdf"),
        "pdf-xref-loop": _sent(b"%PDF-1.7\nxref\n0 1\n0000000000 65535 f \ntrailer << /Size 1 /Prev 9 /Root 1 0 R >>\nstartxref\n9\n%%EOF", "application/pdf"),
        "pdf-late": _sent(b" " * 1000 + pdf(catalog, pages, page, b"<< /Length 0 >>\nstream\n\nendstream"), "text/plain"),
        "pdf-form": _sent(pdf(catalog, pages, b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R /Resources << /XObject << /F 5 0 R >> >> >>",
            b"<< /Length 6 >>\nstream\n/F Do \nendstream", b"<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /F 5 0 R >> >> /Length 6 >>\nstream\n/F Do \nendstream"), "application/pdf"),
    }  # fmt: skip
