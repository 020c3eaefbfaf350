"""The message of a step: what the model thought, then the actions that it asked for. Pure."""

import json

from agent_core.events import Thought
from agent_core.session.pending import keyed
from agent_core.values import Action
from bot.render.actions import show_action
from bot.render.block import Block
from bot.render.escape import prose
from bot.render.post import Attachment
from bot.render.split import first_part, size

THOUGHT_ROOM = 3000
STEP_ROOM = 5400
"""Three messages: a longer step is an excerpt and a file."""
_MOST_TITLES = 20


def show_step(event: Thought) -> Block:
    """The thought and its actions."""
    thought = show_thought(event.step, event.text)
    actions = keyed(event.step, event.actions)
    if not actions:
        return thought if thought.text else Block(text="*(an empty reply)*")
    each = min(max((STEP_ROOM - size(thought.text)) // len(actions) - 100, 160), 1300)
    blocks = [show_action(key, action, room=each) for key, action in actions]
    text = "\n".join(block.text for block in [thought, *blocks] if block.text)
    if size(text) <= STEP_ROOM:
        return Block(text=text, files=tuple(file for block in [thought, *blocks] for file in block.files))
    titles = [block.text.split("\n", 1)[0] for block in blocks]
    left = len(titles) - _MOST_TITLES
    more = [f"… and {left} more"] if left > 0 else []
    whole = Attachment(name=f"step-{event.step}.md", content=_in_full(actions).encode("utf-8", "replace"))
    return Block(text="\n".join([thought.text, *titles[:_MOST_TITLES], *more]), files=(*thought.files, whole))


def show_thought(step: int, text: str) -> Block:
    """The thought's words; the whole as a file where they are too long to follow in a thread."""
    words = prose(text)
    if size(words) <= THOUGHT_ROOM:
        return Block(text=words)
    whole = Attachment(name=f"thought-{step}.md", content=text.encode("utf-8", "replace"))
    return Block(text=first_part(words, THOUGHT_ROOM) + "\n… the rest is in the file", files=(whole,))


def _in_full(actions: list[tuple[str, Action]]) -> str:
    """Every action with all of its arguments, as a file for people."""
    parts: list[str] = []
    for key, action in actions:
        parts.append(f"# {key} {action.name}")
        for name, value in (action.arguments or {"arguments": action.raw}).items():
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
            parts.append(f"## {name}\n{text}")
    return "\n\n".join(parts)
