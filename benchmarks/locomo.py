"""Conversations with questions, in the format of the LoCoMo benchmark.

A file is a list of samples: `conversation` holds `session_1`, `session_1_date_time` and so on, each session a
list of turns {speaker, dia_id, text, blip_caption?}; `qa` holds {question, evidence, category}, the evidence
as ids of turns. Real files write several ids into one string, name turns that are not there, or none.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

SMALL = Path(__file__).parent / "data" / "conversations.json"
"""A small set of our own."""

_TURN_S = 20.0
_SESSION = re.compile(r"session_(\d+)")
_ID = re.compile(r"D(\d+)\s*:\s*0*(\d+)", re.IGNORECASE)
_TIMES = ("%I:%M %p on %d %B, %Y", "%I:%M %p on %d %B %Y", "%d %B, %Y", "%Y-%m-%d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One message."""

    id: str
    speaker: str
    text: str
    at: float
    session: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question, and the turns that answer it."""

    text: str
    evidence: frozenset[str]
    category: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One conversation."""

    name: str
    turns: tuple[Turn, ...]
    questions: tuple[Question, ...]


def read(path: Path) -> list[Sample]:
    """Every conversation of a file. Raises ValueError where it holds none."""
    data: Any = json.loads(path.read_text(encoding="utf-8"))
    rows = cast("list[Any]", data if isinstance(data, list) else [data])
    samples = [_sample(number, row) for number, row in enumerate(rows, start=1) if _is_sample(row)]
    if not samples:
        raise ValueError(f"{path} holds no conversation in the format of LoCoMo.")
    return samples


def _is_sample(row: Any) -> bool:
    return isinstance(row, dict) and "conversation" in row


def _sample(number: int, row: Mapping[str, Any]) -> Sample:
    turns = _turns(row["conversation"])
    known = {turn.id for turn in turns}
    questions: list[Question] = []
    for asked in cast("list[dict[str, Any]]", row.get("qa") or []):
        evidence = frozenset(_ids(asked.get("evidence"))) & known
        if evidence and asked.get("question"):
            category = str(asked.get("category", ""))
            questions.append(Question(text=str(asked["question"]), evidence=evidence, category=category))
    name = str(row.get("sample_id", number))
    return Sample(name=name, turns=turns, questions=tuple(questions))


def _turns(conversation: Mapping[str, Any]) -> tuple[Turn, ...]:
    numbers = sorted(
        int(found[1])
        for key, value in conversation.items()
        if (found := _SESSION.fullmatch(key)) and isinstance(value, list)
    )
    turns: list[Turn] = []
    for number in numbers:
        began = _time(str(conversation.get(f"session_{number}_date_time", "")), number)
        for place, turn in enumerate(conversation[f"session_{number}"]):
            caption = turn.get("blip_caption")
            text = str(turn.get("text") or "")
            if caption:
                text = f"{text} [shares a picture: {caption}]".strip()
            ids = _ids(turn.get("dia_id")) or [f"D{number}:{place + 1}"]
            if text:
                at = began + place * _TURN_S
                speaker = str(turn.get("speaker", ""))
                turns.append(Turn(id=ids[0], speaker=speaker, text=text, at=at, session=number))
    return tuple(turns)


def _ids(value: Any) -> list[str]:
    """`["D1:3; D1:04", "D2:1 D2:2"]` as four ids."""
    texts = [value] if isinstance(value, str) else list(value or [])
    return [f"D{int(session)}:{int(turn)}" for text in texts for session, turn in _ID.findall(str(text))]


def _time(text: str, number: int) -> float:
    for pattern in _TIMES:
        try:
            return datetime.strptime(text.strip(), pattern).replace(tzinfo=UTC).timestamp()
        except ValueError:
            continue
    return datetime(2024, 1, 1, tzinfo=UTC).timestamp() + number * 86_400.0
