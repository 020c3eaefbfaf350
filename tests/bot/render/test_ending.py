import pytest
from inline_snapshot import snapshot

from agent_core.events import (
    ActionStarted,
    Checked,
    ContractFrozen,
    Decided,
    Delivered,
    Ended,
    Paused,
    PersonSpoke,
    PlanSet,
    Resumed,
    ThoughtFailed,
)
from agent_core.values import (
    Check,
    CheckResult,
    PlanItem,
    ServerRules,
    Status,
)
from bot.render.card import show_card
from bot.render.post import Rename
from tests.bot.render.story import ANN, PROPOSED, RUN, Story, action, asked, file, observed, thought


def test_files_are_handed_over_once():
    story = Story()
    chart, table = file("out/chart.png"), file("table.csv")
    story.add(thought(1, "", action("deliver", paths=["out/chart.png"], note="See.")))
    story.add(observed("1.1", "Handed over: out/chart.png."), Delivered(files=(chart,), note="See."))
    assert story.text() == snapshot("""\
↳ `deliver` Handed over: out/chart.png.
See.
📎 `out/chart.png` (2.0 KB)
-# step 1 · $0.0012 · 4.0-6ipn5t4l4d\
""")
    story.add(thought(2, "", action("finish", summary="Done.", files=["out/chart.png", "table.csv"])))
    story.add(Ended(status=Status.FINISHED, summary="Done.", checked=False, files=(chart, table)))
    names = [attached.name for draft in story.drafts() for attached in draft.files]
    assert names == ["chart.png", "table.csv"]


def test_files_are_at_most_ten_a_message_and_large_ones_are_zipped():
    story = Story(upload_limit=1000)
    files = tuple(file(f"{number}/a.txt", size=10) for number in range(12))
    story.add(thought(1, "", action("deliver", paths=["x"])))
    story.add(Delivered(files=(*files, file("huge.csv", size=1001))))
    groups = [draft.files for draft in story.drafts() if draft.files]
    assert sorted(len(group) for group in groups) == [1, 2, 10]
    assert [[attached.zipped for attached in group] for group in groups if len(group) == 1] == [[True]]
    for group in groups:
        assert len({attached.name for attached in group}) == len(group)


@pytest.mark.parametrize(
    ("status", "checked", "words"),
    [
        (Status.FINISHED, True, "**finished**"),
        (Status.FINISHED, False, "**finished, unchecked**"),
        (Status.STOPPED, False, "**stopped**"),
        (Status.FAILED, False, "**failed**"),
    ],
)
def test_the_end_says_how_it_ended(status: Status, checked: bool, words: str):
    story = Story()
    story.add(Ended(status=status, summary="So it is.", checked=checked))
    assert words in story.text().split("\n")[0]
    assert words in show_card(story.thread.state, story.rules).split("\n")[0]
    assert isinstance(story.showing[-1], Rename)
    assert len(story.showing[-1].name) <= 100


def test_the_closing_of_a_checked_goal():
    story = Story()
    checks = (Check(name="it *is* there", code="open('a')"), Check(name="nice", code=""))
    story.add(thought(1, "", action("set_contract", checks=[])))
    story.add(ContractFrozen(checks=checks), observed("1.1", "The contract is frozen."))
    story.add(thought(2, "", action("finish", summary="All **good**.", files=["a.csv"])))
    results = (CheckResult(name="it *is* there", holds=True), CheckResult(name="nice", holds=True))
    story.add(Checked(action="2.1", results=results))
    story.add(Ended(status=Status.FINISHED, summary="All **good**.", checked=True, files=(file("a.csv"),)))
    assert story.text() == snapshot("""\
🏁 **finished**
All **good**.
**Checks**
✅ it \\*is\\* there
✅ nice
📎 `a.csv` (2.0 KB)
-# 2 steps · $0.0024 · 2,400 tokens
-# step 2 · $0.0024 · 7.0-kylecf4gpl\
""")
    assert show_card(story.thread.state, story.rules) == snapshot("""\
🏁 **finished**
🎯 Draw the sales of May
Step 2 of 200 · $0.0024 of $0.50 · 2,400 tokens
**Done when**
✅ it \\*is\\* there
✅ nice\
""")


def test_a_pause_says_why_and_what_to_do():
    story = Story()
    story.add(ThoughtFailed(error="auth", text="The key was refused. Set OPENAI_API_KEY.", retry_at=None))
    assert story.text() == snapshot("""\
⏸️ **paused** · The key was refused. Set OPENAI_API_KEY.
-# `/resume` goes on, `/stop` ends it
-# step 0 · $0.00 · 3.0-vdxehgza2q\
""")
    story.add(Resumed(person=ANN))
    story.add(Paused(by="Ann", reason="lunch"))
    assert len(story.drafts()) == 3


def test_a_failure_that_may_pass_is_only_on_the_card():
    story = Story()
    story.add(ThoughtFailed(error="transient", text="No answer from the model.", retry_at=60.0))
    assert story.drafts() == []
    assert show_card(story.thread.state, story.rules).split("\n")[0] == snapshot(
        "⏳ **waiting** for a time · No answer from the model."
    )


def test_quiet_shows_proposals_files_and_the_end():
    story = Story(rules=ServerRules(verbosity="quiet"))
    story.add(thought(1, "secret thought", RUN), PROPOSED)
    story.add(Decided(action="1.1", person=ANN, how="once"))
    story.add(observed("1.1", "exit code 0"))
    story.add(thought(2, "", action("deliver", paths=["a.csv"])))
    story.add(observed("2.1", "Handed over"), Delivered(files=(file("a.csv"),)))
    story.add(Ended(status=Status.FINISHED, summary="Done.", checked=False))
    assert len(story.drafts()) == 3
    assert "print('hello')" in asked(story).text
    assert not any("secret thought" in draft.text for draft in story.drafts())


def test_full_shows_everything_else_too():
    story = Story(rules=ServerRules(verbosity="full"))
    story.add(PersonSpoke(message_id="1", person=ANN, text="hello"))
    story.add(thought(1, "", RUN))
    story.add(ActionStarted(action="1.1", run_id="r", uses_five=True))
    assert [draft.text.split("\n")[0] for draft in story.drafts()] == snapshot(
        ["-# heard **Ann**", "▸ `run_python` · run", "-# ▶ `run_python` runs on a standing yes"]
    )


def test_the_card_of_a_session_at_work():
    story = Story(goal="Draw the sales of May\n@everyone")
    story.add(thought(1, "", action("set_plan", items=[])))
    items = (PlanItem(text="read the file", done=True), PlanItem(text="draw"))
    story.add(PlanSet(items=items), observed("1.1", "The plan is set.", file("a/chart.png")))
    assert show_card(story.thread.state, story.rules) == snapshot("""\
⚙️ **running**
🎯 Draw the sales of May @\u200beveryone
Step 1 of 200 · $0.0012 of $0.50 · 1,200 tokens
**Plan** 1 of 2 done
☑ read the file
☐ draw
**Files** `a/chart.png`
**Autonomy** guarded · **Approve** members with Manage Server\
""")
