"""Everything that outlives a process: journals, inboxes, files, and what is needed to find them again.

`Storage` is the door. The only package that knows a key or speaks to Redis, apart from the engine.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from agent_core.errors import StartError, StoreUnavailableError
from agent_core.storage.bell import Bell
from agent_core.storage.blobs import BlobStore, BlobWriter
from agent_core.storage.bucket import Bucket
from agent_core.storage.budgets import Budgets
from agent_core.storage.calendar import Calendar
from agent_core.storage.chronicle import Chronicle
from agent_core.storage.facts import Facts
from agent_core.storage.forgetting import Forgetting
from agent_core.storage.hearing import Hearing
from agent_core.storage.inbox import Inbox
from agent_core.storage.index import Index
from agent_core.storage.journal import Journal
from agent_core.storage.posts import Asks, Posts
from agent_core.storage.redis import StoreWarning, check_server, connected
from agent_core.storage.retention import Retention
from agent_core.storage.rubbish import Rubbish
from agent_core.storage.rules import Rules
from agent_core.storage.states import States
from agent_core.storage.turnstile import Turnstile

__all__ = [
    "Asks",
    "BlobStore",
    "BlobWriter",
    "Budgets",
    "Calendar",
    "Chronicle",
    "Facts",
    "Forgetting",
    "Hearing",
    "Inbox",
    "Index",
    "Journal",
    "Posts",
    "Retention",
    "Rubbish",
    "Rules",
    "States",
    "Storage",
    "StoreWarning",
    "Turnstile",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """All stores of one installation."""

    journal: Journal
    retention: Retention
    rubbish: Rubbish
    states: States
    inbox: Inbox
    blobs: BlobStore
    index: Index
    posts: Posts
    hearing: Hearing
    turnstile: Turnstile
    rules: Rules
    forgetting: Forgetting
    budgets: Budgets
    facts: Facts
    calendar: Calendar
    ledger: Chronicle
    experiments: Chronicle
    skills: Chronicle
    lessons: Chronicle
    warnings: tuple[StoreWarning, ...] = ()
    """Settings of this Redis that could lose what was acknowledged; for the host."""

    @classmethod
    @asynccontextmanager
    async def open(
        cls, redis_url: str, blob_dir: Path, blob_url: str | None = None
    ) -> AsyncGenerator["Storage"]:
        """Connect, and check that this Redis can be trusted.

        `blob_url`: an object store for the blobs, of which `blob_dir` is then only a cache.
        Raises StartError where it cannot, where it does not answer, or where the folder cannot be written.
        """
        blobs = BlobStore(blob_dir, Bucket.at(blob_url) if blob_url else None)
        try:
            await blobs.open()
        except StoreUnavailableError as error:
            mend = f"Make {blob_dir} writable, or set DATA_DIR to another folder."
            if blob_url:
                mend = f"{mend} Look at BLOB_URL and the variables that hold its credentials too."
            raise StartError(f"{error} {mend}") from error
        async with (
            connected(redis_url, repeat=False) as once,
            connected(redis_url, repeat=True) as redis,
            Bell(redis) as bell,
        ):
            warnings = await check_server(once, redis_url)
            journal = Journal(redis, once, blobs)
            states = States(redis, journal, blobs)
            yield cls(
                journal=journal,
                retention=Retention(redis, journal, blobs),
                rubbish=Rubbish(redis, blobs),
                states=states,
                inbox=Inbox(redis, bell),
                blobs=blobs,
                index=Index(redis),
                posts=Posts(redis),
                hearing=Hearing(redis),
                turnstile=Turnstile(redis),
                rules=Rules(redis),
                forgetting=Forgetting(redis, journal, states, blobs),
                budgets=Budgets(redis),
                facts=Facts(redis),
                calendar=Calendar(redis),
                ledger=Chronicle(redis, once, "ledger"),
                experiments=Chronicle(redis, once, "experiments"),
                skills=Chronicle(redis, once, "skills"),
                lessons=Chronicle(redis, once, "lessons"),
                warnings=warnings,
            )
