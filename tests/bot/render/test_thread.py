from dataclasses import replace

import pytest
from inline_snapshot import snapshot

from agent_core.events import (
    ActionStarted,
    Checked,
    ContractFrozen,
    Decided,
    DecisionWithdrawn,
    Delivered,
    Ended,
    LimitReached,
    Observed,
    Paused,
    PersonSpoke,
    PlanSet,
    Proposed,
    QuestionAsked,
    Resumed,
    RuleOffered,
    StopRequested,
    ThoughtFailed,
    ToppedUp,
)
from agent_core.storage import Asks
from agent_core.values import (
    Check,
    CheckResult,
    FileRef,
    Limits,
    NamedFile,
    Observation,
    Person,
    PlanItem,
    ServerRules,
    Status,
)
from bot.render.card import show_card
from bot.render.post import Draft, Edit, Receipts, Rename
from bot.render.split import MESSAGE_LIMIT, size
from tests.bot.render.story import ANN, Story, action, thought

RULE = "every `run_python` in this session, without asking again"
PROPOSED = Proposed(action="1.1", why="the first run of a goal asks", rule=RULE, plan_card=True)
RUN = action("run_python", code="print('hello')\n")


def observed(key: str, text: str, *changed: NamedFile, full: NamedFile | None = None) -> Observed:
    return Observed(action=key, observation=Observation(text=text, changed=changed, full=full))


def file(path: str, size: int = 2048) -> NamedFile:
    return NamedFile(path=path, file=FileRef(sha256="a" * 64, size=size))


def asked(story: Story) -> Draft:
    return [draft for draft in story.drafts() if draft.asks][-1]


def test_the_first_step_is_its_own_plan_card():
    story = Story(done_when="the picture is there")
    story.add(thought(1, "I **draw** it.", RUN, heard=("55",)), PROPOSED)
    receipts, draft = story.showing
    assert receipts == Receipts(message_ids=("55",))
    assert isinstance(draft, Draft)
    assert draft.text == snapshot("""\
I **draw** it.
▸ `run_python` · run
```python
print('hello')
```
<@100> **May this goal begin?** the first run of a goal asks
**Plan** none was given
**Done when** the picture is there (no checks yet)
**Budget** $0.50, 200 steps, 5,000,000 tokens, 24 hours
**Reaches** nothing outside its sealed sandbox
-# ✅ once · 5️⃣ this and the next four · 🔁 always this kind · ❌ reject (or write why) · 🛑 stop the goal
-# answered by: members with Manage Server
-# step 1 · $0.0012 · 3.0-vdxehgza2q\
""")
    assert draft.asks == Asks(post="proposal", about="1.1")
    assert draft.reactions == ("✅", "5️⃣", "🔁", "❌", "🛑")
    assert draft.mention == "100"


def test_a_result_says_what_came_back_and_which_files():
    story = Story()
    story.add(thought(1, "", RUN))
    story.add(ActionStarted(action="1.1", run_id="r"))
    story.add(observed("1.1", "exit code 0\nhello @everyone", file("out/chart.png")))
    assert story.text() == snapshot("""\
↳ `run_python`
```
exit code 0
hello @everyone
```
-# files: `out/chart.png` (2.0 KB)
-# step 1 · $0.0012 · 5.0-qvhcvoy72g\
""")


def test_each_tool_is_shown_with_its_arguments():
    story = Story()
    story.add(
        thought(
            1,
            "Everything at once.",
            action("run_shell", command="ls -l"),
            action("write_file", path="src/a.py", content="x = 1\n"),
            action("edit_file", path="a.py", old="one\ntwo\nthree", new="one\n2\nthree"),
            action("read_file", path="inputs/日本語.csv", offset=40),
            action("list_files"),
            action("set_plan", items=[{"text": "read *it*", "done": True}, {"text": "draw"}]),
            action(
                "set_contract",
                checks=[{"name": "it is there", "code": "open('a')"}, {"name": "nice", "code": ""}],
            ),
            action("ask", question="Which?", options=["a"]),
            action("deliver", paths=["a.csv"], note="here"),
            action("github__search", q="x"),
            action("finish", summary="done"),
        )
    )
    assert story.text() == snapshot("""\
Everything at once.
▸ `run_shell` · run
```sh
ls -l
```
▸ `write_file` · safe `src/a.py` (6 bytes)
```python
x = 1
```
▸ `edit_file` · safe `a.py`
```diff
 one
-two
+2
 three
```
▸ `read_file` · safe `inputs/日本語.csv` from line 40 on
▸ `list_files` · safe `.`
▸ `set_plan` · safe
☑ read \\*it\\*
☐ draw
▸ `set_contract` · run
☐ it is there
```python
open('a')
```
☐ nice: a person judges
▸ `ask` · safe
▸ `deliver` · safe `a.csv`
▸ `github__search` · reach
```json
{
 "q": "x"
}
```
▸ `finish` · safe
-# step 1 · $0.0012 · 3.0-vdxehgza2q\
""")


def test_a_decision_is_shown_on_the_proposal():
    story = Story()
    story.add(thought(1, "", RUN), PROPOSED)
    key = asked(story).key
    story.add(Decided(action="1.1", person=ANN, how="once"))
    story.add(DecisionWithdrawn(action="1.1", person=ANN))
    story.add(Decided(action="1.1", person=Person(id="5", name="*Bob*"), how="reject", reason="no\n`rm`"))
    refused = Observation(text="Rejected by *Bob*: no", is_error=True)
    story.add(Observed(action="1.1", observation=refused, refused=True))
    once, back, rejected = story.edits()
    assert {edit.key for edit in story.edits()} == {key}
    assert once.text.split("\n")[-2:] == snapshot(
        ["✅ allowed once by **Ann**", "-# step 1 · $0.0012 · 3.0-vdxehgza2q"]
    )
    assert back.text.split("\n")[-3:] == snapshot(
        [
            "-# answered by: members with Manage Server",
            "-# ↩️ **Ann** took it back: open again",
            "-# step 1 · $0.0012 · 3.0-vdxehgza2q",
        ]
    )
    assert rejected.text.split("\n")[-2:] == snapshot(
        ["❌ rejected by **\\*Bob\\***: no \\`rm\\`", "-# step 1 · $0.0012 · 3.0-vdxehgza2q"]
    )
    assert len(story.drafts()) == 1


def test_a_standing_rule_is_offered_as_a_reply_with_its_own_emoji():
    story = Story()
    story.add(thought(1, "", RUN), PROPOSED)
    proposal = asked(story)
    story.add(RuleOffered(action="1.1", person=ANN, rule=RULE))
    assert asked(story).text == snapshot("""\
**Ann**, 🔁 here allows every `run_python` in this session, without asking again.
-# press 🔁 on this message to allow that · nothing happens until then
-# step 1 · $0.0012 · 4.0-6ipn5t4l4d\
""")
    assert asked(story).reply_to == proposal.key
    assert asked(story).reactions == ("🔁",)
    assert asked(story).asks == Asks(post="rule", about="1.1")
    story.add(Decided(action="1.1", person=ANN, how="always"))
    assert story.edits()[-1].text.split("\n")[-2] == snapshot(
        "🔁 allowed by **Ann**: every `run_python` in this session, without asking again"
    )


def test_a_question_is_answered_where_it_stands():
    story = Story()
    story.add(thought(1, "I have to know.", action("ask", question="Which colour?", options=["red", "blue"])))
    story.add(QuestionAsked(action="1.1", question="Which colour?", options=("red", "blue")))
    assert asked(story).text == snapshot("""\
<@100> ❓ Which colour?
1️⃣ red
2️⃣ blue
-# press a number, or write an answer in this thread · `/stop` ends the goal
-# step 1 · $0.0012 · 4.0-6ipn5t4l4d\
""")
    assert asked(story).reactions == ("1️⃣", "2️⃣")
    assert asked(story).mention == "100"
    posts = len(story.drafts())
    story.add(observed("1.1", "Ann answers: blue"))
    assert len(story.drafts()) == posts
    assert story.edits()[-1].text.split("\n")[-2] == snapshot("💬 Ann answers: blue")


def test_a_long_question_keeps_all_its_options():
    story = Story()
    story.add(thought(1, "", action("ask", question="?")))
    options = tuple("o" * 300 for _ in range(10))
    story.add(QuestionAsked(action="1.1", question="q " * 700, options=options))
    assert asked(story).text.count("ooo") > 0
    assert all(emoji in asked(story).text for emoji in asked(story).reactions)
    assert len(asked(story).reactions) == 10


def test_a_limit_asks_for_more_and_shows_who_granted_it():
    story = Story()
    story.add(LimitReached(what="usd", text="$0.50 of $0.50 is spent."))
    assert asked(story).text == snapshot("""\
<@100> 💸 **The session stands still:** $0.50 of $0.50 is spent.
-# 💰 grants as much again ($0.50, 200 steps, 5,000,000 tokens) · `/stop` ends it
-# answered by: members with Manage Server
-# step 0 · $0.00 · 3.0-vdxehgza2q\
""")
    assert asked(story).asks == Asks(post="budget", about="3")
    assert asked(story).reactions == ("💰",)
    story.add(ToppedUp(person=ANN, by=Limits()))
    assert story.edits()[-1].text == snapshot("""\
<@100> 💸 **The session stands still:** $0.50 of $0.50 is spent.
💰 **Ann** granted $0.50, 200 steps, 5,000,000 tokens
-# step 0 · $0.00 · 3.0-vdxehgza2q\
""")


def test_small_results_share_a_post_and_large_ones_have_their_own():
    story = Story()
    plan = action("set_plan", items=[{"text": "a"}])
    story.add(thought(1, "", plan, action("list_files"), RUN))
    story.add(PlanSet(items=(PlanItem(text="a"),)), observed("1.1", "The plan is set."))
    story.add(observed("1.2", "The workspace is empty."))
    story.add(replace(PROPOSED, action="1.3"))
    assert [draft.key for draft in story.drafts()] == ["3.0", "6.0"]
    assert story.text().split("\n")[:3] == snapshot(
        ["↳ `set_plan` The plan is set.", "↳ `list_files` The workspace is empty.", "▸ `run_python` · run"]
    )
    story.add(Decided(action="1.3", person=ANN, how="once"))
    story.add(ActionStarted(action="1.3", run_id="r"))
    story.add(observed("1.3", "exit code 0"))
    assert story.text().split("\n")[:-1] == snapshot(["↳ `run_python`", "```", "exit code 0", "```"])


def test_what_came_before_a_run_is_seen_while_it_runs():
    story = Story()
    story.add(thought(1, "", action("list_files"), RUN))
    story.add(observed("1.1", "The workspace is empty."))
    assert len(story.drafts()) == 1
    story.add(ActionStarted(action="1.2", run_id="r"))
    assert "The workspace is empty." in story.text()


@pytest.mark.parametrize("count", [12, 30])
def test_a_step_of_many_actions_is_a_handful_of_messages(count: int):
    story = Story()
    story.add(thought(1, "Many.", *[RUN] * count))
    for number in range(1, count + 1):
        story.add(observed(f"1.{number}", f"exit code 0\nresult {number} of many"))
    assert len(story.drafts()) <= 8
    everything = "".join(
        draft.text + "".join(str(file.content) for file in draft.files) for draft in story.drafts()
    )
    assert all(f"result {number} of many" in everything for number in range(1, count + 1))


def test_a_long_output_is_an_excerpt_and_a_file():
    story = Story()
    whole = file("outputs/1.1.txt", size=1_000_000)
    text = "first line\n" + "middle\n" * 500 + "last line"
    story.add(thought(1, "", RUN))
    story.add(observed("1.1", text, whole, full=whole))
    (draft,) = story.drafts()[1:]
    assert [attached.content for attached in draft.files] == [whole]
    assert draft.text.count("\n") < 250
    assert "first line" in draft.text
    assert "last line" in draft.text
    assert "lines are in the file" in draft.text


@pytest.mark.parametrize(
    "text",
    [
        "@everyone " * 400,
        "\x1b[31mred\x1b[0m \x00\x07",
        "```\nout of the fence\n```\n@here",
        "\u202eabc\u200b",
        "\r".join(f"{n}%" for n in range(500)),
        "a" * 4000,
        "🎉" * 2000,
    ],
)
def test_output_stays_in_its_fence_and_nothing_of_it_is_lost(text: str):
    story = Story()
    story.add(thought(1, "", RUN))
    story.add(observed("1.1", text))
    (draft,) = story.drafts()[1:]
    assert size(draft.text) <= MESSAGE_LIMIT
    assert draft.text.count("```") == 2
    fence = draft.text.split("```")[1]
    assert "\x1b" not in fence
    assert "\u202e" not in fence
    exact = "".join(str(fence)).strip("\n") == text.strip("\n")
    assert exact or [attached.content for attached in draft.files] == [text.encode()]


def test_long_code_is_an_excerpt_and_a_file():
    code = "\n".join(f"print({number})" for number in range(900))
    story = Story()
    story.add(
        thought(
            1, "Long.", action("run_python", code=code), action("write_file", path="a/b.md", content=code)
        )
    )
    files = {file.name: file.content for draft in story.drafts() for file in draft.files}
    assert files == {"step-1.1.py": code.encode(), "b.md": code.encode()}
    assert len(story.drafts()) <= 2


def test_a_long_thought_is_an_excerpt_and_a_file():
    story = Story()
    words = "word " * 4000
    story.add(thought(1, words))
    assert len(story.drafts()) <= 3
    assert [file.content for draft in story.drafts() for file in draft.files] == [words.encode()]


def test_an_unclosed_fence_of_the_model_ends_with_its_thought():
    story = Story()
    story.add(thought(1, "Look:\n```python\nx = 1", RUN))
    assert story.text() == snapshot("""\
Look:
```python
x = 1
```
▸ `run_python` · run
```python
print('hello')
```
-# step 1 · $0.0012 · 3.0-vdxehgza2q\
""")


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


def test_a_person_judges_at_the_end():
    story = Story()
    story.add(thought(1, "", RUN))
    story.add(observed("1.1", "exit code 0", file("out/chart.png")))
    story.add(thought(2, "", action("finish", summary="Done.", files=["out/chart.png"])))
    why = "the contract leaves this to a person: nice"
    story.add(Proposed(action="2.1", why=why, rule="", judges=("nice",)))
    assert asked(story).text == snapshot("""\
Done.
📎 `out/chart.png` (2.0 KB)
<@100> **Is the goal reached?** the contract leaves this to a person: nice
☐ nice
-# ✅ yes · ❌ no, go on (or write why) · 🛑 stop the goal
-# answered by: members with Manage Server
-# step 2 · $0.0024 · 6.0-k2onpq7mzw\
""")
    assert asked(story).reactions == ("✅", "❌", "🛑")
    chart = file("out/chart.png")
    story.add(Ended(status=Status.FINISHED, summary="Done.", checked=True, files=(chart,)))
    assert [attached.name for draft in story.drafts() for attached in draft.files] == ["chart.png"]


def test_a_stop_closes_what_was_open():
    story = Story()
    story.add(thought(1, "", RUN), PROPOSED)
    story.add(StopRequested(person=ANN))
    story.add(Ended(status=Status.STOPPED, summary="Stopped by Ann.", checked=False))
    assert [edit.text.split("\n")[-2] for edit in story.edits()] == snapshot(["🛑 stopped by **Ann**"])


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


def test_nobody_is_mentioned_who_does_not_want_to_be():
    for rules in (ServerRules(mentions=False), ServerRules(quiet_members=("100",))):
        story = Story(rules=rules)
        story.add(thought(1, "", RUN), PROPOSED)
        assert asked(story).mention is None
        assert "<@" not in asked(story).text


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


def test_every_post_fits_and_names_itself_once():
    story = Story(goal="g" * 4000)
    nasty = "```\n" + "🎉_*`" * 3000
    checks = [{"name": nasty, "code": nasty} for _ in range(20)]
    story.add(thought(1, nasty, *[action("set_contract", checks=checks)] * 9), replace(PROPOSED, why=nasty))
    story.add(Decided(action="1.1", person=Person(id="2", name=nasty), how="reject", reason=nasty))
    story.add(LimitReached(what="usd", text=nasty))
    story.add(Ended(status=Status.FINISHED, summary=nasty, checked=False))
    posts = [one for one in story.showing if isinstance(one, Draft | Edit)]
    assert all(size(one.text) <= MESSAGE_LIMIT for one in posts)
    assert all(one.text.count("```") % 2 == 0 for one in posts)
    names = [draft.text.rsplit(" · ", 1)[1] for draft in story.drafts()]
    assert len(set(names)) == len(names)
    assert len({draft.key for draft in story.drafts()}) == len(names)
