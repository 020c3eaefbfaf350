from inline_snapshot import snapshot

from agent_core.events import (
    CallReserved,
    Decided,
    DecisionWithdrawn,
    Ended,
    LimitReached,
    Observed,
    Proposed,
    QuestionAsked,
    RuleOffered,
    StopRequested,
    ToppedUp,
)
from agent_core.storage import Asks
from agent_core.values import (
    Limits,
    Observation,
    Person,
    ServerRules,
    Status,
)
from bot.render.post import Draft, Receipts
from tests.bot.render.story import ANN, PROPOSED, RULE, RUN, Story, action, asked, file, observed, thought


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


def test_a_cap_of_others_says_when_it_goes_on_by_itself():
    story = Story()
    text = "$2.00 of the $2.00 that a member may spend."
    story.add(LimitReached(what="member_day", text=text, until=1_900_000_000.5))
    draft = story.drafts()[-1]
    assert draft.text.splitlines()[:2] == [
        f"💸 **The session stands still:** {text}",
        "-# it goes on by itself <t:1900000001:R> (<t:1900000001:f>) · `/stop` ends it",
    ]
    assert (draft.asks, draft.reactions, draft.mention) == (None, (), None)
    held = CallReserved(
        call="4.1", purpose="think", nano=1, tokens=1, day="2030-03-17", host_day="2030-03-17"
    )
    story.add(held)
    assert story.edits()[-1].text.splitlines()[1] == "-# ▶️ it goes on"


def test_a_short_wait_for_money_is_told_to_nobody():
    story = Story()
    assert story.add(LimitReached(what="host_day", text="held", until=61.0)) == ()


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


def test_nobody_is_mentioned_who_does_not_want_to_be():
    for rules in (ServerRules(mentions=False), ServerRules(quiet_members=("100",))):
        story = Story(rules=rules)
        story.add(thought(1, "", RUN), PROPOSED)
        assert asked(story).mention is None
        assert "<@" not in asked(story).text
