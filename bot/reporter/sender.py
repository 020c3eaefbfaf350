"""Puts one session's posts into its thread, each once, whenever the process may have died before.

Before a post is sent, its part is recorded as SENDING; after it, with its message id. So a part that is still
SENDING may be in the thread or not: then the thread is read back, and the marker lines of our messages tell.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

import structlog

from agent_core.storage import Asks, Storage
from agent_core.storage.posts import GONE
from agent_core.values import SessionRef
from bot.discord_api import (
    DiscordApi,
    DiscordError,
    ForbiddenError,
    GoneError,
    LockedError,
    RejectedError,
    TooLargeError,
    Upload,
)
from bot.render.escape import code, line
from bot.render.marker import carries, nonce, short_id, with_marker, with_note
from bot.render.page import Asked
from bot.render.post import Draft, Edit, Receipts, Rename, Showing
from bot.reporter.uploads import over_limit, prepared, size_of

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

T = TypeVar("T")

WAITS, READ = "👀", "✅"
"""The receipts on a person's message: stored, and taken by a step."""
SENDING = "0"
"""In place of a message id; a number, as every id is."""
RENAME_WITHIN_S = 15.0
_PAGE = 100
_OURS = re.compile(r"\d+\.|card")
"""How the keys of posts begin; the record holds other ids too."""
_MOST_PAGES = 100
MOST_COPIES = 3
_DELETED = "-# here again, because it was deleted: that decides nothing"


class DeletedError(Exception):
    """People keep deleting what a session needs in its thread; the text says what."""


class Sender:
    """One session's thread, for as long as one report of it runs."""

    def __init__(
        self, *, api: DiscordApi, storage: Storage, ref: SessionRef, thread_id: str, record: dict[str, str]
    ) -> None:
        self._api = api
        self._storage = storage
        self._ref = ref
        self._thread_id = thread_id
        self._record = record

    def message_id(self, key: str) -> str | None:
        """The message of a post that is known to be there."""
        message_id = self._record.get(key, SENDING)
        return None if message_id == SENDING else message_id

    async def show(self, showing: Showing, upload_limit: int) -> None:
        """Do what the thread is to show. Twice does no harm. Raises DiscordError."""
        match showing:
            case Draft():
                await self._post(showing, upload_limit)
            case Edit():
                await self.change(showing.key, showing.text)
            case Receipts():
                for message_id in showing.message_ids:
                    await self._receipt(message_id)
            case Rename():
                await self._rename(showing.name)

    async def once(
        self,
        key: str,
        name: str,
        text: str,
        *,
        nonce: str,
        uploads: Sequence[Upload] = (),
        asks: Asks | None = None,
        mention: str | None = None,
        reply_to: str | None = None,
    ) -> str:
        """Post this unless it is there; the id of its message. `name` is what its marker line ends with."""
        if known := self.message_id(key):
            return known
        found = None
        if key in self._record:
            found = await self._find(name)
        else:
            await self._put(key, SENDING)
        if found is None:
            sent = await self._api.send(
                self._thread_id, text, nonce=nonce, files=uploads, mention=mention, reply_to=reply_to
            )
            found = sent.id
        await self._put(key, found, asks)
        return found

    async def again(self, asked: Asked, upload_limit: int) -> None:
        """Post once more what waits for an answer, where people deleted it; at most three times.

        Raises DeletedError where they went on deleting it.
        """
        draft, copies = asked.draft, range(1, MOST_COPIES + 1)
        if not self._is_gone(draft.key):
            return
        parts = [f"{draft.part}r{number}" for number in copies]
        part = next((one for one in parts if not self._is_gone(f"{draft.version}.{one}")), None)
        if part is None:
            raise DeletedError("What waits for an answer was deleted again and again.")
        body = draft.text.rsplit("\n", 1)[0]
        text = with_marker(body, asked.about, short_id(self._ref, draft.version, part))
        copy = replace(draft, part=part, text=with_note(text, [_DELETED]), mention=None)
        await self._post(copy, upload_limit)
        if message_id := self.message_id(copy.key):
            await self._put(draft.key, message_id, draft.asks)

    def _is_gone(self, key: str) -> bool:
        return f"{GONE}{self._record.get(key, SENDING)}" in self._record

    async def change(self, key: str, text: str) -> bool:
        """Give a post of ours another text; False where it is not there any more."""
        message_id = self.message_id(key)
        if message_id is None:
            return False
        try:
            await self._opened(lambda: self._api.edit(self._thread_id, message_id, text))
        except GoneError as error:
            if not error.message_only:
                raise
            return False
        return True

    async def content(self, key: str) -> str | None:
        """What a post of ours says now; None where it is not there any more."""
        message_id = self.message_id(key)
        if message_id is None:
            return None
        try:
            return (await self._api.message(self._thread_id, message_id)).content
        except GoneError as error:
            if not error.message_only:
                raise
            return None

    async def _post(self, draft: Draft, upload_limit: int) -> None:
        reply_to = self.message_id(draft.reply_to) if draft.reply_to else None
        async with prepared(draft.files, self._storage.blobs, self._ref.guild_id, upload_limit) as files:
            text = with_note(draft.text, files.notes)
            message_id = await self._sent(draft, text, files.uploads, upload_limit, reply_to)
            await self._verify(draft, message_id, files.uploads)
        await self._offer(draft, message_id)

    async def _sent(
        self, draft: Draft, text: str, uploads: Sequence[Upload], upload_limit: int, reply_to: str | None
    ) -> str:
        """Post the draft; what Discord refuses of it is left out, and that is said."""

        def once(text: str, uploads: Sequence[Upload]) -> Awaitable[str]:
            return self.once(
                draft.key,
                short_id(self._ref, draft.version, draft.part),
                text,
                nonce=nonce(self._ref, draft.version, draft.part),
                uploads=uploads,
                asks=draft.asks,
                mention=draft.mention,
                reply_to=reply_to,
            )

        try:
            return await once(text, uploads)
        except TooLargeError:
            notes = [over_limit(file, upload_limit) for file in draft.files]
            return await once(with_note(draft.text, notes), ())
        except ForbiddenError:
            if not uploads:
                raise
            note = "⚠️ I may not attach files here (Attach Files): they are kept, see `/files`."
            return await once(with_note(draft.text, [note]), ())
        except RejectedError as error:
            log.warning("post refused", session=str(self._ref), post=draft.key, reason=str(error))
            marker = draft.text.rsplit("\n", 1)[-1]
            return await once(with_note(marker, [f"⚠️ A post was refused. {line(str(error), 300)}"]), ())

    async def _verify(self, draft: Draft, message_id: str, uploads: Sequence[Upload]) -> None:
        """Read the message back; files that did not arrive are sent once more, and that is said."""
        missing = await self._missing(message_id, uploads)
        if not missing:
            return
        log.warning("files missing", session=str(self._ref), post=draft.key, files=len(missing))
        part = f"{draft.part}again"
        name = short_id(self._ref, draft.version, part)
        names = ", ".join(code(upload.name, 60) for upload in missing)
        marker = f"-# sent again · {name}"
        again = await self.once(
            f"{draft.key}again",
            name,
            with_note(marker, [f"⚠️ Not attached above, so here again: {names}"]),
            nonce=nonce(self._ref, draft.version, part),
            uploads=missing,
        )
        if still := await self._missing(again, missing):
            lost = ", ".join(code(upload.name, 60) for upload in still)
            text = with_note(marker, [f"⚠️ Discord did not keep {lost}: see `/files`."])
            await self.change(f"{draft.key}again", text)

    async def _missing(self, message_id: str, uploads: Sequence[Upload]) -> list[Upload]:
        """Which of the files the message does not hold, by their sizes: Discord may change a name."""
        if not uploads:
            return []
        try:
            message = await self._api.message(self._thread_id, message_id)
        except GoneError as error:
            if not error.message_only:
                raise
            return []  # somebody deleted it: that is their choice
        there = Counter(attachment.size for attachment in message.attachments)
        missing: list[Upload] = []
        for upload in uploads:
            size = await size_of(upload)
            if there[size]:
                there[size] -= 1
            else:
                missing.append(upload)
        return missing

    async def _find(self, name: str) -> str | None:
        """Our message with this marker, among those after the last one that is recorded."""
        known = [int(sent) for key, sent in self._record.items() if _OURS.match(key)]
        after = str(max([*known, int(self._thread_id)]))
        for _ in range(_MOST_PAGES):
            page = await self._api.history(self._thread_id, after=after, limit=_PAGE)
            for message in page:
                if str(message.author.id) == self._api.me and carries(message.content, name):
                    return str(message.id)
            if len(page) < _PAGE:
                return None
            after = str(page[-1].id)
        return None

    async def _put(self, key: str, message_id: str, asks: Asks | None = None) -> None:
        await self._storage.posts.put(self._ref, key, message_id, asks)
        self._record[key] = message_id

    async def _offer(self, draft: Draft, message_id: str) -> None:
        """Put the emoji under a post that asks something, in their order."""
        try:
            for emoji in draft.reactions:
                await self._opened(partial(self._api.react, self._thread_id, message_id, emoji))
        except GoneError as error:
            if not error.message_only:
                raise
        except ForbiddenError:
            key = f"{draft.key}emoji"
            name = short_id(self._ref, draft.version, f"{draft.part}emoji")
            emoji = " ".join(draft.reactions)
            note = f"⚠️ I may not add reactions here (Add Reactions). Add one of these above yourself: {emoji}"
            text = with_note(f"-# no emoji · {name}", [note])
            await self.once(key, name, text, nonce=nonce(self._ref, draft.version, f"{draft.part}emoji"))

    async def _receipt(self, message_id: str) -> None:
        """Turn the receipt of a person's message. Only a courtesy: what cannot be shown is left.

        The old one may be off already, and the message may be deleted or no message at all.
        """
        for turn, emoji in ((self._api.unreact, WAITS), (self._api.react, READ)):
            try:
                await self._opened(partial(turn, self._thread_id, message_id, emoji))
            except (GoneError, ForbiddenError, RejectedError) as error:
                log.debug("receipt not turned", session=str(self._ref), reason=str(error))

    async def _rename(self, name: str) -> None:
        """Name the thread for the last time. Only a courtesy, and Discord may make one wait for minutes."""
        try:
            async with asyncio.timeout(RENAME_WITHIN_S):
                await self._api.rename(self._thread_id, name)
        except (DiscordError, TimeoutError) as error:
            log.info("thread not renamed", session=str(self._ref), reason=str(error))

    async def _opened(self, call: Callable[[], Awaitable[T]]) -> T:
        """Do this to the thread; where it is only archived, open it first."""
        try:
            return await call()
        except LockedError as error:
            if not error.archived_only:
                raise
        await self._api.unarchive(self._thread_id)
        return await call()
