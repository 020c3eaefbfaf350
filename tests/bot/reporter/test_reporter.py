"""What ends up in a real thread over the wire, whatever happens on the way."""

import asyncio

import pytest

from agent_core.control import Fork
from agent_core.events import (
    ActionStarted,
    Commit,
    Decided,
    Delivered,
    Ended,
    Observed,
    Paused,
    Proposed,
    RuleOffered,
    StopRequested,
    ThreadBound,
)
from agent_core.signals import PauseAsked
from agent_core.storage import keys
from agent_core.storage.redis import connected
from agent_core.values import NamedFile, Observation, Person, SessionRef, Status
from bot.discord_api import DiscordApi, Sent
from bot.render.card import show_card
from bot.reporter import Pace
from playground.permissions import ALL, Permission
from tests.bot.render.story import ANN, Story, action, thought
from tests.bot.reporter.conftest import Scene

RUN = action("run_python", code="print('hello')\n")
RULE = "every `run_python` in this session, without asking again"
PROPOSED = Proposed(action="1.1", why="the first run of a goal asks", rule=RULE, plan_card=True)


def observed(key: str, text: str) -> Observed:
    return Observed(action=key, observation=Observation(text=text))


def posts(story: Story) -> list[str]:
    return [draft.text for draft in story.drafts()]


def without(permission: Permission) -> int:
    return ALL & ~int(permission | Permission.ADMINISTRATOR)


async def delivered(scene: Scene, story: Story, *named: tuple[str, bytes]) -> tuple[NamedFile, ...]:
    """Hand these files over in the story's journal."""
    files = [
        NamedFile(path=path, file=await scene.storage.blobs.put_bytes(scene.guild_id, data))
        for path, data in named
    ]
    story.add(Delivered(files=tuple(files)))
    await scene.write(story)
    return tuple(files)


async def test_a_thread_shows_the_card_and_then_every_post_in_order(scene: Scene):
    story = await scene.story()
    story.add(thought(1, "Hello", RUN))
    story.add(ActionStarted(action="1.1", run_id="r"))
    story.add(observed("1.1", "exit code 0\nhello"))
    await scene.write(story)
    await scene.reporter().report(story.ref)
    card, *others = [message["content"] for message in await scene.messages(story.thread_id)]
    assert card.rsplit("\n", 1)[0] == show_card(story.thread.state, story.rules)
    assert others == posts(story)


async def test_reporting_again_adds_nothing(scene: Scene):
    story = await scene.story()
    story.add(thought(1, "Hello", RUN))
    await scene.write(story)
    reporter = scene.reporter()
    await reporter.report(story.ref)
    before = await scene.get("log")
    await reporter.report(story.ref)
    assert await scene.get("log") == before
    await scene.reporter().report(story.ref)
    assert len(await scene.messages(story.thread_id)) == 2


async def test_a_journal_shown_bit_by_bit_gives_the_same_thread(scene: Scene):
    story = await scene.story()
    story.add(thought(1, "", action("list_files"), RUN))
    story.add(observed("1.1", "The workspace is empty."))
    story.add(Proposed(action="1.2", why="the first run of a goal asks", rule=RULE))
    story.add(Decided(action="1.2", person=ANN, how="once"))
    story.add(ActionStarted(action="1.2", run_id="r"))
    story.add(observed("1.2", "exit code 0"))
    for upto in range(1, len(story.commits) + 1):
        await scene.write(story, upto)
        await scene.reporter().report(story.ref)  # as if the bot had been started in between
    contents = [message["content"] for message in await scene.messages(story.thread_id)][1:]
    changed = {edit.key: edit.text for edit in story.edits()}
    assert contents == [changed.get(draft.key, draft.text) for draft in story.drafts()]


async def test_nothing_is_shown_before_there_is_a_thread(scene: Scene):
    story = await scene.story()
    await scene.write(story, 1)
    await scene.reporter().report(story.ref)
    assert await scene.messages(story.thread_id) == []
    await scene.write(story)
    await scene.reporter().report(story.ref)
    assert len(await scene.messages(story.thread_id)) == 1


@pytest.mark.parametrize("woken_early", [False, True])
async def test_a_fork_shows_itself_in_its_own_thread_alone(scene: Scene, woken_early: bool):
    story = await scene.story()
    story.add(thought(1, "Hello", RUN))
    story.add(observed("1.1", "exit code 0"))
    await scene.write(story)
    await scene.reporter().report(story.ref)
    before = await scene.messages(story.thread_id)
    starter = await scene.api.send(scene.channel_id, "🎯", nonce="fork")
    await scene.api.thread_from(scene.channel_id, starter.id, "goal")
    fork = SessionRef(scene.guild_id, starter.id)
    order = Fork(ref=fork, source=story.ref, step=1, starter=ANN, channel_id=scene.channel_id)
    await scene.control.fork(order)
    if woken_early:  # before it has a thread
        await scene.reporter().report(fork)
    version = len(await scene.control.commits(fork)) + 1
    bound = ThreadBound(thread_id=starter.id, upload_limit=1 << 20)
    await scene.storage.journal.append(fork, Commit(version=version, at=9.0, events=(bound,)))
    await scene.reporter().report(fork)
    _, notice = [message["content"] for message in await scene.messages(starter.id)]
    assert f"goes on from step 1 of <#{story.thread_id}>" in notice
    assert await scene.messages(story.thread_id) == before


async def test_a_proposal_carries_its_emoji_in_order_and_says_what_a_press_means(scene: Scene):
    robin = Person(id=scene.users["robin"], name="Robin")
    story = await scene.story(starter=robin)
    story.add(thought(1, "", RUN), PROPOSED)
    story.add(RuleOffered(action="1.1", person=robin, rule=RULE))
    await scene.write(story)
    await scene.reporter().report(story.ref)
    card, proposal, rule = await scene.messages(story.thread_id)
    assert "reactions" not in card
    assert [one["emoji"]["name"] for one in proposal["reactions"]] == ["✅", "5️⃣", "🔁", "❌", "🛑"]
    assert [user["id"] for user in proposal["mentions"]] == [robin.id]
    assert rule["message_reference"]["message_id"] == proposal["id"]
    assert [one["emoji"]["name"] for one in rule["reactions"]] == ["🔁"]
    for message, post in ((proposal, "proposal"), (rule, "rule")):
        found = await scene.storage.posts.asked(scene.guild_id, message["id"])
        assert found is not None
        assert (found[0], found[1].post, found[1].about) == (story.ref, post, "1.1")


async def test_nobody_is_pinged_by_what_a_model_or_a_program_writes(scene: Scene):
    story = await scene.story()
    loud = f"@everyone @here <@{scene.users['sasha']}> " * 60
    story.add(thought(1, loud, RUN))
    story.add(observed("1.1", loud))
    await scene.write(story)
    await scene.reporter().report(story.ref)
    for message in await scene.messages(story.thread_id):
        assert message["mentions"] == []
        assert message["mention_everyone"] is False
        assert message["mention_roles"] == []


async def test_the_receipt_of_a_message_turns_when_a_step_has_taken_it(scene: Scene):
    story = await scene.story()
    said = await scene.do(
        "POST", "messages", channel_id=story.thread_id, user_id=scene.users["robin"], content="use blue"
    )
    await scene.api.react(story.thread_id, said["id"], "👀")
    story.add(thought(1, "Blue it is.", heard=(said["id"], "1234567890")))  # the other one was deleted
    await scene.write(story)
    await scene.reporter().report(story.ref)
    (message,) = [one for one in await scene.messages(story.thread_id) if one["id"] == said["id"]]
    assert [one["emoji"]["name"] for one in message["reactions"]] == ["✅"]


async def test_files_arrive_byte_for_byte(scene: Scene):
    story = await scene.story()
    data = {"日本語 表.csv": b"a,b\n", "empty.txt": b"", "big.bin": bytes(range(256)) * 40960}
    await delivered(scene, story, *((f"out/{name}", content) for name, content in data.items()))
    await scene.reporter().report(story.ref)
    attached = [file for message in await scene.messages(story.thread_id) for file in message["attachments"]]
    assert [await scene.download(file["url"]) for file in attached] == list(data.values())
    assert sum(file["filename"].endswith(".csv") for file in attached) == 1
    assert len(await scene.messages(story.thread_id)) == 2


async def test_a_file_over_the_limit_is_zipped_where_that_helps_and_refused_where_not(scene: Scene):
    story = await scene.story(upload_limit=10_000)
    noise = b"".join(scene.clock.now().hex().encode() + bytes([n % 251, n % 241]) for n in range(6000))
    await delivered(scene, story, ("zeros.bin", bytes(200_000)), ("noise.bin", noise[:200_000]))
    await scene.reporter().report(story.ref)
    messages = await scene.messages(story.thread_id)
    names = [file["filename"] for message in messages for file in message["attachments"]]
    assert "zeros.bin.zip" in names
    refused = [message["content"] for message in messages if "is kept, see `/files`" in message["content"]]
    assert len(refused) + len(names) == 2


async def test_files_that_did_not_arrive_are_sent_again_and_that_is_said(scene: Scene):
    class Forgetful(DiscordApi):
        """Loses the files of the first message that has some."""

        lost = False

        async def send(self, channel_id: str, content: str, **given: object) -> Sent:
            if given.get("files") and not self.lost:
                self.lost = True
                given["files"] = ()
            return await super().send(channel_id, content, **given)  # pyright: ignore[reportArgumentType]

    story = await scene.story()
    await delivered(scene, story, ("a.txt", b"aaa"), ("b.txt", b"b"))
    await scene.reporter(Forgetful(scene.client)).report(story.ref)
    *_, last = await scene.messages(story.thread_id)
    assert [file["filename"] for file in last["attachments"]] == ["a.txt", "b.txt"]
    assert "Not attached above" in last["content"]


async def test_a_file_that_the_store_has_lost_is_named(scene: Scene):
    story = await scene.story()
    (gone, _) = await delivered(scene, story, ("gone.txt", b"gone"), ("there.txt", b"there"))
    scene.storage.blobs.path(scene.guild_id, gone.file.sha256).unlink()
    await scene.reporter().report(story.ref)
    (_, message) = await scene.messages(story.thread_id)
    assert [file["filename"] for file in message["attachments"]] == ["there.txt"]
    assert "`gone.txt` is lost" in message["content"]


async def test_the_card_is_changed_only_where_it_says_something_new(scene: Scene):
    story = await scene.story()
    story.add(thought(1, "Hello", RUN))
    await scene.write(story)
    await scene.reporter().report(story.ref)
    story.add(ActionStarted(action="1.1", run_id="r"))
    await scene.write(story)
    await scene.reporter().report(story.ref)
    changes = [one for one in await scene.get("log") if one["method"] == "PATCH"]
    assert len(changes) == 1


async def test_many_commits_are_few_changes_of_the_card(scene: Scene):
    story = await scene.story()
    for step in range(1, 9):
        story.add(thought(step, f"Thought {step}."))
    await scene.write(story)
    async with scene.reporter(pace=Pace(young_s=0.05, old_s=0.05)) as reporter:
        scene.clock.stop()
        await reporter.report(story.ref)
        assert "Step 0 of" in (await scene.messages(story.thread_id))[0]["content"]
        async with asyncio.timeout(30):
            await scene.engine.reported.wait()
        scene.clock.advance(0.05)
        await reporter.report(story.ref)
    changes = [one for one in await scene.get("log") if one["method"] == "PATCH"]
    assert len(changes) == 1
    assert "Step 8 of" in (await scene.messages(story.thread_id))[0]["content"]


async def test_a_card_that_cannot_be_changed_holds_up_no_post(scene: Scene):
    story = await scene.story()
    await scene.write(story)
    await scene.reporter().report(story.ref)
    path = f"/channels/{story.thread_id}/messages/"
    await scene.do("POST", "faults", kind="status", count=1000, method="PATCH", path=path, code=503)
    story.add(thought(1, "One."))
    story.add(thought(2, "Two."))
    await scene.write(story)
    api = DiscordApi(scene.client, deadline_s=0.3)
    async with scene.reporter(api) as reporter:
        await reporter.report(story.ref)
        assert len(await scene.messages(story.thread_id)) == 3
        await scene.do("DELETE", "faults")
        async with asyncio.timeout(30):
            await scene.engine.reported.wait()
        scene.clock.advance(60)
        await reporter.report(story.ref)
    assert "Step 2 of" in (await scene.messages(story.thread_id))[0]["content"]


async def test_a_deleted_card_comes_back_until_people_have_deleted_it_too_often(scene: Scene):
    story = await scene.story()
    await scene.write(story)
    robin = scene.users["robin"]
    for step in range(1, 6):
        await scene.reporter().report(story.ref)
        cards = [one for one in await scene.messages(story.thread_id) if "-# status" in one["content"]]
        assert len(cards) == (1 if step < 5 else 0)
        for card in cards:
            await scene.do("DELETE", f"messages/{story.thread_id}/{card['id']}?user_id={robin}")
        story.add(thought(step, f"Thought {step}."))
        await scene.write(story)
    (signal,) = [one for _, one in await scene.storage.inbox.fresh(story.ref, "")]
    assert isinstance(signal, PauseAsked)
    assert "deleted" in signal.reason


async def test_an_archived_thread_is_opened_for_a_change(scene: Scene):
    story = await scene.story()
    story.add(thought(1, "", RUN), PROPOSED)
    await scene.write(story)
    await scene.reporter().report(story.ref)
    robin = scene.users["robin"]
    await scene.do("PATCH", f"channels/{story.thread_id}", user_id=robin, archived=True)
    story.add(Decided(action="1.1", person=ANN, how="once"))
    await scene.write(story)
    await scene.reporter().report(story.ref)
    assert "allowed once by **Ann**" in (await scene.messages(story.thread_id))[1]["content"]


async def test_a_thread_that_is_gone_pauses_the_session_and_says_so_in_the_channel(scene: Scene):
    story = await scene.story(channel_id=scene.channel_id)
    story.add(thought(1, "Hello", RUN))
    await scene.write(story)
    await scene.do("DELETE", f"channels/{story.thread_id}?user_id={scene.users['robin']}")
    for _ in range(2):
        await scene.reporter().report(story.ref)
    signals = [one for _, one in await scene.storage.inbox.fresh(story.ref, "")]
    assert {type(one) for one in signals} == {PauseAsked}
    notes = [one["content"] for one in await scene.messages(scene.channel_id)]
    assert sum("cannot be shown" in note for note in notes) == 1
    story.add(Paused(by="bot", reason="its thread is gone"))
    await scene.write(story)
    await scene.reporter().report(story.ref)
    assert len([one for _, one in await scene.storage.inbox.fresh(story.ref, "")]) == len(signals)


async def test_without_the_right_to_react_people_are_told_how_to_answer(scene: Scene):
    story = await scene.story()
    await scene.do("PATCH", scene.bot, permissions=str(without(Permission.ADD_REACTIONS)))
    story.add(thought(1, "", RUN), PROPOSED)
    await scene.write(story)
    await scene.reporter().report(story.ref)
    _, proposal, note = await scene.messages(story.thread_id)
    assert "reactions" not in proposal
    assert "✅ 5️⃣ 🔁 ❌ 🛑" in note["content"]
    assert await scene.storage.posts.cursor(story.ref) == len(story.commits)


async def test_without_the_right_to_attach_the_text_comes_and_says_so(scene: Scene):
    story = await scene.story()
    await scene.do("PATCH", scene.bot, permissions=str(without(Permission.ATTACH_FILES)))
    await delivered(scene, story, ("a.txt", b"aaa"))
    await scene.reporter().report(story.ref)
    (_, message) = await scene.messages(story.thread_id)
    assert message["attachments"] == []
    assert "`a.txt`" in message["content"]
    assert "Attach Files" in message["content"]


async def test_a_lost_answer_does_not_post_twice(scene: Scene):
    story = await scene.story()
    story.add(thought(1, "Hello", RUN), PROPOSED)
    await scene.write(story)
    await scene.do(
        "POST",
        "faults",
        kind="lose_reply",
        count=2,
        method="POST",
        path=f"/channels/{story.thread_id}/messages",
    )
    await scene.reporter().report(story.ref)
    assert [message["content"] for message in await scene.messages(story.thread_id)][1:] == posts(story)


async def test_the_thread_is_named_for_its_end_once(scene: Scene):
    story = await scene.story(goal="Draw the sales")
    story.add(StopRequested(person=ANN))
    story.add(Ended(status=Status.STOPPED, summary="Stopped by Ann.", checked=False))
    await scene.write(story)
    for _ in range(2):
        await scene.reporter().report(story.ref)
    named = [one for one in await scene.get("log") if one["request"] == {"name": "🛑 Draw the sales"}]
    assert len(named) == 1
    assert "**stopped**" in (await scene.messages(story.thread_id))[-1]["content"]


async def test_a_damaged_journal_is_said_so_in_the_thread_once(scene: Scene):
    story = await scene.story()
    story.add(thought(1, "Hello", RUN))
    await scene.write(story)
    await scene.control.bind_thread(story.ref, story.thread_id)
    reporter = scene.reporter()
    await reporter.report(story.ref)
    version = await scene.storage.journal.version(story.ref)
    async with connected(scene.redis_url, repeat=False) as client:
        await client.xadd(keys.journal(story.ref), {"commit": "nonsense"}, id=f"{version + 1}-0")
    for _ in range(2):
        await reporter.report(story.ref)
        await scene.reporter().report(story.ref)
    said = [message["content"] for message in await scene.messages(story.thread_id)]
    assert len([text for text in said if "is damaged" in text]) == 1
