"""/settings: what an admin decides for the server, and whether a member is mentioned."""

import asyncio
import re
from dataclasses import dataclass, replace
from typing import Literal
from zoneinfo import available_timezones

import discord
from discord import app_commands

from agent_core.errors import RefusedError
from agent_core.values import Autonomy, Right, ServerRules, Verbosity
from bot import access
from bot.commands.answer import Asking, Slash, answer, asker, defer, slash
from bot.commands.desk import Desk, guild_of
from bot.render.words import who

_CHOICES = 25
_MOST_HOSTS = 100
_HOST = re.compile(r"(?=.{1,253}$)[\w-]+(\.[\w-]+)*")
RightName = Literal["start", "approve", "steer", "configure", "spend"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody typed."""

    roles: dict[Right, str]
    """Right -> id of a role that gets it."""
    reset: RightName | None
    autonomy: Literal["guarded", "ask", "auto"] | None
    verbosity: Verbosity | None
    time_zone: str | None
    mentions: bool | None
    allow_hosts: str | None
    deny_hosts: str | None
    unremembered: str | None
    remembered: str | None


def settings(desk: Desk) -> Slash:
    """The command. Without options it shows what is set."""

    async def zones(_: Asking, current: str) -> list[app_commands.Choice[str]]:
        wanted = current.casefold().replace(" ", "_")
        found = [zone for zone in sorted(await _zones()) if wanted in zone.casefold()]
        return [app_commands.Choice(name=zone, value=zone) for zone in found[:_CHOICES]]

    @app_commands.describe(
        start="A role that may start goals, besides those that may already.",
        approve="A role that may decide about proposals.",
        steer="A role that may steer, pause and stop goals.",
        configure="A role that may change these settings.",
        spend="A role that may grant more budget.",
        reset="Take a right back from all its roles; then it needs Manage Server.",
        autonomy="What a goal may do without asking, unless its starter says otherwise.",
        verbosity="How much of the work a thread shows.",
        time_zone="The server's time zone, like Europe/Berlin.",
        mentions="Whether a proposal, question or budget stop mentions whom it waits for.",
        allow_hosts="Only these hosts may be reached, like example.org, wikipedia.org; * for all.",
        deny_hosts="These hosts may never be reached, with all below them; - for none.",
        mention_me="Whether I may mention you; every member decides this alone.",
        memory_off="A channel of which nothing new is remembered, its threads neither.",
        memory_on="A channel of which things are remembered again.",
    )
    @app_commands.autocomplete(time_zone=zones)
    async def command(  # noqa: PLR0917 - the parameters are the options
        interaction: Asking,
        start: discord.Role | None = None,
        approve: discord.Role | None = None,
        steer: discord.Role | None = None,
        configure: discord.Role | None = None,
        spend: discord.Role | None = None,
        reset: RightName | None = None,
        autonomy: Literal["guarded", "ask", "auto"] | None = None,
        verbosity: Verbosity | None = None,
        time_zone: str | None = None,
        mentions: bool | None = None,
        allow_hosts: str | None = None,
        deny_hosts: str | None = None,
        mention_me: bool | None = None,
        memory_off: discord.TextChannel | None = None,
        memory_on: discord.TextChannel | None = None,
    ) -> None:
        given = {"start": start, "approve": approve, "steer": steer, "configure": configure, "spend": spend}
        wish = Wish(
            roles={Right(name): str(role.id) for name, role in given.items() if role},
            reset=reset,
            autonomy=autonomy,
            verbosity=verbosity,
            time_zone=time_zone,
            mentions=mentions,
            allow_hosts=allow_hosts,
            deny_hosts=deny_hosts,
            unremembered=str(memory_off.id) if memory_off else None,
            remembered=str(memory_on.id) if memory_on else None,
        )
        await _change(desk, interaction, wish, mention_me)

    return slash("settings", "Show or change how I behave on this server.", command)


async def _change(desk: Desk, interaction: Asking, wish: Wish, mention_me: bool | None) -> None:
    member = asker(interaction)
    await defer(desk.api, interaction, ephemeral=True)
    guild_id = guild_of(interaction)
    before = await desk.control.rules(guild_id)
    rules = await _granted(before, wish)
    only_own = rules == before and mention_me is not None
    if not only_own and not access.may(member, Right.CONFIGURE, before):
        raise RefusedError(access.why(Right.CONFIGURE, before))
    if mention_me is not None:
        rules = _mentioning(rules, member.id, wanted=mention_me)
    if rules != before:
        await desk.control.set_rules(guild_id, rules)
    own = "I will mention you." if mention_me else "I will not mention you."
    await answer(desk.api, interaction, own if only_own else shown(rules))


async def _granted(rules: ServerRules, wish: Wish) -> ServerRules:
    """The rules as they would be."""
    roles = {right: ids for right, ids in rules.roles.items() if right != wish.reset}
    for right, role_id in wish.roles.items():
        roles[right] = tuple(dict.fromkeys((*roles.get(right, ()), role_id)))
    rules = replace(rules, roles=roles)
    if wish.autonomy is not None:
        rules = replace(rules, autonomy=Autonomy(wish.autonomy))
    if wish.verbosity is not None:
        rules = replace(rules, verbosity=wish.verbosity)
    if wish.time_zone is not None:
        rules = replace(rules, time_zone=await _zone(wish.time_zone))
    if wish.mentions is not None:
        rules = replace(rules, mentions=wish.mentions)
    if wish.allow_hosts is not None:
        rules = replace(rules, allow_hosts=_hosts(wish.allow_hosts))
    if wish.deny_hosts is not None:
        rules = replace(rules, deny_hosts=_hosts(wish.deny_hosts))
    if wish.unremembered or wish.remembered:
        dropped = {wish.unremembered, wish.remembered}
        others = tuple(one for one in rules.unremembered_channels if one not in dropped)
        kept_out = (*others, wish.unremembered) if wish.unremembered else others
        rules = replace(rules, unremembered_channels=kept_out)
    return rules


def _hosts(text: str) -> tuple[str, ...]:
    """The hosts of a list, each once; `*` and `-` stand for an empty one. Raises RefusedError."""
    names = [name.strip(".").lower() for name in re.split(r"[\s,;]+", text.strip()) if name]
    if names in ([], ["*"], ["-"]):
        return ()
    if bad := [name for name in names if not _HOST.fullmatch(name)]:
        raise RefusedError(f"{bad[0][:80]!r} is no host. Give names like example.org, split by commas.")
    if len(names) > _MOST_HOSTS:
        raise RefusedError(f"That are more than {_MOST_HOSTS} hosts. Name the domains above them.")
    return tuple(dict.fromkeys(names))


def shown(rules: ServerRules) -> str:
    """What is set, one line each."""
    rows = [f"**{right}** {who(rules, right)}" for right in Right]
    rows += [
        f"**autonomy** {rules.autonomy}",
        f"**verbosity** {rules.verbosity}",
        f"**time zone** {rules.time_zone}",
        f"**mentions** {'on' if rules.mentions else 'off'}",
        f"**reaches** {', '.join(rules.allow_hosts[:20]) or 'every public host'}",
        f"**never reaches** {', '.join(rules.deny_hosts[:20]) or 'nothing more'}",
    ]
    if rules.unremembered_channels:
        rows.append("**not remembered** " + " ".join(f"<#{one}>" for one in rules.unremembered_channels))
    if rules.halted:
        rows.append("**stopped**: nothing starts until `/resume` with `all`")
    return "\n".join(rows)


async def _zones() -> set[str]:
    return await asyncio.to_thread(available_timezones)  # it walks through folders


async def _zone(text: str) -> str:
    named = {zone.casefold(): zone for zone in await _zones()}
    zone = named.get(text.strip().replace(" ", "_").casefold())
    if zone is None:
        raise RefusedError("There is no such time zone. Pick one from the list, like Europe/Berlin or UTC.")
    return zone


def _mentioning(rules: ServerRules, member_id: str, *, wanted: bool) -> ServerRules:
    others = tuple(one for one in rules.quiet_members if one != member_id)
    return replace(rules, quiet_members=others if wanted else (*others, member_id))
