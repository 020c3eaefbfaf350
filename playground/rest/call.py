"""A request after it was read and its bot known, and the reply to it: what every REST handler sees."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from playground.actions.bodies import Draft, Upload, read_draft
from playground.errors import ApiError, Problem
from playground.events import Viewer
from playground.forms import Form
from playground.shapes.people import INTENT_FLAGS
from playground.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. Handlers are plain functions of it: no await between reading the world and changing it."""

    world: World
    actor_id: str
    """The bot that asks; "" on routes without a bot token."""
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    uploads: tuple[Upload, ...] = ()

    @property
    def viewer(self) -> Viewer:
        """For whom answers are shaped: without the content intent switched on, content is empty."""
        app = self.world.applications.get(self.actor_id)
        sees = app is None or bool(app.flags & (INTENT_FLAGS["message_content"] | 1 << 18))
        return Viewer(user_id=self.actor_id, sees_content=sees)

    def form(self) -> Form:
        """The body, to be read field by field."""
        return Form({} if self.body is None else self.body)

    def draft(self, guild_id: str | None, *, flags_before: int = 0) -> Draft:
        """The body as a message for a guild or DM, or as an edit of one that has these flags."""
        guild = self.world.guilds.get(guild_id or "")
        return read_draft(
            {} if self.body is None else self.body,
            self.uploads,
            premium_tier=guild.premium_tier if guild else 0,
            flags_before=flags_before,
        )

    def number(self, key: str, *, default: int, least: int, most: int) -> int:
        """A number of the query; 50035 when it is out of range."""
        if key not in self.query:
            return default
        form = Form(dict(self.query))
        value = form.integer(key, least=least, most=most)
        form.check()
        return default if value is None else value

    def moment(self, key: str) -> float | None:
        """A time of the query in unix seconds; 50035 when it is none."""
        form = Form({name: value.replace(" ", "+") for name, value in self.query.items()})
        value = form.moment(key)
        form.check()
        return None if value is None else datetime.fromisoformat(value).timestamp()

    def snowflake(self, key: str) -> int | None:
        """An id of the query; 50035 when it is none."""
        form = Form(dict(self.query))
        value = form.snowflake(key)
        form.check()
        return None if value is None else int(value)

    def own(self, application_id: str) -> str:
        """The application of the path, which must be the bot's own."""
        if application_id != self.actor_id:
            raise ApiError(Problem.UNKNOWN_APPLICATION)
        return application_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What goes back; no body is 204."""

    body: Any = None
    status: int = 200


NOTHING = Reply(status=204)


def require_members_intent(call: Call) -> None:
    """Members are listed only for applications whose privileged intent is switched on."""
    if not call.world.applications[call.actor_id].flags & INTENT_FLAGS["members"]:
        raise ApiError(Problem.MISSING_ACCESS)


Handler: TypeAlias = Callable[[Call], Reply]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """So many requests in so many seconds, per bot and major parameter."""

    count: int
    per_s: float


USUAL = Limit(count=10, per_s=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One path of the API."""

    method: str
    path: str
    handler: Handler
    limit: Limit | None = USUAL
    """None: never limited, as interaction callbacks."""
    needs_bot: bool = True
