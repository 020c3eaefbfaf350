"""The messages of a request: a prefix that never changes, and only additions after it."""

from pydantic import JsonValue

from agent_core import context
from agent_core.pictures import CANNOT_SEE, MOST_SHOWN, TOO_MANY
from agent_core.session import Think
from agent_core.signals import Said
from agent_core.values import Autonomy, FileRef, NamedFile
from tests.agent_core.session.desk import ANN, BOB, RUN, Desk, call

DROPPED = NamedFile(path="inputs/a.csv", file=FileRef(sha256="x", size=1234))


def texts(desk: Desk, role: str) -> list[str]:
    return [str(one["content"]) for one in context.request(desk.state) if one["role"] == role]


def test_a_new_session_asks_with_the_system_prompt_and_the_goal_alone():
    desk = Desk(files=[DROPPED])
    system, goal = context.request(desk.state)
    assert system == {"role": "system", "content": "s"}
    assert goal["role"] == "user"
    content = str(goal["content"])
    assert "The goal, given by Ann:\n\ncount to three" in content
    assert "- inputs/a.csv (1,234 bytes)" in content


def test_words_that_came_while_a_step_ran_stand_after_its_results():
    desk = Desk(Autonomy.AUTO)
    desk.reply(RUN, call("list_files"), whole=True)
    desk.send(Said(message_id="5", person=BOB, text="  go\nleft  "))
    assert isinstance(desk.go_on(), Think)
    roles = [one["role"] for one in context.request(desk.state)]
    assert roles == ["system", "user", "assistant", "tool", "tool", "user"]
    assert texts(desk, "user")[-1] == "Bob writes in the thread:\n\n  go\nleft  "


def test_words_stay_where_they_were_heard():
    desk = Desk(Autonomy.AUTO)
    desk.say("go left")
    before = context.request(desk.state)
    desk.reply(RUN, whole=True)
    desk.go_on()
    desk.say("go right")
    assert context.request(desk.state)[: len(before)] == before
    assert [text for text in texts(desk, "user") if "go " in text] == [
        "Ann writes in the thread:\n\ngo left",
        "Ann writes in the thread:\n\ngo right",
    ]


def test_a_reply_without_a_call_is_followed_by_a_nudge():
    desk = Desk()
    desk.think(text="I think")
    assert [one["role"] for one in context.request(desk.state)][-2:] == ["assistant", "user"]
    assert texts(desk, "user")[-1] == context.NUDGE


def test_a_file_alone_is_announced_without_words():
    desk = Desk()
    desk.signal(Said(message_id="5", person=ANN, text="", files=(DROPPED,)))
    assert texts(desk, "user")[-1] == "Files dropped into the workspace:\n- inputs/a.csv (1,234 bytes)"


def test_a_reason_for_a_no_is_a_result_and_stands_in_one_message_of_a_person():
    desk = Desk()
    desk.reply(RUN, whole=True)
    desk.go_on()
    desk.say("only up to 100")
    assert texts(desk, "tool") == ["Rejected by Ann: only up to 100"]
    assert sum("only up to 100" in text for text in texts(desk, "user")) == 1


CHART = NamedFile(path="chart.png", file=FileRef(sha256="c", size=9))
PHOTO = NamedFile(path="inputs/a.jpg", file=FileRef(sha256="p", size=9))
URLS = {"c": "data:c", "p": "data:p"}


def shown(url: str) -> JsonValue:
    return {"type": "image_url", "image_url": {"url": url}}


def test_pictures_stand_in_messages_of_their_own_after_the_results_of_the_step():
    desk = Desk(Autonomy.AUTO, files=[PHOTO, DROPPED], shows=(CHART,))
    desk.reply(call("read_file", path="chart.png"), call("list_files"), whole=True)
    desk.go_on()
    asked = context.request(desk.state, URLS)
    assert [one["role"] for one in asked] == ["system", "user", "user", "assistant", "tool", "tool", "user"]
    assert "count to three" in str(asked[1]["content"])
    assert asked[2]["content"] == [{"type": "text", "text": "The picture inputs/a.jpg:"}, shown("data:p")]
    assert asked[-1]["content"] == [{"type": "text", "text": "The picture chart.png:"}, shown("data:c")]
    desk.say("go left")
    assert context.request(desk.state, URLS)[: len(asked)] == asked


def test_a_model_that_cannot_see_is_told_so_where_each_picture_would_stand():
    desk = Desk(files=[PHOTO])
    blind = context.request(desk.state, {"p": None})[-1]
    assert blind == {"role": "user", "content": f"The picture inputs/a.jpg:\n{CANNOT_SEE}"}
    assert len(context.request(desk.state)) == 2  # what is called a picture and is none is only a file


def test_the_same_picture_again_and_again_is_shown_only_so_often():
    desk = Desk(Autonomy.AUTO, shows=(CHART,))
    for number in range(MOST_SHOWN + 2):
        desk.reply(call("read_file", path="chart.png", offset=number))
        desk.go_on()
    found = [
        one["content"] for one in context.request(desk.state, URLS) if "chart.png" in str(one["content"])
    ]
    assert [isinstance(content, list) for content in found] == [True] * MOST_SHOWN + [False] * 2
    assert str(found[-1]).endswith(TOO_MANY)
