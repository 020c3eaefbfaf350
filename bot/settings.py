"""Every setting, read once into one frozen object: the only module that looks at the environment.

An empty value is an unset one. The environment wins over `.env`. Names that are not ours are ignored.
"""

import io
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import SplitResult, urlsplit

from dotenv.parser import parse_stream
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)

from agent_core.budget import Caps
from agent_core.errors import StartError
from agent_core.values import Limits, nano

Role = Literal["all", "gateway", "worker", "playground", "doctor"]


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a setting may hold, in the words that follow "must be"."""

    text: str
    secret: bool = False
    """The value is never shown, not even a wrong one."""


def _address(*schemes: str) -> Callable[[object], object]:
    def check(value: object) -> object:
        text = str(value)
        parts = urlsplit(text)
        if parts.scheme not in schemes or re.search(r"\s", text) or not _reachable(parts):
            raise ValueError("not such an address")
        return text.rstrip("/") if parts.scheme in ("http", "https") else text

    return check


def _reachable(parts: SplitResult) -> bool:
    # .port raises ValueError for one out of range, which pydantic turns into our sentence
    return bool(parts.path) if parts.scheme == "unix" else bool(parts.hostname) and parts.port != 0


def _token(value: object) -> object:
    if not re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", str(value)):
        raise ValueError("not of a token's shape")
    return value


def _numbers(value: object) -> object:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


def _prices(value: object) -> object:
    return json.loads(value) if isinstance(value, str) and value != "free" else value


def _home(value: object) -> object:
    # os.path, not Path: it leaves a home that is not there as it is, in place of raising
    return os.path.expanduser(value) if isinstance(value, str) else value  # noqa: PTH111


def _bind(value: object) -> object:
    return value if value is None else str(ip_address(str(value)))


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


_HTTP = BeforeValidator(_address("http", "https"))
_WEB_ADDRESS = Allowed("an address that begins with http:// or https://")
_Url = Annotated[str, _HTTP, _WEB_ADDRESS]
_Secret = Annotated[SecretStr, Allowed("text", secret=True)]
_Name = Annotated[str, Field(min_length=1, max_length=200), Allowed("a name of at most 200 characters")]
_File = Annotated[Path, BeforeValidator(_home), Allowed("a path")]
_Usd = Annotated[
    float,
    Field(ge=0, le=1_000_000, allow_inf_nan=False),
    Allowed("an amount in US$ as a plain number, 0 to 1000000"),
]
_Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Prices = Literal["free"] | dict[str, tuple[_Price, _Price, _Price]]
"""`free`, or model name -> US$ per million input, cached and output tokens."""


def pip_environment() -> dict[str, str]:
    """What pip may see of the environment: where it is pointed, and how it gets there; no secret of ours."""
    wanted = (
        "PATH",
        "HOME",
        "LANG",
        "SSL_CERT_FILE",
        "REQUESTS_CA_BUNDLE",
        "NO_PROXY",
        "HTTPS_PROXY",
        "HTTP_PROXY",
    )
    return {
        name: value
        for name, value in os.environ.items()  # noqa: TID251
        if name.upper() in wanted or name.startswith(("PIP_", "XDG_CONFIG"))
    }


def variables(wanted: Iterable[str]) -> dict[str, str]:
    """The host's variables of these names, for the outside servers that the host gives them to."""
    return {name: os.environ[name] for name in wanted if name in os.environ}  # noqa: TID251


class Settings(BaseModel):
    """What the host has set, in the order of `.env.example`. Field names are the variables in lower case."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=str.upper,
        populate_by_name=True,
        hide_input_in_errors=True,
        str_strip_whitespace=True,
    )

    discord_token: Annotated[
        SecretStr | None,
        BeforeValidator(_token),
        Allowed(
            "a bot's token (three parts joined by dots: Developer Portal, Bot, Reset Token)", secret=True
        ),
    ] = None
    discord_api_url: _Url = "https://discord.com/api/v10"
    shard_ids: Annotated[
        tuple[Annotated[int, Field(ge=0)], ...],
        BeforeValidator(_numbers),
        Allowed("shard numbers joined by commas, each from 0 and below SHARD_COUNT"),
    ] = ()
    shard_count: Annotated[int, Field(ge=1, le=10_000), Allowed("a whole number, 1 to 10000")] | None = None

    redis_url: Annotated[
        SecretStr | None,
        BeforeValidator(_address("redis", "rediss", "unix")),
        Allowed("an address that begins with redis://, rediss:// or unix://", secret=True),
    ] = None
    data_dir: _File = Path("data")
    blob_url: Annotated[
        str | None,
        BeforeValidator(_address("s3")),
        Allowed("an address like s3://bucket/prefix?endpoint=https://host"),
    ] = None
    retention_days: Annotated[int, Field(ge=1, le=3650), Allowed("a whole number of days, 1 to 3650")] = 90
    lease_s: Annotated[
        float, Field(ge=1, le=300, allow_inf_nan=False), Allowed("a number of seconds, 1 to 300")
    ] = 5.0

    openai_api_key: _Secret | None = None
    openai_base_url: _Url | None = None
    model_api: Annotated[
        Literal["auto", "chat", "responses"], BeforeValidator(_lower), Allowed("auto, chat or responses")
    ] = "auto"
    smart_model: _Name = "gpt-5.4"
    fast_model: _Name = "gpt-5.4-mini"
    context_window: (
        Annotated[int, Field(ge=2_000, le=100_000_000), Allowed("a whole number of tokens, at least 2000")]
        | None
    ) = None
    compact_at: Annotated[
        int, Field(ge=1_000, le=100_000_000), Allowed("a whole number of tokens, at least 1000")
    ] = 32_000
    model_probe: Annotated[bool, Allowed("1 or 0")] = True
    model_prices: Annotated[
        Prices | None,
        BeforeValidator(_prices),
        Allowed(
            'free, or JSON like {"name": [1.25, 0.125, 10]}: US$ per million input, cached and output tokens'
        ),
    ] = None

    embedding_model: _Name = "sentence-transformers/all-MiniLM-L6-v2"
    search_url: _Url | None = None
    search_engine: _Name | None = None
    search_key: _Secret | None = None
    mcp_file: _File | None = None

    session_usd: _Usd = 0.50
    member_day_usd: _Usd = 2.0
    server_day_usd: _Usd = 5.0
    host_day_usd: _Usd = 10.0
    host_month_usd: _Usd = 50.0
    session_steps: Annotated[
        int, Field(ge=1, le=1_000_000), Allowed("a whole number of steps, 1 to 1000000")
    ] = 200
    session_tokens: Annotated[
        int, Field(ge=1_000, le=10**12), Allowed("a whole number of tokens, at least 1000")
    ] = 5_000_000
    session_hours: Annotated[
        float, Field(gt=0, le=100_000, allow_inf_nan=False), Allowed("a number of hours above 0")
    ] = 24.0

    box_seconds: Annotated[
        float, Field(gt=0, le=86_400, allow_inf_nan=False), Allowed("a number of seconds, at most 86400")
    ] = 60.0
    box_mb: Annotated[int, Field(ge=64, le=1_048_576), Allowed("a whole number of MiB, at least 64")] = 1024
    box_disk_mb: Annotated[int, Field(ge=1, le=1_048_576), Allowed("a whole number of MiB, at least 1")] = (
        1024
    )

    playground: Annotated[bool, Allowed("1 or 0")] | None = None
    playground_port: Annotated[int, Field(ge=1, le=65_535), Allowed("a port, 1 to 65535")] = 8080
    playground_bind: Annotated[
        str | None, BeforeValidator(_bind), Allowed("an IP address of this machine, such as 0.0.0.0")
    ] = None
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"],
        BeforeValidator(_upper),
        Allowed("DEBUG, INFO, WARNING or ERROR"),
    ] = "INFO"

    @model_validator(mode="after")
    def _shards_fit(self) -> Self:
        if self.shard_ids and (self.shard_count is None or max(self.shard_ids) >= self.shard_count):
            raise ValueError("SHARD_IDS needs SHARD_COUNT: every shard's number must be below it.")
        return self

    @property
    def embedded_redis(self) -> bool:
        """No Redis is given, so one is started under `data_dir`."""
        return self.redis_url is None

    @property
    def demo_model(self) -> bool:
        """No model is given, so the demo model is started."""
        return self.openai_api_key is None and self.openai_base_url is None

    @property
    def fast(self) -> str:
        """The fast model's name. A server of the host's own knows the shipped name only where it is set."""
        named = self.openai_base_url is None or "fast_model" in self.model_fields_set
        return self.fast_model if named else self.smart_model

    @property
    def plays(self) -> bool:
        """The playground is started and joined, in place of Discord."""
        return self.discord_token is None if self.playground is None else self.playground

    @property
    def playground_url(self) -> str:
        """Where a program on this machine reaches the playground; no slash at the end."""
        address = ip_address(self.playground_bind or "127.0.0.1")
        if address.is_unspecified:
            address = ip_address("127.0.0.1" if address.version == 4 else "::1")
        host = f"[{address}]" if address.version == 6 else str(address)
        return f"http://{host}:{self.playground_port}"

    @property
    def limits(self) -> Limits:
        """What one session may spend, unless its starter says otherwise."""
        return Limits(
            usd=self.session_usd,
            tokens=self.session_tokens,
            steps=self.session_steps,
            hours=self.session_hours,
        )

    @property
    def caps(self) -> Caps:
        """What members, servers and all of them together may spend."""
        return Caps(
            member_day=nano(self.member_day_usd),
            server_day=nano(self.server_day_usd),
            host_day=nano(self.host_day_usd),
            host_month=nano(self.host_month_usd),
        )


def load(environ: Mapping[str, str] | None = None, env_file: Path | None = Path(".env")) -> Settings:
    """Read the environment (`environ` in its place where given) and `env_file`, where it is there.

    Raises:
        StartError: something is wrong; one sentence per variable. Secrets are never in it.
    """
    values = {**_from_file(env_file), **(os.environ if environ is None else environ)}  # noqa: TID251
    given = {name: text for name in names() if (text := values.get(name, "").strip())}
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        # not chained: the cause holds the values, and a traceback would print a secret
        raise StartError("\n".join(_sentences(error, given))) from None


def names() -> tuple[str, ...]:
    """The name of every variable, in order."""
    return tuple(name.upper() for name in Settings.model_fields)


def check_role(settings: Settings, role: Role) -> None:
    """Raise StartError where these settings cannot serve `role`."""
    if role in ("gateway", "worker") and settings.embedded_redis:
        raise StartError(
            "Gateway and worker run apart, so they need a Redis that both reach: set REDIS_URL"
            " (for example redis://127.0.0.1:6379/0), or run `python -m bot all`."
        )
    if role == "gateway" and settings.discord_token is None:
        raise StartError("The gateway needs a bot to log in as: set DISCORD_TOKEN to its token.")
    if role == "all" and settings.discord_token is None and not settings.plays:
        raise StartError(
            "There is nothing to join: set DISCORD_TOKEN to the token of your bot, or take PLAYGROUND=0 out"
            " to use the built-in playground."
        )


def _from_file(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise StartError(
            f"{path} cannot be read as UTF-8 text ({error}): mend it or move it away."
        ) from error
    values: dict[str, str] = {}
    for binding in parse_stream(io.StringIO(text)):
        if binding.error:
            raise StartError(
                f"Line {binding.original.line} of {path} is not NAME=value: mend it or put a # before it."
            )
        if binding.key is not None:
            values[binding.key] = binding.value or ""
    return values


def _sentences(error: ValidationError, given: Mapping[str, str]) -> Iterator[str]:
    wrong = dict.fromkeys(str(detail["loc"][0]).upper() for detail in error.errors() if detail["loc"])
    for name in wrong:
        allowed = _allowed(name)
        shown = "(not shown)" if allowed.secret else repr(_without_password(given[name]))
        yield f"{name} is {shown}; it must be {allowed.text}."
    for detail in error.errors():
        if not detail["loc"]:
            yield detail["msg"].removeprefix("Value error, ")


def _allowed(name: str) -> Allowed:
    field = Settings.model_fields[name.lower()]
    return next(note for note in _notes(field.metadata, field.annotation) if isinstance(note, Allowed))


def _notes(metadata: list[object], annotation: object) -> Iterator[object]:
    """The Annotated notes of a field, those inside `Annotated[...] | None` too."""
    yield from metadata
    for part in getattr(annotation, "__args__", ()):
        yield from getattr(part, "__metadata__", ())


def _without_password(text: str) -> str:
    shown = re.sub(r"(?<=://)[^/@\s]*@", "***@", text)
    return shown if len(shown) <= 80 else f"{shown[:79]}…"
