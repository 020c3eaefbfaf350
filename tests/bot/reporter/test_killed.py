"""The reporter dies after each of its effects in turn, and a new one goes on: the thread does not show it.

Discord has forgotten every nonce by then, so only the record and the markers keep posts from coming twice.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

import discord

from agent_core.control import Control, Prefix
from agent_core.events import ActionStarted, Decided, Delivered, Ended, Observed, Proposed, QuestionAsked
from agent_core.storage import Asks, Posts
from agent_core.values import NamedFile, Observation, Person, SessionRef, Status
from bot.discord_api import DiscordApi
from bot.reporter import Reporter
from tests.bot.render.story import Story, action, thought
from tests.bot.reporter.conftest import EAGER, Scene

T = TypeVar("T")

NONCES_FORGOTTEN_S = 600
MOST_EFFECTS = 200


class KilledError(Exception):
    """Stands for the end of the process: nobody catches it."""


class Fuse:
    """Burns down by one with each effect."""

    def __init__(self, effects: int) -> None:
        self.left = effects

    def burn(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise KilledError


class MortalApi(DiscordApi):
    """Dies when Discord has done what was asked, before anybody hears of it."""

    def __init__(self, client: discord.Client, fuse: Fuse) -> None:
        super().__init__(client)
        self._fuse = fuse

    async def call(self, work: Callable[[], Awaitable[T]]) -> T:
        done = await super().call(work)
        self._fuse.burn()
        return done


class MortalPosts(Posts):
    """Dies when Redis has written."""

    def __init__(self, posts: Posts, fuse: Fuse) -> None:
        self._posts = posts
        self._fuse = fuse

    async def archived(self, ref: SessionRef) -> bool:
        return await self._posts.archived(ref)

    async def cursor(self, ref: SessionRef) -> int:
        return await self._posts.cursor(ref)

    async def all(self, ref: SessionRef) -> dict[str, str]:
        return await self._posts.all(ref)

    async def set_cursor(self, ref: SessionRef, version: int) -> None:
        await self._posts.set_cursor(ref, version)
        self._fuse.burn()

    async def is_waited_for(self, ref: SessionRef) -> bool:
        waited = await self._posts.is_waited_for(ref)
        self._fuse.burn()
        return waited

    async def put(self, ref: SessionRef, part: str, message_id: str, asks: Asks | None = None) -> None:
        await self._posts.put(ref, part, message_id, asks)
        self._fuse.burn()


async def full_story(scene: Scene, files: tuple[NamedFile, ...]) -> Story:
    """A session in which everything that a thread can show happens."""
    ann = Person(id=scene.users["robin"], name="Robin")
    story = await scene.story(starter=ann)
    said = await scene.do("POST", "messages", channel_id=story.thread_id, user_id=ann.id, content="use blue")
    run = action("run_python", code="print('hello')\n")
    story.add(
        thought(1, "word " * 500, run, heard=(said["id"],)),
        Proposed(action="1.1", why="the first run of a goal asks", rule="every `run_python`", plan_card=True),
    )
    story.add(Decided(action="1.1", person=ann, how="once"))
    story.add(ActionStarted(action="1.1", run_id="r"))
    story.add(Observed(action="1.1", observation=Observation(text="exit code 0\n" + "line\n" * 300)))
    story.add(thought(2, "Which?", action("ask", question="Which?")))
    story.add(QuestionAsked(action="2.1", question="Which?", options=("red", "blue")))
    story.add(Observed(action="2.1", observation=Observation(text="Robin answers: blue")))
    story.add(Delivered(files=files, note="Here."))
    story.add(Ended(status=Status.FINISHED, summary="Done.", checked=False))
    return story


def mortal(scene: Scene, fuse: Fuse) -> Reporter:
    storage = replace(scene.storage, posts=MortalPosts(scene.storage.posts, fuse))
    control = Control(
        storage=storage, engine=scene.engine, clock=scene.clock, prefix=Prefix(model="", system="", tools=())
    )
    return Reporter(
        api=MortalApi(scene.client, fuse),
        control=control,
        clock=scene.clock,
        again=scene.engine.report,
        pace=EAGER,
    )


async def thread(scene: Scene, story: Story) -> list[tuple[object, ...]]:
    """What people see: text, files, emoji and what it answers, with the story's own names left out."""
    return [
        (
            message["content"].rsplit("\n", 1)[0],
            [file["filename"] for file in message["attachments"]],
            [one["emoji"]["name"] for one in message.get("reactions", [])],
        )
        for message in await scene.messages(story.thread_id)
    ]


async def killed_after(scene: Scene, files: tuple[NamedFile, ...], effects: int) -> tuple[bool, Story]:
    """A story reported by a reporter that dies after so many effects; whether it lived to the end."""
    story = await full_story(scene, files)
    await scene.write(story)
    try:
        await mortal(scene, Fuse(effects)).report(story.ref)
    except KilledError:
        return False, story
    return True, story


async def test_every_post_is_there_once_wherever_the_reporter_died(scene: Scene):
    stored = [await scene.storage.blobs.put_bytes(scene.guild_id, data) for data in (b"a", b"bb")]
    files = tuple(NamedFile(path=f"{one.size}.txt", file=one) for one in stored)
    lived, whole = await killed_after(scene, files, MOST_EFFECTS)
    assert lived
    expected = await thread(scene, whole)
    assert len(expected) == 2 + len(whole.drafts())  # the person's message and the card
    deaths = 0
    for effects in range(1, MOST_EFFECTS):
        lived, story = await killed_after(scene, files, effects)
        if lived:
            break
        deaths += 1
        await scene.do("POST", "clock", advance_s=NONCES_FORGOTTEN_S)
        newest = (await scene.messages(story.thread_id))[-1]["id"]
        await scene.storage.posts.put(story.ref, "seen", newest)  # others keep their ids there too
        await scene.reporter().report(story.ref)
        assert await thread(scene, story) == expected, f"killed after {effects} effects"
    assert deaths > 40


async def test_dying_again_and_again_is_no_different(scene: Scene):
    lived, whole = await killed_after(scene, (), MOST_EFFECTS)
    assert lived
    expected = await thread(scene, whole)
    _, story = await killed_after(scene, (), 1)
    for _ in range(MOST_EFFECTS):
        await scene.do("POST", "clock", advance_s=NONCES_FORGOTTEN_S)
        try:
            await mortal(scene, Fuse(10)).report(story.ref)
        except KilledError:
            continue
        break
    assert await thread(scene, story) == expected
