"""What the agent keeps with `remember`: of which kind it is, for whom, and with which marks."""

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from agent_core.errors import ToolError
from agent_core.events import Commit, Marked, SessionStarted, ThreadBound
from agent_core.memory import Memory, SessionMemory
from agent_core.session import State, fold
from agent_core.storage import Storage
from agent_core.tools.base import AnyTool
from agent_core.tools.memory import memory_tools
from agent_core.values import Autonomy, Limits, Person, ServerRules, SessionRef, Source

GUILD = "1"
PAGE = "https://good.example/otters"


@pytest_asyncio.fixture
async def memory(redis_url: str) -> AsyncGenerator[Memory]:
    async with Memory.open(redis_url, at_hand=lambda: False) as opened:
        yield opened


@pytest.fixture
def remember(memory: Memory, storage: Storage) -> AnyTool:
    async def nowhere(state: State) -> frozenset[str]:
        del state
        return frozenset()

    sessions = SessionMemory(memory, storage.rules, storage.states, nowhere, nowhere)
    return next(tool for tool in memory_tools(sessions) if tool.name == "remember")


def state_of(*read: str) -> State:
    """A goal of Ann's in thread 40 of channel 30 that has read these pages."""
    started = SessionStarted(
        goal="Read about otters",
        starter=Person(id="7", name="Ann"),
        channel_id="30",
        autonomy=Autonomy.AUTO,
        limits=Limits(),
        model="m",
        system="",
        tools=(),
    )
    sources = tuple(Source(number=at, url=url) for at, url in enumerate(read, start=1))
    marked = [Marked(action="1.1", tainted=sources)] if read else []
    events = (started, ThreadBound(thread_id="40", upload_limit=1), *marked)
    state = fold(SessionRef(GUILD, "5"), [Commit(version=1, at=9.0, events=events)])
    assert state is not None
    return state


async def keep(remember: AnyTool, text: str, state: State) -> None:
    await remember.run(remember.args.model_validate({"text": text}), state)


async def test_a_fact_is_kept_with_author_thread_and_time(remember: AnyTool, memory: Memory):
    await keep(remember, "The invoice template is the blue one", state_of())
    (kept,) = await memory.export(GUILD)
    assert kept["author"] == "Ann"
    assert kept["sources"] == [
        {"channel_id": "40", "message_id": None, "kind": "fact", "at": 9.0, "tainted": False}
    ]


async def test_what_is_kept_of_a_page_is_a_page_and_tainted(remember: AnyTool, memory: Memory):
    state = state_of(PAGE)
    await keep(remember, f"Otters hold hands while they sleep, says {PAGE}", state)
    await keep(remember, "Ann likes otters", state)
    kinds = {str(one["text"])[:6]: one["sources"] for one in await memory.export(GUILD)}
    assert "'kind': 'page'" in str(kinds["Otters"])
    assert "'kind': 'fact'" in str(kinds["Ann li"])
    assert str(kinds).count("'tainted': True") == 2


@pytest.mark.parametrize(
    "rules",
    [
        ServerRules(unremembered_members=("7",)),
        ServerRules(unremembered_channels=("30",)),
        ServerRules(unremembered_channels=("40",)),
    ],
    ids=["member", "channel", "thread"],
)
async def test_nothing_is_kept_for_who_keeps_out_or_in_a_channel_that_does(
    remember: AnyTool, memory: Memory, storage: Storage, rules: ServerRules
):
    await storage.rules.put(GUILD, rules)
    with pytest.raises(ToolError, match="keeps out"):
        await keep(remember, "The invoice template is the blue one", state_of())
    assert await memory.export(GUILD) == []


async def test_a_secret_is_refused_with_the_reason(remember: AnyTool, memory: Memory):
    with pytest.raises(ToolError, match="secret"):
        await keep(remember, "The password is hunter2", state_of())
    assert await memory.export(GUILD) == []
