"""The world as a newcomer meets it: one server, four people, two channels."""

from playground.actions.members import add_person, new_guild, new_person
from playground.permissions import Permission
from playground.world import World

GUILD_NAME = "Goalkeeper playground"
OWNER = "Robin"
LOOK_ONLY = int(Permission.VIEW_CHANNEL | Permission.READ_MESSAGE_HISTORY)
OTHERS = (("Sasha", None), ("Kim", None), ("Guest", LOOK_ONLY))
"""Name, permissions in place of @everyone's."""


def make_first_world(world: World) -> None:
    """Fill an empty world."""
    with world.change():
        owner = new_person(world, OWNER)
        guild = new_guild(world, GUILD_NAME, owner, ("general", "playground"))
        for name, permissions in OTHERS:
            person = new_person(world, name)
            add_person(world, guild.id, person, permissions=permissions)
