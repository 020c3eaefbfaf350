"""Entries of journals are for ever too: what was once packed, every later version unpacks."""

import base64
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


@given(data=st.binary(max_size=500))
def test_whatever_is_packed_comes_back_and_never_grows(data: bytes):
    name, packed = pack(data)
    assert unpack({name: packed}) == data
    assert len(packed) <= len(data)
