"""Popular platforms: the address a person would open -> the open, key-less endpoint behind it. Pure.

A route keeps the scheme of the address. `shapes` reads what the endpoints answer.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from agent_core.errors import FetchFailedError
from agent_core.web import wikidata, youtube


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where a page of a platform is read instead."""

    platform: str
    shape: str
    """Key of `shapes.READERS`."""
    urls: tuple[str, ...]
    """Fetched in order; all of them make the page."""
    posts: bytes | None = None
    """JSON that the first address is asked with, where its platform takes questions only so."""
    more: Callable[[str], str] | None = None
    """The last address, which stands in the first answer; empty for none. Raises FetchFailedError."""
    optional: bool = False
    """The page can be made without the last one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    scheme: str
    host: str
    path: str
    query: Mapping[str, list[str]]

    def one(self, key: str) -> str:
        return self.query.get(key, [""])[0]


def route(url: str) -> Route | None:
    """The route of an address that has already been checked, None where it is fetched as it is."""
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.")
    asked = _Asked(scheme=parts.scheme.lower(), host=host, path=parts.path, query=parse_qs(parts.query))
    if parts.port is not None:
        return None
    for fits, make in _TABLE:
        if fits(host):
            return make(asked)
    return None


def discovered(url: str, body: bytes) -> Route | None:
    """The route of a page that says by itself which program serves it."""
    parts = urlsplit(url)
    found = re.match(r"(/.*?/?t/[^/]+/\d+|/t/\d+)(?:/\d+)?/?$", parts.path)
    if found is None or not re.search(
        rb"<meta[^>]{0,40}generator[^>]{0,40}content=[\"']Discourse", body[:100_000]
    ):
        return None
    return Route(
        platform=parts.netloc, shape="discourse", urls=(f"{parts.scheme}://{parts.netloc}{found[1]}.json",)
    )


def check_answer(found: Route, status: int, wait_s: float | None = None) -> None:
    """Raises FetchFailedError with plain words where the platform gave no page."""
    if status in (401, 403, 429, 503):
        later = "" if wait_s is None else f" It asks to wait {wait_s:.0f} s."
        raise FetchFailedError(
            f"{found.platform} refuses (status {status}): without a key it answers only so often.{later} "
            "Try another source."
        )
    if status in (404, 410):
        raise FetchFailedError(f"{found.platform} has nothing at this address (status {status}).")
    if status >= 400:
        raise FetchFailedError(f"{found.platform} gave no page (status {status}).")


def _wikipedia(asked: _Asked) -> Route | None:
    found = re.fullmatch(r"/wiki/(.+)", asked.path)
    if found is None or asked.query:
        return None
    # the path is quoted already, and MediaWiki reads _ as a blank
    title = found[1].replace("+", "%2B").replace("&", "%26")
    query = f"action=parse&page={title}&prop=text&redirects=1&format=json&formatversion=2"
    return Route(
        platform="Wikipedia", shape="wikipedia", urls=(f"{asked.scheme}://{asked.host}/w/api.php?{query}",)
    )


def _wikidata(asked: _Asked) -> Route | None:
    found = re.fullmatch(r"/(?:wiki|entity)/(?:Property:)?([QP]\d+)", asked.path)
    if found is None:
        return None
    return Route(
        platform="Wikidata",
        shape="wikidata",
        urls=(f"{asked.scheme}://www.wikidata.org/wiki/Special:EntityData/{found[1]}.json",),
        more=lambda entity: wikidata.names_url(entity, asked.scheme),
        optional=True,
    )


def _github(asked: _Asked) -> Route | None:
    owner, _, rest = asked.path.strip("/").partition("/")
    name, _, rest = rest.partition("/")
    if not owner or not name or owner in _NO_OWNERS:
        return None
    api = f"{asked.scheme}://api.github.com/repos/{owner}/{name.removesuffix('.git')}"
    what, _, which = rest.partition("/")
    match what:
        case "":
            return Route(platform="GitHub", shape="github_readme", urls=(f"{api}/readme",))
        case "blob" | "raw" if "/" in which:
            raw = f"{asked.scheme}://raw.githubusercontent.com/{owner}/{name}/{which}"
            return Route(platform="GitHub", shape="text", urls=(raw,))
        case "issues" | "pull" if re.fullmatch(r"\d+", which):
            thread = f"{api}/issues/{which}"  # a pull request is an issue too
            return Route(
                platform="GitHub", shape="github_thread", urls=(thread, f"{thread}/comments?per_page=100")
            )
        case "issues" | "pulls" if not which:
            return Route(platform="GitHub", shape="github_list", urls=(f"{api}/{what}?per_page=50",))
        case "releases" if not which or which == "latest":
            return Route(platform="GitHub", shape="github_releases", urls=(f"{api}/releases?per_page=20",))
        case "releases" if which.startswith("tag/"):
            tag = which.removeprefix("tag/")
            return Route(platform="GitHub", shape="github_releases", urls=(f"{api}/releases/tags/{tag}",))
        case _:
            return None


def _arxiv(asked: _Asked) -> Route | None:
    found = re.fullmatch(r"/abs/([\w.-]+(?:/\d+)?(?:v\d+)?)/?", asked.path)
    if found is None:
        return None
    query = urlencode({"id_list": found[1]})
    return Route(
        platform="arXiv", shape="feed", urls=(f"{asked.scheme}://export.arxiv.org/api/query?{query}",)
    )


def _hacker_news(asked: _Asked) -> Route | None:
    base = f"{asked.scheme}://hn.algolia.com/api/v1"
    if asked.path == "/item" and asked.one("id").isdecimal():
        return Route(platform="Hacker News", shape="hn_item", urls=(f"{base}/items/{asked.one('id')}",))
    if asked.path in ("", "/", "/news"):
        return Route(platform="Hacker News", shape="hn_list", urls=(f"{base}/search?tags=front_page",))
    return None


def _stack_exchange(asked: _Asked) -> Route | None:
    found = re.match(r"/(?:questions|q)/(\d+)", asked.path)
    if found is None:
        return None
    site = asked.host.removesuffix(".stackexchange.com").removesuffix(".com").removesuffix(".net")
    base = f"{asked.scheme}://api.stackexchange.com/2.3/questions/{found[1]}"
    query = urlencode({"site": site, "filter": "withbody"})
    return Route(
        platform="Stack Exchange",
        shape="stack_exchange",
        urls=(f"{base}?{query}", f"{base}/answers?{query}&order=desc&sort=votes&pagesize=20"),
    )


def _openstreetmap(asked: _Asked) -> Route | None:
    if asked.path == "/search" and asked.one("query"):
        query = urlencode({"q": asked.one("query"), "format": "jsonv2", "addressdetails": 1, "limit": 10})
        url = f"{asked.scheme}://nominatim.openstreetmap.org/search?{query}"
        return Route(platform="OpenStreetMap", shape="osm_search", urls=(url,))
    found = re.match(r"/(node|way|relation)/(\d+)", asked.path)
    if found is None:
        return None
    url = f"{asked.scheme}://api.openstreetmap.org/api/0.6/{found[1]}/{found[2]}.json"
    return Route(platform="OpenStreetMap", shape="osm_element", urls=(url,))


def _reddit(asked: _Asked) -> Route | None:
    path = asked.path.rstrip("/").removesuffix("/.rss").removesuffix(".rss").removesuffix(".json")
    if path and not re.match(r"/(?:r|u|user)/[\w-]+", path):
        return None
    return Route(
        platform="Reddit",
        shape="feed",
        urls=(f"{asked.scheme}://www.reddit.com{quote(path, safe='/%')}/.rss",),
    )


def _youtube(asked: _Asked) -> Route | None:
    short = re.fullmatch(r"/([\w-]{11})", asked.path) if asked.host == "youtu.be" else None
    found = short or re.fullmatch(r"/(?:shorts|live|embed|v)/([\w-]{11})/?", asked.path)
    video = found[1] if found else asked.one("v") if asked.path == "/watch" else ""
    if not re.fullmatch(r"[\w-]{11}", video, re.ASCII):
        return None
    return Route(
        platform="YouTube",
        shape="youtube",
        urls=(f"{asked.scheme}://www.youtube.com/youtubei/v1/player?prettyPrint=false",),
        posts=youtube.question(video),
        more=lambda player: youtube.captions(player, asked.scheme),
    )


_NO_OWNERS = frozenset(
    {"topics", "search", "orgs", "features", "about", "settings", "marketplace", "sponsors", "login"}
)
_STACKS = ("stackoverflow.com", "serverfault.com", "superuser.com", "askubuntu.com", "mathoverflow.net")
_TABLE: tuple[tuple[Callable[[str], bool], Callable[[_Asked], Route | None]], ...] = (
    (lambda host: host.endswith(".wikipedia.org"), _wikipedia),
    (lambda host: host == "wikidata.org", _wikidata),
    (lambda host: host == "github.com", _github),
    (lambda host: host == "arxiv.org", _arxiv),
    (lambda host: host == "news.ycombinator.com", _hacker_news),
    (lambda host: host in _STACKS or host.endswith(".stackexchange.com"), _stack_exchange),
    (lambda host: host == "openstreetmap.org", _openstreetmap),
    (lambda host: host in ("youtube.com", "m.youtube.com", "youtu.be"), _youtube),
    (lambda host: host in ("reddit.com", "old.reddit.com", "new.reddit.com"), _reddit),
)
