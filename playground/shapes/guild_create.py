"""The GUILD_CREATE of the gateway: a guild with all that a bot sees of it."""

from playground.clock import iso
from playground.entities import Guild
from playground.shapes.people import member_object
from playground.shapes.places import channel_object, guild_object, thread_object
from playground.wire import Payload
from playground.world import World


def guild_create(world: World, guild: Guild, viewer_id: str) -> Payload:
    """Roles, members, and the channels and open threads that the viewer sees."""
    members = world.guild_members(guild.id)
    own = world.members.get((guild.id, viewer_id))
    threads = [thread for thread in world.active_threads(guild.id) if world.can_see(thread, viewer_id)]
    return guild_object(world, guild) | {
        "joined_at": iso(own.joined_at if own else world.clock.now()),
        "large": False,
        "unavailable": False,
        "member_count": len(members),
        "members": [member_object(world, member) for member in members],
        "channels": [
            channel_object(world, channel, viewer_id=viewer_id) for channel in world.guild_channels(guild.id)
        ],
        "threads": [thread_object(world, thread, viewer_id=viewer_id) for thread in threads],
        "presences": [],
        "voice_states": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }
