"""What an action would do, as a person reads it before it runs: the name, the risk, the arguments. Pure."""

import difflib
import json
from pathlib import PurePosixPath

from pydantic import JsonValue

from agent_core.policy import risk_of
from agent_core.values import Action, Arguments
from bot.render.block import Block, shown
from bot.render.escape import code, line
from bot.render.post import Attachment
from bot.render.words import data_size, language_of

_DIFF_LINES = 400
"""Longer texts are not compared line by line: that would take seconds."""
_MOST_LISTED = 15


def show_action(key: str, action: Action, *, room: int) -> Block:
    """The action with its arguments in about `room`; long ones as an excerpt and a file."""
    title = f"▸ {code(action.name, 60)} · {risk_of(action.name)}"
    if action.arguments is None:
        raw = shown(action.raw, "", f"step-{key}.txt", room=room)
        return Block(text=f"{title} · its arguments are no JSON object\n{raw.text}", files=raw.files)
    about, body = _arguments(key, action.name, action.arguments, room)
    return Block(text="\n".join(part for part in (title + about, body.text) if part), files=body.files)


def _arguments(key: str, name: str, given: Arguments, room: int) -> tuple[str, Block]:
    """What follows the title in its line, and what stands below it."""
    match name:
        case "run_python" | "run_online":
            return _places(given), shown(_text(given, "code"), "python", f"step-{key}.py", room=room)
        case "run_shell":
            return "", shown(_text(given, "command"), "sh", f"step-{key}.sh", room=room)
        case "write_file":
            return _write(given, room)
        case "edit_file":
            return _edit(key, given, room)
        case "read_file" | "list_files":
            return f" {code(_text(given, 'path') or '.', 120)}{_from(given)}", Block(text="")
        case "set_plan" | "set_contract":
            return "", Block(text=_plan(given)) if name == "set_plan" else _checks(key, given, room)
        case "ask" | "finish":
            return "", Block(text="")  # the question and the closing are posts of their own
        case "deliver":
            return f" {_names(given.get('paths'))}", Block(text="")
        case _:
            text = json.dumps(given, ensure_ascii=False, indent=1)
            return _places(given), shown(text, "json", f"step-{key}.json", room=room)


def _write(given: Arguments, room: int) -> tuple[str, Block]:
    path, content = _text(given, "path"), _text(given, "content")
    size = data_size(len(content.encode("utf-8", "replace")))
    name = PurePosixPath(path).name or "file.txt"
    return f" {code(path, 120)} ({size})", shown(content, language_of(path), name, room=room)


def _edit(key: str, given: Arguments, room: int) -> tuple[str, Block]:
    difference = _difference(_text(given, "old"), _text(given, "new"))
    return f" {code(_text(given, 'path'), 120)}", shown(difference, "diff", f"step-{key}.diff", room=room)


def _difference(old: str, new: str) -> str:
    before, after = old.split("\n"), new.split("\n")
    if len(before) + len(after) > _DIFF_LINES:
        return "\n".join([*(f"-{row}" for row in before), *(f"+{row}" for row in after)])
    rows = [row for row in difflib.unified_diff(before, after, lineterm="", n=3) if row[:2] != "@@"][2:]
    return "\n".join(rows[:-1] if rows and rows[-1] == " " else rows)


def _plan(given: Arguments) -> str:
    items = _objects(given.get("items"))
    rows = [f"{'☑' if item.get('done') is True else '☐'} {line(_text(item, 'text'))}" for item in items]
    return _listed(rows)


def _checks(key: str, given: Arguments, room: int) -> Block:
    """The checks of a contract with their code; what is too long for the room is in one file."""
    checks = _objects(given.get("checks"))
    rows: list[str] = []
    files: list[Attachment] = []
    each = max(room // max(len(checks), 1) - 80, 120)
    for number, check in enumerate(checks[:_MOST_LISTED], start=1):
        source = _text(check, "code")
        kind = " (holds already, and must go on)" if check.get("invariant") is True else ""
        if not source.strip():
            rows.append(f"☐ {line(_text(check, 'name'), 120)}{kind}: a person judges")
            continue
        body = shown(source, "python", f"check-{key}-{number}.py", room=each)
        rows.append(f"☐ {line(_text(check, 'name'), 120)}{kind}\n{body.text}")
        files += body.files
    text = "\n".join(rows)
    if len(checks) <= 4 and len(text) <= room + 400:
        return Block(text=text, files=tuple(files))
    names = [f"☐ {line(_text(check, 'name'), 80)}" for check in checks]
    whole = "\n\n".join(f"# {_text(check, 'name')}\n{_text(check, 'code')}" for check in checks)
    attached = Attachment(name=f"checks-{key}.py", content=whole.encode("utf-8", "replace"))
    return Block(text=_listed(names), files=(attached,))


def _listed(rows: list[str]) -> str:
    left = len(rows) - _MOST_LISTED
    return "\n".join([*rows[:_MOST_LISTED], *([f"… and {left} more"] if left > 0 else [])])


def _places(given: Arguments) -> str:
    places = given.get("hosts") or given.get("packages")
    return f" {_names(places)}" if places else ""


def _names(value: JsonValue) -> str:
    names = [str(name) for name in value] if isinstance(value, list) else []
    shown_names = ", ".join(code(name, 80) for name in names[:10])
    return shown_names + (f" and {len(names) - 10} more" if len(names) > 10 else "")


def _from(given: Arguments) -> str:
    offset = given.get("offset")
    return f" from line {offset:,} on" if isinstance(offset, int) and offset else ""


def _text(given: Arguments, name: str) -> str:
    value = given.get(name)
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _objects(value: JsonValue) -> list[Arguments]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
