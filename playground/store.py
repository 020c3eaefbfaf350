"""The world on disk: one SQLite file (WAL) and a folder of attachments beside it.

Invariant: a file is whole and synced before the message that names it is committed, and there until the
message's end is.
"""

import os
import secrets
import sqlite3
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter

from playground.entities import (
    Application,
    Channel,
    Command,
    Guild,
    Interaction,
    Member,
    Message,
    Role,
    User,
)
from playground.errors import PlaygroundError

Thing = User | Role | Member | Guild | Channel | Message | Application | Command | Interaction
T = TypeVar("T")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS things (kind TEXT, id TEXT, body TEXT NOT NULL, PRIMARY KEY (kind, id))
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
_KINDS: tuple[type[Thing], ...] = (
    User, Role, Member, Guild, Channel, Message, Application, Command, Interaction,
)  # fmt: skip


class Store:
    """Owns the data directory. Raises PlaygroundError where it cannot be used."""

    def __init__(self, data_dir: Path) -> None:
        self._files = data_dir / "files"
        self._staging = data_dir / "staging"
        self._discarded: list[str] = []
        self._adapters = {kind: TypeAdapter(kind) for kind in _KINDS}
        try:
            self._files.mkdir(parents=True, exist_ok=True)
            self._staging.mkdir(exist_ok=True)
            for left_over in self._staging.iterdir():
                left_over.unlink()
            self._db = sqlite3.connect(data_dir / "world.sqlite3", timeout=0.5)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._db.executescript(_SCHEMA)
            self._db.execute("INSERT OR REPLACE INTO meta VALUES ('opened', '1')")
            self._db.commit()
        except (OSError, sqlite3.Error) as error:
            reason = "another playground uses it" if "locked" in str(error) else str(error)
            raise PlaygroundError(
                f"The playground cannot use the folder {str(data_dir)!r} ({reason}): "
                "choose a folder that you may write to with DATA_DIR."
            ) from error

    def load(self, kind: type[T]) -> list[T]:
        """Everything of one kind, oldest id first."""
        adapter = self._adapters[kind]  # type: ignore[index]
        rows = self._db.execute(
            "SELECT body FROM things WHERE kind = ? ORDER BY length(id), id", (kind.__name__,)
        )
        return [adapter.validate_json(body) for (body,) in rows]  # type: ignore[misc]

    def save(self, thing: Thing) -> None:
        """Write a thing; durable with the next commit."""
        body = self._adapters[type(thing)].dump_json(thing).decode()
        self._db.execute(
            "INSERT OR REPLACE INTO things VALUES (?, ?, ?)", (type(thing).__name__, thing.id, body)
        )

    def drop(self, thing: Thing) -> None:
        """Remove a thing; durable with the next commit."""
        self._db.execute("DELETE FROM things WHERE kind = ? AND id = ?", (type(thing).__name__, thing.id))

    def commit(self) -> None:
        """Make everything since the last commit durable, then remove what files nothing names."""
        self._db.commit()
        gone, self._discarded = self._discarded, []
        for attachment_id in gone:
            self.file(attachment_id).unlink(missing_ok=True)

    def meta(self, key: str, default: str) -> str:
        """A setting of the world; stored with its default when it was not there."""
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        if row is not None:
            return str(row[0])
        self.set_meta(key, default)
        return default

    def set_meta(self, key: str, value: str) -> None:
        """Store a setting of the world; durable at once."""
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))
        self._db.commit()

    def stage(self, data: bytes) -> Path:
        """Write bytes to a synced temporary file. Blocks: call it off the event loop."""
        path = self._staging / secrets.token_hex(16)
        with path.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return path

    def adopt(self, staged: Path, attachment_id: str) -> None:
        """Make a staged file the bytes of an attachment."""
        staged.replace(self.file(attachment_id))

    def discard(self, attachment_id: str) -> None:
        """Remove an attachment's bytes with the next commit."""
        self._discarded.append(attachment_id)

    def file(self, attachment_id: str) -> Path:
        """Where an attachment's bytes lie."""
        return self._files / attachment_id

    def close(self) -> None:
        """Commit and let go of the folder."""
        self._db.commit()
        self._db.close()
