"""What a model may send as the arguments of a tool, and what it is told when that is wrong."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from agent_core.contract import ContractRunner
from agent_core.gallery import Gallery
from agent_core.policy import RISKS
from agent_core.storage import BlobStore
from agent_core.tools import SMALL, Boxes, Toolbox, toolbox
from agent_core.tools.base import MOST_PROBLEM
from agent_core.values import Action, Risk
from agent_core.workspace import Workspaces
from sandbox import Limits

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["run_python", "set_contract", "set_plan", "ask", "finish", "read_file", "fly", ""])
KEYS = st.sampled_from(["code", "path", "offset", "checks", "items", "question", "options", "summary", "x"])


@pytest.fixture
def tools(tmp_path: Path) -> Toolbox:
    workspaces = Workspaces(tmp_path, BlobStore(tmp_path))
    runner = ContractRunner(workspaces, tmp_path, Limits(), None)
    boxes = Boxes(workspaces=workspaces, limits=Limits(), pool=None)
    return toolbox(boxes, runner, Gallery(BlobStore(tmp_path)))


@given(name=NAMES, arguments=st.none() | st.dictionaries(KEYS, JSON, max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_bad_call_is_one_short_sentence(tools: Toolbox, name: str, arguments: dict[str, JsonValue] | None):
    problem = tools.problem(Action(id="1", name=name, arguments=arguments, raw="\ud800" * 3))
    assert problem is None or 0 < len(problem) <= MOST_PROBLEM


def test_ten_thousand_unknown_arguments_are_one_short_answer(tools: Toolbox):
    arguments: dict[str, JsonValue] = {f"key {number}" * 10: number for number in range(10_000)}
    problem = tools.problem(Action(id="1", name="run_python", arguments=arguments, raw=""))
    assert problem is not None
    assert len(problem) <= MOST_PROBLEM
    assert problem.startswith("Wrong arguments for 'run_python': code: Field required")


def test_every_tool_has_the_risk_of_the_table(tools: Toolbox):
    names = [schema["function"]["name"] for schema in map(_plain, tools.schemas())]
    assert set(names) <= set(RISKS)
    assert {name for name in names if RISKS[name] is Risk.RUN} == {"run_python", "run_shell", "set_contract"}
    assert not [name for name in names if RISKS[name] is Risk.REACH]


def test_the_schemas_are_the_same_bytes_each_time(tools: Toolbox):
    assert json.dumps(tools.schemas()) == json.dumps(tools.schemas())
    assert "title" not in json.dumps(tools.schemas())


def _plain(schema: dict[str, JsonValue]) -> dict[str, dict[str, Any]]:
    return json.loads(json.dumps(schema))


def test_the_model_is_told_nothing_that_only_our_own_check_needs(tools: Toolbox):
    told = {schema["function"]["name"]: schema["function"] for schema in map(_plain, tools.schemas())}
    assert told["ask"]["parameters"] == {
        "properties": {
            "question": {"type": "string"},
            "options": {
                "items": {"type": "string"},
                "type": "array",
                "description": "Answers to press, up to 10.",
            },
        },
        "required": ["question"],
        "type": "object",
    }
    lines = told["set_plan"]["parameters"]["properties"]["items"]["items"]
    assert lines["properties"] == {"text": {"type": "string"}, "done": {"type": "boolean"}}
    assert lines["required"] == ["text"]


def test_a_tool_that_the_session_was_not_offered_is_as_unknown_as_any_other(tools: Toolbox):
    action = Action(id="1", name="run_shell", arguments={"command": "ls"}, raw="{}")
    assert tools.problem(action) is None
    problem = tools.problem(action, frozenset({"ask", "run_python"}))
    assert problem == "There is no tool 'run_shell'. Use one of: ask, run_python."
    names = [schema["function"]["name"] for schema in map(_plain, tools.schemas(SMALL))]
    assert names == ["ask", "finish", "read_file", "run_python", "set_contract", "write_file"]
