"""Looking at and changing files without running anything."""

import io
from pathlib import Path

import pytest
from PIL import Image
from pydantic import JsonValue

from agent_core.gallery import Gallery
from agent_core.session import State
from agent_core.storage import BlobStore
from agent_core.tools import Outcome, Toolbox
from agent_core.tools.files import PAGE_BYTES, edit_file, list_files, read_file, write_file
from agent_core.values import Action
from agent_core.workspace import Workspaces
from tests.agent_core.session.desk import REF, Desk


class Bench:
    """The file tools, at work on one session's files."""

    def __init__(self, folder: Path) -> None:
        self.blobs = BlobStore(folder / "blobs")
        workspaces = Workspaces(folder / "work", self.blobs)
        makers = (list_files, write_file, edit_file)
        self.blind = False
        gallery = Gallery(self.blobs, sees=lambda: not self.blind)
        self.tools = Toolbox([read_file(workspaces, gallery), *(make(workspaces) for make in makers)])
        self.state: State = Desk().state

    async def put(self, path: str, data: bytes, mode: int = 0o644) -> None:
        stored = await self.blobs.put_bytes(REF.guild_id, data)
        self.state.files[path] = type(stored)(sha256=stored.sha256, size=stored.size, mode=mode)

    async def do(self, name: str, **arguments: JsonValue) -> Outcome:
        outcome = await self.tools.act(Action(id="1", name=name, arguments=arguments, raw=""), self.state)
        self.state.files |= {one.path: one.file for one in outcome.changed}
        return outcome

    async def data(self, path: str) -> bytes:
        return await self.blobs.read(REF.guild_id, self.state.files[path].sha256)


@pytest.fixture
async def bench(tmp_path: Path) -> Bench:
    bench = Bench(tmp_path)
    await bench.blobs.open()
    return bench


async def test_an_edit_leaves_every_other_byte_as_it_is(bench: Bench):
    await bench.put("a.csv", b"caf\xe9;1\r\n\xff;2\r\n", mode=0o755)
    outcome = await bench.do("edit_file", path="a.csv", old=";1", new=";3")
    assert not outcome.is_error
    assert await bench.data("a.csv") == b"caf\xe9;3\r\n\xff;2\r\n"
    assert bench.state.files["a.csv"].mode == 0o755


@pytest.mark.parametrize(("old", "found"), [("x", "does not stand"), ("1", "stands 2 times")])
async def test_a_passage_that_does_not_stand_once_changes_nothing(bench: Bench, old: str, found: str):
    await bench.put("a", b"1 1")
    outcome = await bench.do("edit_file", path="a", old=old, new="z")
    assert outcome.is_error
    assert found in outcome.text
    assert await bench.data("a") == b"1 1"


@pytest.mark.parametrize(
    "path", ["inputs", "inputs/", ".", "", "../a", "a/../b", "inputs/a/b", "a\0", "\ud800"]
)
async def test_a_file_cannot_be_written_where_something_else_is_or_outside(bench: Bench, path: str):
    await bench.put("inputs/a", b"1")
    outcome = await bench.do("write_file", path=path, content="x")
    assert outcome.is_error
    assert outcome.text.encode()
    assert set(bench.state.files) == {"inputs/a"}


async def test_any_text_can_be_written_and_read_back(bench: Bench):
    for content in ("", "\ud800", "a\0b", "日本\u2028x", "1" * 100_000):
        assert not (await bench.do("write_file", path="f", content=content)).is_error
        assert await bench.data("f") == content.encode("utf-8", "surrogatepass")
        shown = await bench.do("read_file", path="f")
        assert len(shown.text.encode()) < 4096


async def test_every_line_is_on_exactly_one_page(bench: Bench):
    lines = [f"{number}: {'x' * (number % 300)}\n" for number in range(500)]
    await bench.put("f", "".join(lines).encode())
    seen: list[str] = []
    while len(seen) < len(lines):
        page = (await bench.do("read_file", path="f", offset=len(seen))).text
        assert len(page.encode()) < PAGE_BYTES + 100
        seen += [f"{line}\n" for line in page.splitlines() if not line.startswith("[lines")]
    assert seen == lines
    assert (await bench.do("read_file", path="f", offset=500)).is_error
    assert (await bench.do("read_file", path="f", offset=10**4000)).is_error


async def test_ten_thousand_files_are_listed_in_part_and_by_folder(bench: Bench):
    stored = await bench.blobs.put_bytes(REF.guild_id, b"1")
    bench.state.files |= {f"d{number % 100}/{number}": stored for number in range(10_000)}
    listed = (await bench.do("list_files")).text
    assert "and 9,800 more" in listed
    assert len((await bench.do("list_files", path="d7")).text.splitlines()) == 100


async def test_what_is_not_there_is_answered_with_what_is(bench: Bench):
    await bench.put("data.csv", b"1")
    for name in ("read_file", "list_files"):
        outcome = await bench.do(name, path="x" * 200)
        assert outcome.is_error
        assert "data.csv" in outcome.text


async def test_a_picture_is_shown_and_only_named_where_the_model_is_blind(bench: Bench):
    out = io.BytesIO()
    Image.new("RGB", (30, 20), "red").save(out, "PNG")
    await bench.put("chart.png", out.getvalue())
    await bench.put("fake.png", b"no picture")
    seen = await bench.do("read_file", path="chart.png")
    assert "chart.png is a picture: PNG, 30 x 20" in seen.text
    assert [one.path for one in seen.shown] == ["chart.png"]
    assert (await bench.do("read_file", path="fake.png")).text == "no picture"
    bench.blind = True
    named = await bench.do("read_file", path="chart.png")
    assert not named.shown
    assert "cannot see" in named.text
