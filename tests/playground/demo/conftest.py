"""A small agent that plays a goal against the demo model: real HTTP, real code, real files."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import openai
import pytest
from openai.types.chat import ChatCompletionMessage, ChatCompletionMessageParam, ChatCompletionToolParam

from playground.demo import DemoModel

TOOLS = (
    *("read_file", "list_files", "write_file", "edit_file", "set_plan", "set_contract", "ask"),
    *("run_python", "run_shell", "deliver", "finish"),
)
BOX_PYTHON = Path(sys.prefix) / "box" / "bin" / "python"


def offer(*names: str) -> list[ChatCompletionToolParam]:
    """The tools of a request, by name."""
    return [
        {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}} for name in names
    ]


@dataclass(kw_only=True)
class Called:
    """One call that the model made, and what came of it."""

    name: str
    arguments: dict[str, object]
    thought: str
    result: str = ""

    def text(self, key: str) -> str:
        """An argument that is a text."""
        return str(self.arguments[key])


Verdict = Callable[[Called], str | None]
"""A tool result that stands in for running the call, or None to run it."""


@dataclass(kw_only=True)
class Rehearsal:
    """Plays one goal to its end and keeps everything that happened."""

    client: openai.AsyncOpenAI
    model: str
    workspace: Path
    python: str
    tools: tuple[str, ...] = TOOLS
    answer: str = "a spiral"
    said: dict[int, str] = field(default_factory=dict[int, str])
    """Turn number -> words that arrive after its results."""
    verdict: Verdict = lambda _: None
    messages: list[ChatCompletionMessageParam] = field(default_factory=list[ChatCompletionMessageParam])
    calls: list[Called] = field(default_factory=list[Called])
    delivered: list[str] = field(default_factory=list[str])
    checks: list[dict[str, str]] = field(default_factory=list[dict[str, str]])

    async def play(self, goal: str, *, turns: int = 40) -> str:
        """Run the loop until `finish` holds; the summary. Fails when it takes more turns than that."""
        self.messages = [
            {"role": "system", "content": "You are an agent."},
            {"role": "user", "content": f"The goal, given by Primus:\n\n{goal}"},
        ]
        for number in range(turns):
            message = await self.ask()
            self.messages.append(cast("ChatCompletionMessageParam", message.model_dump(exclude_none=True)))
            for call in message.tool_calls or []:
                assert call.type == "function"
                assert call.function.name in self.tools
                called = Called(
                    name=call.function.name,
                    arguments=json.loads(call.function.arguments),
                    thought=message.content or "",
                )
                self.calls.append(called)
                called.result = self.verdict(called) or self.run(called)
                self.messages.append({"role": "tool", "tool_call_id": call.id, "content": called.result})
                if called.name == "finish" and called.result == "finished":
                    return called.text("summary")
            if number in self.said:
                said = f"Ada writes in the thread:\n\n{self.said[number]}"
                self.messages.append({"role": "user", "content": said})
        pytest.fail(f"No end after {turns} turns; the last call was {self.calls[-1]}")

    async def ask(self) -> ChatCompletionMessage:
        """One plain request with everything so far."""
        reply = await self.client.chat.completions.create(
            model=self.model, messages=self.messages, tools=offer(*self.tools)
        )
        return reply.choices[0].message

    def run(self, called: Called) -> str:  # noqa: PLR0911  (one line per tool)
        """Do what the call asks for, in the workspace."""
        match called.name:
            case "run_python":
                return self.execute(called.text("code"))
            case "write_file":
                (self.workspace / called.text("path")).write_text(called.text("content"), encoding="utf-8")
                return "written"
            case "edit_file":
                path = self.workspace / called.text("path")
                before = path.read_text(encoding="utf-8")
                assert before.count(called.text("old")) == 1
                path.write_text(before.replace(called.text("old"), called.text("new")), encoding="utf-8")
                return "edited"
            case "read_file":
                return (self.workspace / called.text("path")).read_bytes()[:4096].decode(errors="replace")
            case "list_files":
                folder = self.workspace / called.text("path")
                lines = [
                    f"inputs/{path.name}  {path.stat().st_size} bytes" for path in sorted(folder.glob("*"))
                ]
                return "\n".join(lines) or "There is no file or folder 'inputs'. It holds: other.csv."
            case "ask":
                return f"Ada answers: {self.answer}"
            case "deliver":
                return self.hand_over(cast("list[str]", called.arguments["paths"]))
            case "set_contract":
                return self.freeze(cast("list[dict[str, str]]", called.arguments["checks"]))
            case "finish":
                self.hand_over(cast("list[str]", called.arguments.get("files", [])))
                return self.failing_check() or "finished"
            case _:
                return "done"

    def execute(self, code: str) -> str:
        """Run code with the workspace as working directory, as the sandbox does."""
        ran = subprocess.run(
            [self.python, "-c", code],
            cwd=self.workspace,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
            env={"MPLBACKEND": "agg", "MPLCONFIGDIR": str(self.workspace.parent), "PATH": "/usr/bin:/bin"},
        )
        return f"exit code {ran.returncode}\n{ran.stdout}{ran.stderr}\nfiles written: a.txt, b.png"

    def hand_over(self, paths: list[str]) -> str:
        """A delivered file has to be there."""
        for path in paths:
            assert (self.workspace / path).is_file(), f"{path} was not made"
            self.delivered.append(path)
        return "delivered"

    def freeze(self, checks: list[dict[str, str]]) -> str:
        """Refuse a check that already passes."""
        for check in checks:
            if self.execute(check["code"]).startswith("exit code 0"):
                return f"These checks pass already: {check['name']}. Nothing was frozen."
        self.checks = checks
        return "frozen"

    def failing_check(self) -> str:
        """What the model sees of the first check that fails."""
        for check in self.checks:
            result = self.execute(check["code"])
            if not result.startswith("exit code 0"):
                return f"Not finished, a check fails:\n- {check['name']}: {result}"
        return ""

    def named(self, name: str) -> list[Called]:
        """The calls of one tool."""
        return [call for call in self.calls if call.name == name]


@pytest.fixture
async def demo() -> AsyncIterator[DemoModel]:
    async with DemoModel() as demo:
        yield demo


@pytest.fixture
async def client(demo: DemoModel) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=demo.base_url, api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture
def rehearsal(demo: DemoModel, client: openai.AsyncOpenAI, tmp_path: Path) -> Rehearsal:
    """A stage with an empty workspace."""
    workspace = tmp_path / "workspace"
    (workspace / "inputs").mkdir(parents=True)
    return Rehearsal(client=client, model=demo.name, workspace=workspace, python=sys.executable)


@pytest.fixture
def stage(rehearsal: Rehearsal) -> Rehearsal:
    """A stage whose Python has pandas and matplotlib: the box's own."""
    if not BOX_PYTHON.exists():
        pytest.skip(f"the box's Python is not installed at {BOX_PYTHON}")
    rehearsal.python = str(BOX_PYTHON)
    return rehearsal
