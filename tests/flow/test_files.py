"""Files in and out, byte for byte."""

import os
from typing import Any

import pytest

from tests.flow.conftest import Stage
from tests.flow.people import attached

FINISH = ("finish", {"summary": "all done"})


def python(code: str) -> tuple[str, dict[str, Any]]:
    return ("run_python", {"code": code})


@pytest.mark.parametrize(
    ("name", "data"),
    [("empty.bin", b""), ("結果 表.csv", "列,値\n一,1\n".encode()), ("big.bin", os.urandom(1024) * 10_240)],
    ids=["empty", "japanese", "ten MiB"],
)
async def test_a_file_goes_through_code_and_back_byte_for_byte(stage: Stage, name: str, data: bytes):
    thread_goal = stage.people.goal("copy it", autonomy="auto", files=[attached(name, data)])
    stage.model.will("", python(f"import shutil; shutil.copy('inputs/{name}', 'copy of {name}')"))
    stage.model.will("", ("finish", {"summary": "copied", "files": [f"copy of {name}"]}))
    thread = await thread_goal
    await thread.says("finished, unchecked")
    found = await thread.files()
    assert [content for key, content in found.items() if key.startswith("copy")] == [data]


async def test_a_file_dropped_in_the_thread_is_there_for_code(stage: Stage):
    thread = await stage.people.goal("read it", autonomy="auto")
    await stage.model.asked(1)
    await thread.write("here it is", files=[attached("data.csv", b"a,b\n1,2\n")])
    await thread.until(lambda one: one["content"] == "here it is" and bool(one.get("reactions")), "eyes")
    stage.model.will("", python("print(open('inputs/data.csv').read())"))
    stage.model.will("", FINISH)
    await thread.says("1,2")
    await thread.says("finished, unchecked")


@pytest.mark.parametrize(
    "code",
    [
        "print('line of text\\n' * 80_000)",
        "print(''.join(map(chr, range(1, 32))) * 3 + chr(27) + '[31mred' + chr(0x202e) + 'abc')",
        "import sys; sys.stdout.buffer.write(bytes(range(128, 256)) * 4)",
        "print('@everyone @here <@1> ``` ' * 3000)",
    ],
    ids=["a megabyte", "control characters", "invalid utf-8", "mentions"],
)
async def test_whatever_code_prints_the_thread_stays_readable_and_nobody_is_pinged(stage: Stage, code: str):
    stage.model.will("printing", python(code))
    stage.model.will("", FINISH)
    thread = await stage.people.goal("print", autonomy="auto")
    await thread.says("finished, unchecked")
    messages = await thread.messages()
    assert len(messages) < 12
    for message in messages:
        assert not message["mention_everyone"]
        assert len(message["content"]) <= 2000
        assert message["content"].count("```") % 2 == 0
        assert not any(ord(sign) < 32 and sign not in "\n\t" for sign in message["content"])
        assert "\u202e" not in message["content"]
