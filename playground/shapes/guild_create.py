"""The GUILD_CREATE of the gateway: a guild with all that a bot sees of it."""

from playground.clock import iso
from playground.entities import Guild
from playground.events import Viewer
from playground.shapes.people import member_object
from playground.shapes.places import channel_object, guild_object, thread_object
from playground.wire import Payload
from playground.world import World

LARGE = 50
"""Members from which a guild is large where a client does not say."""


def guild_create(world: World, guild: Guild, viewer: Viewer) -> Payload:
    """Roles, the channels and open threads that the viewer sees; in large guilds itself, else all members."""
    viewer_id = viewer.user_id
    members = world.guild_members(guild.id)
    with_all = viewer.large_from is None or len(members) <= viewer.large_from
    own = world.members.get((guild.id, viewer_id))
    threads = [thread for thread in world.active_threads(guild.id) if world.can_see(thread, viewer_id)]
    return guild_object(world, guild) | {
        "joined_at": iso(own.joined_at if own else world.clock.now()),
        "large": len(members) > (viewer.large_from or LARGE),
        "unavailable": False,
        "member_count": len(members),
        "members": [
            member_object(world, member) for member in members if with_all or member.user_id == viewer_id
        ],
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
