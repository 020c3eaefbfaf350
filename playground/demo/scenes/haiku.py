"""Haiku: a small text without any code, so nobody has to press anything."""

from __future__ import annotations

from hashlib import blake2b

from playground.demo.acts import hand_over, write
from playground.demo.script import Scene, Script

_FIRST = ("The kettle murmurs", "A cursor blinking", "Rain on the window", "The build has turned green")
_SECOND = (
    "a thread unrolls in the dark",
    "somebody presses a tick",
    "one small script waits for its turn",
    "all of the checks hold their breath",
)
_THIRD = ("and the work begins", "then a file arrives", "morning finds it done", "the log falls silent")


def play(scene: Scene) -> Script:
    """Three lines, picked by the words of the goal."""
    dice = blake2b(scene.goal.encode(), digest_size=3).digest()
    lines = [_FIRST[dice[0] % 4], _SECOND[dice[1] % 4], _THIRD[dice[2] % 4]]
    poem = "\n".join(lines)
    yield scene.turn(
        "I write it down.", scene.set_plan("Write", "Hand it over"), write("haiku.md", poem + "\n")
    )
    yield from hand_over(scene, "Three lines.", ["haiku.md"], "A haiku")
    return "\n".join(f"> {line}" for line in lines)
