"""Users, members, roles and applications as Discord's objects."""

from playground.clock import iso
from playground.entities import Application, Member, Role, User
from playground.permissions import BOT_INVITE
from playground.wire import Payload
from playground.world import World

INTENT_FLAGS = {"members": 1 << 15, "presences": 1 << 13, "message_content": 1 << 19}
"""Application flags that say which privileged intents are switched on (for bots in fewer than 100 guilds)."""
COMMAND_BADGE = 1 << 23


def user_object(user: User) -> Payload:
    """A user as anybody sees it."""
    shaped: Payload = {
        "id": user.id,
        "username": user.name,
        "discriminator": "0000" if user.bot else "0",
        "global_name": user.display_name,
        "avatar": None,
        "public_flags": 0,
        "flags": 0,
        "banner": None,
        "accent_color": None,
        "avatar_decoration_data": None,
        "collectibles": None,
        "primary_guild": None,
    }
    if user.bot:
        shaped["bot"] = True
    return shaped


def own_user_object(user: User) -> Payload:
    """A user as it sees itself."""
    return user_object(user) | {
        "mfa_enabled": False,
        "locale": "en-US",
        "premium_type": 0,
        "email": None,
        "verified": True,
    }


def member_object(world: World, member: Member, *, with_user: bool = True) -> Payload:
    """A member; messages and resolved data carry it without its user."""
    shaped: Payload = {
        "avatar": None,
        "banner": None,
        "communication_disabled_until": iso(member.muted_until) if member.muted_until else None,
        "flags": 0,
        "joined_at": iso(member.joined_at),
        "nick": member.nick,
        "pending": False,
        "premium_since": None,
        "roles": list(member.roles),
        "mute": False,
        "deaf": False,
    }
    if with_user:
        shaped["user"] = user_object(world.user(member.user_id))
    return shaped


def role_object(role: Role) -> Payload:
    """A role."""
    shaped: Payload = {
        "id": role.id,
        "name": role.name,
        "permissions": str(role.permissions),
        "position": role.position,
        "color": role.color,
        "colors": {"primary_color": role.color, "secondary_color": None, "tertiary_color": None},
        "hoist": role.hoist,
        "managed": role.bot_id is not None,
        "mentionable": role.mentionable,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }
    if role.bot_id is not None:
        shaped["tags"] = {"bot_id": role.bot_id}
    return shaped


def application_object(world: World, app: Application) -> Payload:
    """An application as its own bot sees it."""
    owner = world.user(next(iter(world.guilds.values())).owner_id)
    return {
        "id": app.id,
        "name": app.name,
        "icon": None,
        "description": app.description,
        "type": None,
        "bot": user_object(world.user(app.id)),
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": f"{int(app.id):064x}",
        "flags": app.flags,
        "flags_new": str(app.flags),
        "install_params": {"scopes": ["applications.commands", "bot"], "permissions": str(int(BOT_INVITE))},
        "tags": [],
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": user_object(owner),
        "approximate_guild_count": len(world.guilds),
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "event_webhooks_url": None,
        "event_webhooks_status": 1,
        "event_webhooks_types": [],
        "explicit_content_filter": 0,
        "team": None,
        "eligible_oauth2_scopes": ["applications.commands", "bot", "identify"],
    }
