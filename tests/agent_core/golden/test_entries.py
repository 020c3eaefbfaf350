"""Entries of journals are for ever too: what was once packed, every later version unpacks."""

import base64
import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.storage.packing import pack, unpack

FOLDER = Path(__file__).parent
FORMAT_1 = {path.stem: path.read_bytes().strip() for path in (FOLDER / "format_1").glob("*.json")}
STORED: dict[str, dict[str, str]] = json.loads((FOLDER / "entries" / "z1.json").read_bytes())


def test_every_event_of_the_first_format_is_there():
    assert set(STORED) == set(FORMAT_1)


@pytest.mark.parametrize("kind", sorted(FORMAT_1))
def test_a_packed_entry_is_read_as_what_it_was(kind: str):
    fields = {name.encode(): base64.b64decode(value) for name, value in STORED[kind].items()}
    assert list(fields) == [b"z1"]
    assert unpack(fields) == FORMAT_1[kind]


@pytest.mark.parametrize("kind", sorted(FORMAT_1))
def test_an_entry_that_was_never_packed_is_read_as_it_is(kind: str):
    assert unpack({b"commit": FORMAT_1[kind]}) == FORMAT_1[kind]


def test_a_thought_that_was_packed_without_what_it_says_twice_is_read_as_what_it_was():
    stored = json.loads((FOLDER / "entries" / "z2.json").read_bytes())
    packed, commit = base64.b64decode(stored["z2"]), base64.b64decode(stored["commit"])
    assert unpack({b"z2": packed}) == commit
    assert pack(commit)[0] == b"z2"


SENT = st.one_of(
    st.text(),
    st.dictionaries(st.text(), st.one_of(st.integers(), st.floats(), st.text(), st.none())).map(json.dumps),
    st.sampled_from(['{"a": 1.0}', '{"a": 1}', '{"a":1, "a":2}', '{"a": NaN}', "[1]", "0", '{"a": 1e5}']),
)
ARGUMENTS = st.one_of(st.none(), st.dictionaries(st.text(), st.one_of(st.integers(), st.floats(), st.text())))


@given(raw=SENT, given_arguments=ARGUMENTS, parsed=st.booleans(), said=st.one_of(SENT, st.none()))
def test_a_thought_comes_back_byte_for_byte_whatever_a_model_sent(
    raw: str, given_arguments: dict[str, object] | None, parsed: bool, said: str | None
):
    arguments = given_arguments
    if parsed:
        with contextlib.suppress(ValueError):
            arguments = json.loads(raw)
    call = {"function": {"name": "n", "arguments": raw if said is None else said}}
    actions = [{"id": "1", "name": "n", "arguments": arguments, "raw": raw}]
    thought = {"kind": "thought", "actions": actions, "message": {"tool_calls": [call]}}
    data = json.dumps({"events": [thought]}, separators=(",", ":"), ensure_ascii=False)
    stored = data.encode("utf-8", "surrogatepass")
    name, packed = pack(stored)
    assert unpack({name: packed}) == stored


@given(data=st.binary(max_size=500))
def test_whatever_is_packed_comes_back_and_never_grows(data: bytes):
    name, packed = pack(data)
    assert unpack({name: packed}) == data
    assert len(packed) <= len(data)
