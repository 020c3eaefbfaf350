"""Who may do what. Pure: it looks at members and rules that are handed in, and asks nobody."""

from dataclasses import dataclass
from typing import Self

import discord

from agent_core.session.take import ALWAYS, DIGITS, FIVE, MORE, ONCE, REJECT, STOP
from agent_core.signals import Post
from agent_core.values import Person, Right, ServerRules

_VERBS = {
    Right.START: "start goals",
    Right.APPROVE: "decide about what the agent wants to do",
    Right.STEER: "steer goals",
    Right.CONFIGURE: "change the settings",
    Right.SPEND: "grant more budget",
}
_MEANT: dict[Post, tuple[str, ...]] = {
    "proposal": (ONCE, FIVE, ALWAYS, REJECT, STOP),
    "rule": (ALWAYS, STOP),
    "question": (*DIGITS, STOP),
    "budget": (MORE, STOP),
    "entry": (ONCE,),
    "schedule": ("⏸", "▶", "⏩", "🗑"),
}
_KEYCAP, _EMOJI_STYLE = "\u20e3", "\ufe0f"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member of a server, as far as rights go."""

    id: str
    name: str
    roles: frozenset[str]
    """Ids, @everyone among them."""
    manages: bool
    """Has Manage Server."""
    administers: bool
    """Owns the server or has Administrator: nothing is ever closed to them."""

    @classmethod
    def of(cls, member: discord.Member, also: discord.Permissions | None = None) -> Self:
        """From Discord's cache, and from the permissions that an interaction brought along."""
        granted = member.guild_permissions | (also or discord.Permissions.none())
        return cls(
            id=str(member.id),
            name=member.display_name,
            roles=frozenset(str(role.id) for role in member.roles) | {str(member.guild.id)},
            manages=granted.manage_guild,
            administers=granted.administrator,
        )

    @property
    def person(self) -> Person:
        """As a session knows them."""
        return Person(id=self.id, name=self.name)


def may(member: Member, right: Right, rules: ServerRules) -> bool:
    """Whether the member holds this right."""
    if member.administers:
        return True
    roles = rules.roles.get(right, ())
    return not member.roles.isdisjoint(roles) if roles else member.manages


def may_steer(member: Member, rules: ServerRules, starter_id: str) -> bool:
    """The starter steers their own session too, for as long as they may start one."""
    own = member.id == starter_id and may(member, Right.START, rules)
    return own or may(member, Right.STEER, rules)


def may_stop(member: Member, rules: ServerRules, starter_id: str) -> bool:
    """Whoever may steer or approve can end a session."""
    return may_steer(member, rules, starter_id) or may(member, Right.APPROVE, rules)


def may_change(member: Member, maker_id: str, rules: ServerRules) -> bool:
    """Whoever made a schedule changes it, for as long as they may start goals; others need to configure."""
    own = member.id == maker_id and may(member, Right.START, rules)
    return own or may(member, Right.CONFIGURE, rules)


def meant(emoji: str, post: Post) -> str | None:
    """The emoji as the core writes it; None where it means nothing on such a post."""
    plain = emoji.replace(_EMOJI_STYLE, "")
    styled = plain.replace(_KEYCAP, f"{_EMOJI_STYLE}{_KEYCAP}")
    return styled if styled in _MEANT[post] else None


def may_press(member: Member, post: Post, emoji: str, rules: ServerRules, starter_id: str) -> bool:
    """Whether this member's press of an emoji that `meant` gave counts."""
    if emoji == STOP or post == "question":
        return may_stop(member, rules, starter_id)
    return may(member, right_of(post), rules)


def right_of(post: Post) -> Right:
    """The right that answers such a post."""
    match post:
        case "proposal" | "rule" | "entry":
            return Right.APPROVE
        case "question":
            return Right.STEER
        case "schedule":
            return Right.CONFIGURE
        case "budget":
            return Right.SPEND


def why(right: Right, rules: ServerRules) -> str:
    """One sentence for somebody without the right: what is closed to them, and who may."""
    roles = rules.roles.get(right, ())
    shown = " or ".join(f"<@&{role}>" for role in roles[:5]) + (" …" if len(roles) > 5 else "")
    who = f"members with {shown}" if roles else "members with Manage Server"
    return f"You may not {_VERBS[right]} here: only {who} may."
