"""A context that stays cheap: what is summarised, what stays verbatim, and what a long goal costs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent_core import compacting, context
from agent_core.events import Compacted, ContractFrozen, Told
from agent_core.model import estimate_tokens
from agent_core.prompts import load as prompt
from agent_core.storage import Storage
from agent_core.values import Autonomy, Check, Status
from benchmarks.context import WINDOW, session, tokens
from tests.agent_core.office import Office, open_office
from tests.agent_core.session.desk import Desk, call
from tests.fakes import Request, Turn

FINISH = ("finish", {"summary": "done"})
SUMMARY = "The record: a, b and c were written."
STEPS = 30


def steps_of(requests: list[Request]) -> list[Request]:
    return [body for body in requests if body.get("tools")]


def summaries_of(requests: list[Request]) -> list[Request]:
    return [body for body in requests if not body.get("tools")]


def texts(body: Request, role: str) -> list[str]:
    return [str(one["content"]) for one in body["messages"] if one["role"] == role]


def writes(steps: int, size: int = 3000, summary: str = SUMMARY) -> Callable[[Request], Turn]:
    """A model that writes a file of this many bytes at each step, and then finishes."""
    done = 0

    def answer(body: Request) -> Turn:
        nonlocal done
        if not body.get("tools"):
            return Turn(text=summary)
        done += 1
        if done > steps:
            return Turn(text="end", calls=(FINISH,))
        content = f"{done} " + "word " * (size // 5)
        return Turn(text=f"step {done}", calls=(("write_file", {"path": f"{done}.txt", "content": content}),))

    return answer


# --- What it costs ---------------------------------------------------------------------------------


async def test_fifty_steps_stay_within_what_they_may_cost(redis_url: str, tmp_path: Path):
    cost = await session(redis_url, tmp_path, 50)
    assert cost.prompt <= 1_100_000
    assert cost.same >= 0.9
    assert cost.largest <= WINDOW
    assert cost.summaries > 0


async def test_two_hundred_steps_cost_little_more_than_four_times_fifty(redis_url: str, tmp_path: Path):
    long = await session(redis_url, tmp_path, 200)
    assert long.prompt <= 4.8 * 916_000
    assert long.same >= 0.9
    assert long.largest <= WINDOW


# --- What stays ------------------------------------------------------------------------------------


async def test_words_plan_and_contract_outlive_the_steps_that_held_them(
    storage: Storage, redis_url: str, tmp_path: Path
):
    async with open_office(storage, redis_url, tmp_path, compact_at=9_000) as office:
        ref = await office.start("write many files")
        office.model.will("", ("set_plan", {"items": [{"text": "write them all"}]}))
        await office.model.asked(1)
        await office.say(ref, "name them by their number, please")
        office.model.will("", ("set_contract", {"checks": [{"name": "last one", "code": "open('30.txt')"}]}))
        await office.model.asked(3)
        office.model.answers(writes(STEPS), tokens)
        office.model.will("now")
        state = await office.until(ref, Status.FINISHED)
        assert state.ended is not None
        assert state.ended.checked
        last = steps_of(office.model.requests)[-1]
    assert sum("name them by their number, please" in text for text in texts(last, "user")) == 1
    assert "The goal, given by Ann:\n\nwrite many files" in texts(last, "user")[0]
    (record,) = [text for text in texts(last, "user") if SUMMARY in text]
    assert "[ ] write them all" in record
    assert "last one" in record
    assert "open('30.txt')" in record
    assert len(last["messages"]) < 40


async def test_every_call_in_a_compacted_context_has_its_result(
    storage: Storage, redis_url: str, tmp_path: Path
):
    async with open_office(storage, redis_url, tmp_path, compact_at=9_000) as office:
        office.model.answers(writes(STEPS), tokens)
        ref = await office.start()
        await office.until(ref, Status.FINISHED)
        requests = office.model.requests
    assert len(summaries_of(requests)) >= 2
    for body in steps_of(requests):
        called = [one["id"] for message in body["messages"] for one in message.get("tool_calls", [])]
        answered = [message["tool_call_id"] for message in body["messages"] if message["role"] == "tool"]
        assert called == answered
    earlier = summaries_of(requests)[1]
    assert SUMMARY in texts(earlier, "user")[0]


async def test_a_fast_model_that_fails_is_no_reason_to_stand_still(
    storage: Storage, redis_url: str, tmp_path: Path
):
    work = writes(STEPS)

    def answer(body: Request) -> Turn:
        return work(body) if body.get("tools") else Turn(status=401, text="no such key")

    async with open_office(storage, redis_url, tmp_path, compact_at=9_000) as office:
        office.model.answers(answer, tokens)
        ref = await office.start()
        state = await office.until(ref, Status.FINISHED)
    (first, *_) = [item for item in state.history if isinstance(item, Compacted)]
    assert "step 1: write_file\n1.1 gave: 1.txt written" in first.summary


def test_two_compactions_that_gain_little_are_the_last():
    desk = Desk(Autonomy.AUTO)
    for number in range(1, 9):
        desk.reply(call("list_files"), text="word " * 1_000, whole=True)
        desk.go_on()
        assert number == 1 or compacting.due(desk.state, 1_000, compacting.measure(desk.state)) is not None
    for _ in range(2):
        desk.append(Compacted(summary="s", through=desk.state.step - 1, before=1000, after=900))
    assert compacting.due(desk.state, 1, compacting.measure(desk.state)) is None


def test_an_answer_and_a_no_stay_and_words_are_not_said_twice():
    desk = Desk(Autonomy.AUTO)
    desk.reply(call("ask", question="Which?", options=["red", "blue"]), whole=True)
    desk.go_on()
    desk.say("the blue one, of course")
    desk.reply(call("list_files"), text="word " * 9_000, whole=True)
    desk.go_on()
    desk.reply(call("list_files"), text="so", whole=True)
    desk.go_on()
    desk.append(ContractFrozen(checks=(Check(name="it is blue", code="assert 1"),)))
    desk.append(compacting.compacted(desk.state, 2, "It asked."))
    said = [str(one["content"]) for one in context.request(desk.state) if one["role"] == "user"]
    assert sum("the blue one, of course" in text for text in said) == 1
    assert (
        "What people answered and decided:\n- `ask` 1.1: Ann answers: (as written in the thread)" in said[-1]
    )
    assert "it is blue" in said[-1]


def test_the_context_is_only_added_to_between_compactions():
    desk = Desk(Autonomy.AUTO)
    before = context.request(desk.state)
    for number in range(20):
        desk.reply(call("list_files", path=str(number)), text="word " * 200, whole=True)
        desk.go_on()
        now = context.request(desk.state)
        assert now[: len(before)] == before
        before = now


async def test_the_prefix_with_every_tool_is_small(office: Office):
    state = await office.control.read(await office.start())
    assert estimate_tokens(prompt("system")) + estimate_tokens(list(state.started.tools)) <= 4_000


# --- A window that is too small --------------------------------------------------------------------


async def test_a_request_that_does_not_fit_is_compacted_then_cut_and_the_thread_is_told(
    storage: Storage, redis_url: str, tmp_path: Path
):
    """The server names no window. Whatever is over its limit is refused."""
    work, refused = writes(12), 0

    def answer(body: Request) -> Turn:
        nonlocal refused
        if body.get("tools") and tokens(body) > 8_000:
            refused += 1
            error: dict[str, Any] = {"message": "Your input exceeds the context window of this model."}
            return Turn(status=400, text=json.dumps(error))
        return work(body)

    async with open_office(storage, redis_url, tmp_path) as office:
        office.model.answers(answer, tokens)
        ref = await office.start()
        state = await office.until(ref, Status.FINISHED)
        assert refused >= 1
        assert any(isinstance(item, Compacted) and item.forced for item in state.history)


async def test_a_window_that_the_server_names_is_kept_from_then_on(
    storage: Storage, redis_url: str, tmp_path: Path
):
    work, refused = writes(40), 0

    def answer(body: Request) -> Turn:
        nonlocal refused
        if body.get("tools") and tokens(body) > 12_000:
            refused += 1
            return Turn(status=400, text="This model's maximum context length is 12000 tokens.")
        return work(body)

    async with open_office(storage, redis_url, tmp_path) as office:
        office.model.answers(answer, tokens)
        ref = await office.start()
        await office.until(ref, Status.FINISHED)
    assert refused == 1


async def test_what_never_fits_is_told_broken_with_less_and_then_asked_about(office: Office):
    work = writes(5)

    def answer(body: Request) -> Turn:
        if body.get("tools") and len(body["messages"]) > 6:
            return Turn(status=400, text="Your input exceeds the context window of this model.")
        return work(body) if len(body["messages"]) < 6 else Turn(text="", calls=(("list_files", {}),))

    office.model.answers(answer, tokens)
    ref = await office.start()
    state = await office.until(ref, Status.PAUSED)
    told = [item for item in state.history if isinstance(item, Told)]
    assert told
    assert told[0].trim > 0
    assert state.paused is not None


async def test_a_server_that_cuts_in_silence_is_noticed_and_kept_below(office: Office):
    office.model.answers(writes(14), lambda body: min(tokens(body), 4_096))
    ref = await office.start()
    state = await office.until(ref, Status.FINISHED)
    assert state.room.window == 4_096
    assert max(map(tokens, steps_of(office.model.requests)[-3:])) < 8_000


async def test_a_constant_count_of_tokens_is_no_window(office: Office):
    office.model.answers(writes(14), lambda _: 100)
    ref = await office.start()
    state = await office.until(ref, Status.FINISHED)
    assert state.room.window is None
