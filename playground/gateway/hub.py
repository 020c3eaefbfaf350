"""All gateway sessions, and which of them gets which event."""

import secrets
from collections.abc import Iterator

from playground.events import Event, Rendering, Viewer
from playground.gateway.intents import Intent, needed
from playground.gateway.session import Session
from playground.shapes.guild_create import LARGE, guild_create
from playground.shapes.people import own_user_object
from playground.wire import Payload
from playground.world import World

RESUMABLE_S = 300.0
"""How long a session without a socket is kept."""


class Hub:
    """Owns the sessions; hears the world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._sessions: dict[str, Session] = {}
        world.listen(self.hear)

    # Sessions

    def open(
        self, bot_id: str, intents: int, shard: tuple[int, int] | None, large_from: int | None
    ) -> Session:
        """A new session, without a socket yet. Without the presences intent every guild is large."""
        self._forget_old()
        session = Session(id=secrets.token_hex(16), bot_id=bot_id, intents=intents, shard=shard)
        session.large_from = (large_from or LARGE) if intents & Intent.GUILD_PRESENCES else 0
        self._sessions[session.id] = session
        return session

    def find(self, session_id: str, bot_id: str) -> Session | None:
        """A session that can be resumed by this bot."""
        self._forget_old()
        session = self._sessions.get(session_id)
        return session if session is not None and session.bot_id == bot_id else None

    def drop(self, session: Session) -> None:
        """A session that nobody will resume."""
        self._sessions.pop(session.id, None)

    def of(self, bot_id: str | None = None) -> Iterator[Session]:
        """The sessions of one bot, or all."""
        for session in list(self._sessions.values()):
            if bot_id is None or session.bot_id == bot_id:
                yield session

    def connected(self, bot_id: str) -> bool:
        """Whether a bot has a socket now."""
        return any(session.outlet is not None for session in self.of(bot_id))

    def _forget_old(self) -> None:
        dead = self._world.clock.now() - RESUMABLE_S
        for session in list(self._sessions.values()):
            if session.outlet is None and session.lost_at is not None and session.lost_at < dead:
                self.drop(session)

    # Events

    def greet(self, session: Session, resume_url: str) -> None:
        """READY, then one GUILD_CREATE per guild."""
        world, bot_id = self._world, session.bot_id
        guilds = [
            guild
            for guild in world.guilds.values()
            if (guild.id, bot_id) in world.members and session.covers(guild.id)
        ]
        app = world.applications[bot_id]
        ready: Payload = {
            "v": 10,
            "user": own_user_object(world.user(bot_id)),
            "guilds": [{"id": guild.id, "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": resume_url,
            "application": {"id": app.id, "flags": app.flags},
            "private_channels": [],
            "relationships": [],
            "session_type": "normal",
            "user_settings": {},
            "_trace": ["playground"],
        }
        if session.shard is not None:
            ready["shard"] = list(session.shard)
        session.dispatch("READY", ready)
        if session.intents & Intent.GUILDS:
            for guild in guilds:
                if guild.id in world.outages:
                    continue  # it comes when the outage ends
                session.dispatch("GUILD_CREATE", guild_create(world, guild, _viewer(session)))

    def hear(self, event: Event) -> None:
        """Send an event to every session that may have it."""
        if event.page_only:
            return
        intents = needed(event.name, in_guild=event.guild_id is not None)
        rendering = Rendering(event)
        for session in self._sessions.values():
            if not self._gets(session, event, intents):
                continue
            session.send(event.name, rendering.text(_viewer(session)))

    def _gets(self, session: Session, event: Event, intents: int) -> bool:
        if event.only is not None and session.bot_id not in event.only:
            return False
        if event.guild_id in self._world.outages and event.name != "GUILD_DELETE":
            return False
        if event.without == session.bot_id or not session.covers(event.guild_id):
            return False
        if intents and not session.intents & intents and not self._about_itself(session, event):
            return False
        return may_hear(self._world, event, session.bot_id)

    def _about_itself(self, session: Session, event: Event) -> bool:
        """A bot hears of changes to its own membership without the members intent."""
        if event.name != "GUILD_MEMBER_UPDATE":
            return False
        viewer = Viewer(user_id=session.bot_id)
        return bool(event.shape(viewer)["user"]["id"] == session.bot_id)


def _viewer(session: Session) -> Viewer:
    sees = bool(session.intents & Intent.MESSAGE_CONTENT)
    return Viewer(user_id=session.bot_id, sees_content=sees, large_from=session.large_from)


def may_hear(world: World, event: Event, user_id: str) -> bool:
    """Whether the world lets a user, bot or person, see what an event is about."""
    if event.only is not None:
        return user_id in event.only
    if event.channel_id is not None:
        channel = world.channels.get(event.channel_id)
        if channel is None:
            return False
        if event.name.startswith("CHANNEL_") and event.name != "CHANNEL_PINS_UPDATE" and event.guild_id:
            return (event.guild_id, user_id) in world.members  # channels are listed even to who cannot enter
        return world.can_see(channel, user_id)
    return event.guild_id is None or (event.guild_id, user_id) in world.members
