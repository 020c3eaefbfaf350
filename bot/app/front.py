"""The Discord half: the client, everything that listens to it, and the reporter that writes through it."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

import aiohttp
import discord

from agent_core.clock import Clock
from agent_core.control import Control
from agent_core.errors import StoreUnavailableError
from agent_core.schedule import Plans
from agent_core.session import State
from agent_core.skills import Admission
from agent_core.storage import Turnstile
from agent_core.values import Person, Right
from bot import access
from bot.app.remembrance import Remembrance
from bot.app.treasury import Treasury
from bot.catchup import CatchUp
from bot.commands import Desk, Openings, commands_for
from bot.discord_api import DiscordApi, DroppedFiles, Facts, learn
from bot.gateway import Events, Gateway, log_in, make_client, point_at
from bot.inbound import Notes, Presses, Threads, Words
from bot.settings import Settings
from bot.timetable import Timetable
from sandbox import Limits, Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the bot logs in."""

    token: str
    api_url: str
    local: bool
    """A server of this machine: no waiting for what only Discord itself would need."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A client that is logged in to REST, and what was learnt on the way."""

    client: discord.Client
    api: DiscordApi
    facts: Facts
    http: aiohttp.ClientSession
    token: str


async def call(stack: AsyncExitStack, settings: Settings, place: Place, turnstile: Turnstile) -> Line:
    """Log in, without connecting. Raises StartError where Discord does not let the bot in."""
    http = await stack.enter_async_context(aiohttp.ClientSession())
    facts = await learn(place.api_url, place.token, http=http)
    point_at(place.api_url, facts.gateway_url)
    client = make_client(
        facts,
        shard_count=settings.shard_count,
        shard_ids=settings.shard_ids,
        ready_timeout_s=0.2 if place.local else 2.0,
        identify_pause_s=0.2 if place.local else 5.0,
        turnstile=turnstile,
    )
    stack.push_async_callback(client.close)
    await log_in(client, place.token)
    return Line(client=client, api=DiscordApi(client), facts=facts, http=http, token=place.token)


def gateway(
    line: Line,
    control: Control,
    *,
    treasury: Treasury,
    pool: Pool | None,
    limits: Limits,
    clock: Clock,
    remembrance: Remembrance,
    demo_goals: tuple[tuple[str, str], ...],
) -> Gateway:
    """Everything that listens."""
    client, api = line.client, line.api
    openings = Openings(control=control, api=api)
    plans = Plans(control.storage.calendar)
    timetable = Timetable(
        client=client,
        api=api,
        control=control,
        openings=openings,
        plans=plans,
        clock=clock,
        pool=pool,
        papers=treasury.papers,
    )
    desk = Desk(
        control=control,
        api=api,
        dropped=DroppedFiles(http=line.http, blobs=control.storage.blobs),
        openings=openings,
        ledger=treasury.ledger,
        experiments=treasury.experiments,
        fetch=treasury.fetch,
        papers=treasury.papers,
        memory=remembrance.memory,
        audience=remembrance.audience,
        forget_me=lambda guild_id, person: remembrance.forgetter.member(guild_id, person, control.wake),
        plans=plans,
        begin=timetable.run_now,
        clock=clock,
        admission=Admission(remembrance.library, limits),
        pool=pool,
        box_limits=limits,
        demo_goals=demo_goals,
    )
    events = _listening(client, desk, timetable)
    return Gateway(client=client, token=line.token, events=events, timetable=timetable)


def _listening(client: discord.Client, desk: Desk, timetable: Timetable) -> Events:
    """What hears commands, words and presses, beside what the commands work with."""
    control, api = desk.control, desk.api
    notes = Notes(api)
    words = Words(
        client=client, control=control, api=api, dropped=desk.dropped, notes=notes, memory=desk.memory
    )
    presses = Presses(
        client=client,
        control=control,
        api=api,
        notes=notes,
        ledger=desk.ledger,
        scheduled=timetable.pressed,
    )
    threads = Threads(client=client, control=control, api=api)
    return Events(
        client=client,
        commands=commands_for(client, desk),
        words=words,
        presses=presses,
        threads=threads,
        hearing=control.storage.hearing,
        control=control,
        catchup=CatchUp(
            control=control, words=words, presses=presses, threads=threads, openings=desk.openings
        ),
    )


async def still_may(line: Line, control: Control, state: State, person: Person, right: Right) -> bool:
    """Whether this member holds the right now, asked of Discord: a cache may be old.

    Raises StoreUnavailableError where Discord does not answer, so that the turn is run again later.
    """
    client, guild_id = line.client, int(state.ref.guild_id)
    try:
        guild = client.get_guild(guild_id) or await client.fetch_guild(guild_id)
        member = await guild.fetch_member(int(person.id))
    except discord.NotFound:
        return False
    except (discord.HTTPException, aiohttp.ClientError, TimeoutError, OSError) as error:
        message = f"Discord does not say whether {person.name} may still decide: {error}"
        raise StoreUnavailableError(message) from error
    rules = await control.rules(state.ref.guild_id)
    return access.may(access.Member.of(member), right, rules)
