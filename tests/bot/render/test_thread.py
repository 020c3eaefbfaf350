from dataclasses import replace

import pytest
from inline_snapshot import snapshot
from pydantic import JsonValue

from agent_core.events import (
    ActionStarted,
    Decided,
    Ended,
    LimitReached,
    PlanSet,
    Told,
)
from agent_core.values import (
    Person,
    PlanItem,
    Status,
)
from bot.render.post import Draft, Edit
from bot.render.split import MESSAGE_LIMIT, size
from tests.bot.render.story import ANN, PROPOSED, RUN, Story, action, file, observed, thought


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


def test_a_small_result_waits_for_the_next_post_of_its_step():
    story = Story()
    story.add(thought(1, "", action("list_files"), RUN))
    story.add(observed("1.1", "The workspace is empty."))
    story.add(ActionStarted(action="1.2", run_id="r"))
    assert len(story.drafts()) == 1
    story.add(observed("1.2", "exit code 0"))
    assert len(story.drafts()) == 2
    assert story.text().startswith("↳ `list_files` The workspace is empty.\n↳ `run_python`\n")


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


def test_every_post_fits_and_names_itself_once():
    story = Story(goal="g" * 4000)
    nasty = "```\n" + "🎉_*`" * 3000
    checks: JsonValue = [{"name": nasty, "code": nasty} for _ in range(20)]
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


def test_a_model_that_is_stuck_is_told_so_in_the_thread_too():
    story = Story()
    story.add(Told(text="You talk. @everyone", keep=6, reminder="Your plan:\n[ ] hidden"))
    assert story.text() == snapshot("""\
🌀 **stuck** · the model is told: You talk. @\u200beveryone
-# step 0 · $0.00 · 3.0-vdxehgza2q\
""")
