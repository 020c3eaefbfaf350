"""What a person does: servers, channels, members, messages, reactions; and what a tester orders."""

from typing import Any

from aiohttp import web

from playground.actions import channels, members, messages, reactions
from playground.actions.access import require_sending, visible
from playground.actions.bodies import AllowedMentions, Draft
from playground.actions.telling import tell_typing
from playground.entities import Reference
from playground.errors import ApiError, Problem
from playground.events import Viewer
from playground.faults import GATEWAY_KINDS, REST_KINDS, Fault, Faults
from playground.forms import Form
from playground.gateway.handler import Gateway
from playground.people.asking import check_sizes, need, read_files, read_form, wrong
from playground.permissions import ALL
from playground.shapes.messages import message_object
from playground.shapes.people import INTENT_FLAGS, member_object, user_object
from playground.shapes.places import channel_object, guild_object
from playground.wire import Payload
from playground.world import World

DONE: Payload = {"ok": True}
MOST_FAULT_S = 600.0
LAST_MOMENT = 5_680_281_600.0
"""2150-01-01. The time in an id has 42 bits of milliseconds."""


CLOCK_WAIT_S = 20.0


class Doing:
    """The changing handlers."""

    def __init__(self, world: World, gateway: Gateway, faults: Faults) -> None:
        self._world, self._gateway, self._faults = world, gateway, faults

    async def guild(self, request: web.Request) -> Payload:
        """A new server with one channel; its owner is the one of the first server."""
        form = await read_form(request)
        world, name = self._world, need(form, "name")
        form.text("name", most=100)
        form.check()
        owner = world.user(next(iter(world.guilds.values())).owner_id)
        with world.change():
            guild = members.new_guild(world, name, owner)
        channel = world.guild_channels(guild.id)[0]
        return {"id": guild.id, "name": guild.name, "owner_id": owner.id, "channel_id": channel.id}

    async def change_guild(self, request: web.Request) -> Payload:
        """Rename a server, boost it (which raises what a file may weigh), or take it away for a while."""
        form = await read_form(request)
        guild = self._world.guild(request.match_info["guild_id"])
        name, tier = form.text("name", least=2, most=100), form.choice("premium_tier", range(4))
        unavailable = form.flag("unavailable")
        form.check()
        with self._world.change():
            if name is not None or tier is not None:
                members.change_guild(self._world, guild, name=name, premium_tier=tier)
            if unavailable is not None:
                members.tell_outage(self._world, guild, unavailable=unavailable)
        return guild_object(self._world, guild)

    async def channel(self, request: web.Request) -> Payload:
        """A new channel, made by the server's owner."""
        form = await read_form(request)
        guild = self._world.guild(need(form, "guild_id"))
        body = {key: form.raw(key) for key in form.names() if key != "guild_id"}
        with self._world.change():
            made = channels.create(self._world, guild.id, guild.owner_id, body)
        return channel_object(self._world, made)

    async def change_channel(self, request: web.Request) -> Payload:
        """Archive, lock or rename, as a person."""
        form = await read_form(request)
        user_id = need(form, "user_id")
        body = {key: form.raw(key) for key in form.names() if key != "user_id"}
        with self._world.change():
            changed = channels.update(self._world, request.match_info["channel_id"], user_id, body)
        return channel_object(self._world, changed, viewer_id=user_id)

    async def delete_channel(self, request: web.Request) -> Payload:
        """Delete a channel or thread, as a person."""
        user_id = _user_of(request)
        with self._world.change():
            channels.delete(self._world, request.match_info["channel_id"], user_id)
        return DONE

    async def member(self, request: web.Request) -> Payload:
        """A new person in a server."""
        form = await read_form(request)
        guild, name = self._world.guild(need(form, "guild_id")), need(form, "name")
        form.text("name", most=100)
        roles, permissions = _roles(form), _permissions(form)
        with self._world.change():
            user = members.new_person(self._world, name)
            members.add_person(self._world, guild.id, user, roles=roles or (), permissions=permissions)
        return user_object(user)

    async def change_member(self, request: web.Request) -> Payload:
        """Replace a member's roles, permissions or both."""
        form = await read_form(request)
        member = self._world.member(request.match_info["guild_id"], request.match_info["user_id"])
        roles, permissions = _roles(form), _permissions(form)
        with self._world.change():
            members.change_member(self._world, member, roles=roles, permissions=permissions)
        return member_object(self._world, member)

    async def remove_member(self, request: web.Request) -> Payload:
        """Take a person or a bot out of a server."""
        with self._world.change():
            members.remove_member(self._world, request.match_info["guild_id"], request.match_info["user_id"])
        return DONE

    async def change_bot(self, request: web.Request) -> Payload:
        """Switch a bot's privileged intents, or invite it to a server again."""
        form = await read_form(request)
        app = self._world.applications.get(request.match_info["bot_id"])
        if app is None:
            raise ApiError(Problem.UNKNOWN_APPLICATION)
        switches = {key: form.flag(key) for key in INTENT_FLAGS}
        guild_id = form.snowflake("guild_id")
        form.check()
        with self._world.change():
            for key, on in switches.items():
                if on is not None:
                    app.flags = app.flags | INTENT_FLAGS[key] if on else app.flags & ~INTENT_FLAGS[key]
            self._world.save(app)
            if guild_id is not None and (guild_id, app.id) not in self._world.members:
                members.invite_bot(self._world, self._world.guild(guild_id), app)
        return {"id": app.id, "flags": app.flags}

    async def dm(self, request: web.Request) -> Payload:
        """The DM between a person and a bot."""
        form = await read_form(request)
        user_id = need(form, "user_id")
        self._world.user(user_id)
        with self._world.change():
            channel = channels.open_dm(self._world, user_id, need(form, "bot_id"))
        return channel_object(self._world, channel, viewer_id=user_id)

    async def message(self, request: web.Request) -> Payload:
        """Say something, with files."""
        form = await read_form(request)
        channel_id, user_id = need(form, "channel_id"), need(form, "user_id")
        content = form.text("content", most=2000) or ""
        reply_to = form.snowflake("reply_to")
        form.check()
        self._world.user(user_id)
        uploads = await read_files(form, self._world.store)
        try:
            check_sizes(self._world, self._world.channel(channel_id), uploads)
            draft = Draft(
                given=frozenset({"content"}),
                content=content.strip(),
                reference=Reference(message_id=reply_to, channel_id="", guild_id=None) if reply_to else None,
                allowed=AllowedMentions(),
                uploads=uploads,
            )
            with self._world.change():
                posted = messages.post(self._world, channel_id, user_id, draft)
        finally:
            for upload in uploads:
                upload.path.unlink(missing_ok=True)
        return message_object(self._world, posted, Viewer(user_id=user_id))

    async def edit_message(self, request: web.Request) -> Payload:
        """Change what one said."""
        form = await read_form(request)
        user_id = need(form, "user_id")
        content = form.text("content", most=2000, needed=True) or ""
        form.check()
        draft = Draft(given=frozenset({"content"}), content=content.strip())
        channel_id, message_id = request.match_info["channel_id"], request.match_info["message_id"]
        with self._world.change():
            edited = messages.edit(self._world, channel_id, message_id, user_id, draft)
        return message_object(self._world, edited, Viewer(user_id=user_id))

    async def delete_message(self, request: web.Request) -> Payload:
        """Delete a message."""
        user_id = _user_of(request)
        with self._world.change():
            messages.delete(
                self._world, request.match_info["channel_id"], request.match_info["message_id"], user_id
            )
        return DONE

    async def reaction(self, request: web.Request) -> Payload:
        """Press an emoji, or take it back."""
        form = await read_form(request)
        channel_id, message_id = need(form, "channel_id"), need(form, "message_id")
        user_id, remove = need(form, "user_id"), form.flag("remove") or False
        form.check()
        emoji = reactions.read_emoji(need(form, "emoji"))
        with self._world.change():
            if remove:
                reactions.remove(self._world, channel_id, message_id, user_id, user_id=user_id, emoji=emoji)
            else:
                reactions.add(self._world, channel_id, message_id, user_id, emoji)
        return DONE

    async def typing(self, request: web.Request) -> Payload:
        """Let the others see that somebody types."""
        form = await read_form(request)
        user_id = need(form, "user_id")
        channel = visible(self._world, need(form, "channel_id"), user_id)
        require_sending(self._world, channel, user_id)
        with self._world.change():
            tell_typing(self._world, channel, user_id)
        return DONE

    async def fault(self, request: web.Request) -> Payload:
        """Order a fault."""
        form = await read_form(request)
        kind = need(form, "kind")
        if kind not in REST_KINDS | GATEWAY_KINDS:
            raise wrong(
                f"There is no fault {kind!r}. Faults: {', '.join(sorted(REST_KINDS | GATEWAY_KINDS))}."
            )
        count = form.integer("count", least=1, most=100_000)
        seconds = form.number("seconds")
        if seconds is not None and not 0 <= seconds <= MOST_FAULT_S:
            raise wrong(f"'seconds' must be from 0 to {MOST_FAULT_S:.0f}.")
        code = form.integer("code")
        if code is not None and not _fits(kind, code):
            raise wrong(f"'code' must be {'1006, 1000 or 3000-4999' if kind == 'close' else '400-599'}.")
        fault = Fault(
            kind=kind,
            count=count or 1,
            method=form.text("method"),
            path=form.text("path"),
            seconds=1.0 if seconds is None else float(seconds),
            code=code,
        )
        form.check()
        if kind in REST_KINDS:
            self._faults.order(fault)
            return DONE
        return DONE | {"sockets": await self._gateway.apply(fault)}

    async def clear_faults(self, _: web.Request) -> Payload:
        """Take back every fault."""
        self._faults.clear()
        self._gateway.heal()
        return DONE

    async def clock(self, request: web.Request) -> Payload:
        """Move the world's time forward."""
        form = await read_form(request)
        seconds: Any = form.raw("advance_s")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < 1e9:
            raise wrong("'advance_s' must be a number of seconds, not negative, under 10^9.")
        if self._world.clock.now() + seconds > LAST_MOMENT:
            raise wrong("'advance_s' would go past the year 2150, where ids end.")
        self._world.clock.advance(float(seconds))
        return {"now": self._world.clock.now(), "offset_s": self._world.clock.offset_s}

    async def time(self, request: web.Request) -> Payload:
        """The world's time; with `beyond`, once it is further ahead than that, or after a while."""
        clock, beyond = self._world.clock, request.query.get("beyond")
        if beyond is not None:
            try:
                wanted = float(beyond)
            except ValueError:
                raise wrong("'beyond' must be a number of seconds.") from None
            await clock.beyond(wanted, CLOCK_WAIT_S)
        return {"now": clock.now(), "offset_s": clock.offset_s}


def _fits(kind: str, code: int) -> bool:
    return code in {1000, 1006} or 3000 <= code < 5000 if kind == "close" else 400 <= code < 600


def _user_of(request: web.Request) -> str:
    user_id = request.query.get("user_id")
    if not user_id:
        raise wrong("'user_id' is missing in the address.")
    return user_id


def _roles(form: Form) -> list[str] | None:
    roles = form.texts("roles") if form.raw("roles") is not None else None
    form.check()
    return roles


def _permissions(form: Form) -> int | None:
    value = form.raw("permissions")
    if value is None:
        return None
    text = str(value)
    if isinstance(value, bool) or not text.isdecimal() or int(text) & ~ALL:
        raise wrong("'permissions' must be a decimal bit string of Discord's permissions.")
    return int(text)
