"""Every path of the API, on one page."""

from playground.rest import channels, commands, guilds, interactions, messages, users
from playground.rest.call import Handler, Limit, Route

_POST_MESSAGE = Limit(count=5, per_s=5.0)
_REACTION = Limit(count=1, per_s=0.25)
_READ = Limit(count=50, per_s=1.0)
_WEBHOOK = Limit(count=5, per_s=2.0)
_MESSAGE = "/channels/{channel_id}/messages/{message_id}"
_REACTIONS = _MESSAGE + "/reactions"
_ANSWER = "/webhooks/{webhook_id}/{token}/messages/{message_id}"
_MEMBERS = "/channels/{channel_id}/thread-members"


def routes() -> list[Route]:
    """The whole API. Static paths come before templated ones."""
    return [*_about_users(), *_about_guilds(), *_about_channels(), *_about_messages(), *_about_interactions()]


def _get(path: str, handler: Handler, limit: Limit = _READ) -> Route:
    return Route(method="GET", path=path, handler=handler, limit=limit)


def _about_users() -> list[Route]:
    return [
        _get("/users/@me", users.me),
        Route(method="PATCH", path="/users/@me", handler=users.rename_me),
        _get("/users/@me/guilds", users.my_guilds),
        _get("/users/@me/guilds/{guild_id}/member", users.my_member),
        Route(method="DELETE", path="/users/@me/guilds/{guild_id}", handler=users.leave_guild),
        Route(method="POST", path="/users/@me/channels", handler=users.dm),
        _get("/users/{user_id}", users.user),
        _get("/applications/@me", users.application),
        Route(method="PATCH", path="/applications/@me", handler=users.change_application),
        _get("/oauth2/applications/@me", users.application),
        Route(method="GET", path="/gateway", handler=users.gateway, needs_bot=False),
        _get("/gateway/bot", users.gateway_bot),
    ]


def _about_guilds() -> list[Route]:
    guild = "/guilds/{guild_id}"
    return [
        _get(guild, guilds.guild),
        Route(method="PATCH", path=guild, handler=guilds.change_guild),
        _get(f"{guild}/channels", guilds.guild_channels),
        Route(method="POST", path=f"{guild}/channels", handler=guilds.new_channel),
        _get(f"{guild}/threads/active", guilds.active_threads),
        _get(f"{guild}/members", guilds.guild_members),
        _get(f"{guild}/members/search", guilds.search_members),
        _get(f"{guild}/members/{{user_id}}", guilds.member),
        Route(method="PATCH", path=f"{guild}/members/{{user_id}}", handler=guilds.change_member),
        Route(method="DELETE", path=f"{guild}/members/{{user_id}}", handler=guilds.kick),
        Route(method="PUT", path=f"{guild}/members/{{user_id}}/roles/{{role_id}}", handler=guilds.give_role),
        Route(
            method="DELETE", path=f"{guild}/members/{{user_id}}/roles/{{role_id}}", handler=guilds.take_role
        ),
        _get(f"{guild}/emojis", guilds.none),
        _get(f"{guild}/stickers", guilds.none),
        _get(f"{guild}/bans", guilds.bans),
        _get(f"{guild}/bans/{{user_id}}", guilds.ban_of),
        Route(method="PUT", path=f"{guild}/bans/{{user_id}}", handler=guilds.ban),
        Route(method="DELETE", path=f"{guild}/bans/{{user_id}}", handler=guilds.unban),
        _get(f"{guild}/roles", guilds.roles),
        Route(method="POST", path=f"{guild}/roles", handler=guilds.new_role),
        _get(f"{guild}/roles/{{role_id}}", guilds.role),
        Route(method="PATCH", path=f"{guild}/roles/{{role_id}}", handler=guilds.change_role),
        Route(method="DELETE", path=f"{guild}/roles/{{role_id}}", handler=guilds.delete_role),
    ]


def _about_channels() -> list[Route]:
    channel = "/channels/{channel_id}"
    overwrite = f"{channel}/permissions/{{overwrite_id}}"
    return [
        _get(channel, channels.channel),
        Route(method="PATCH", path=channel, handler=channels.change_channel, limit=Limit(count=5, per_s=5.0)),
        Route(method="DELETE", path=channel, handler=channels.delete_channel),
        Route(method="PUT", path=overwrite, handler=channels.put_overwrite),
        Route(method="DELETE", path=overwrite, handler=channels.delete_overwrite),
        Route(method="POST", path=f"{channel}/typing", handler=channels.typing, limit=_POST_MESSAGE),
        Route(method="POST", path=f"{channel}/threads", handler=channels.new_thread),
        Route(method="POST", path=f"{_MESSAGE}/threads", handler=channels.thread_from_message),
        _get(_MEMBERS, channels.thread_members),
        _get(f"{_MEMBERS}/{{user_id}}", channels.thread_member),
        Route(method="PUT", path=f"{_MEMBERS}/{{user_id}}", handler=channels.join_thread),
        Route(method="DELETE", path=f"{_MEMBERS}/{{user_id}}", handler=channels.leave_thread),
        _get(f"{channel}/threads/archived/public", channels.archived_public),
        _get(f"{channel}/threads/archived/private", channels.archived_private),
        _get(f"{channel}/users/@me/threads/archived/private", channels.archived_joined),
    ]


def _about_messages() -> list[Route]:
    listing = "/channels/{channel_id}/messages"
    emoji = _REACTIONS + "/{emoji}"
    return [
        _get(listing, messages.history),
        Route(method="POST", path=listing, handler=messages.new_message, limit=_POST_MESSAGE),
        Route(method="POST", path=f"{listing}/bulk-delete", handler=messages.bulk_delete),
        _get(f"{listing}/pins", messages.pins),
        Route(method="PUT", path=f"{listing}/pins/{{message_id}}", handler=messages.pin),
        Route(method="DELETE", path=f"{listing}/pins/{{message_id}}", handler=messages.unpin),
        _get("/channels/{channel_id}/pins", messages.old_pins),
        Route(method="PUT", path="/channels/{channel_id}/pins/{message_id}", handler=messages.pin),
        Route(method="DELETE", path="/channels/{channel_id}/pins/{message_id}", handler=messages.unpin),
        _get(_MESSAGE, messages.message),
        Route(method="PATCH", path=_MESSAGE, handler=messages.edit_message, limit=_POST_MESSAGE),
        Route(method="DELETE", path=_MESSAGE, handler=messages.delete_message),
        Route(method="DELETE", path=_REACTIONS, handler=messages.clear_reactions, limit=_REACTION),
        _get(emoji, messages.list_reactions),
        Route(method="DELETE", path=emoji, handler=messages.clear_reactions, limit=_REACTION),
        Route(method="PUT", path=f"{emoji}/@me", handler=messages.add_reaction, limit=_REACTION),
        Route(
            method="DELETE", path=f"{emoji}/{{user_id}}", handler=messages.remove_reaction, limit=_REACTION
        ),
    ]


def _about_interactions() -> list[Route]:
    found: list[Route] = []
    for base in ("/applications/{application_id}", "/applications/{application_id}/guilds/{guild_id}"):
        found += [
            _get(f"{base}/commands", commands.list_all),
            Route(method="PUT", path=f"{base}/commands", handler=commands.replace_all),
            Route(method="POST", path=f"{base}/commands", handler=commands.create),
            _get(f"{base}/commands/{{command_id}}", commands.get),
            Route(method="PATCH", path=f"{base}/commands/{{command_id}}", handler=commands.update),
            Route(method="DELETE", path=f"{base}/commands/{{command_id}}", handler=commands.delete),
        ]
    found.append(
        Route(
            method="POST",
            path="/interactions/{interaction_id}/{token}/callback",
            handler=interactions.callback,
            limit=None,
            needs_bot=False,
        )
    )
    for method, path, handler in (
        ("POST", "/webhooks/{webhook_id}/{token}", interactions.follow_up),
        ("GET", _ANSWER, interactions.get),
        ("PATCH", _ANSWER, interactions.edit),
        ("DELETE", _ANSWER, interactions.delete),
    ):
        found.append(Route(method=method, path=path, handler=handler, limit=_WEBHOOK, needs_bot=False))
    return found
