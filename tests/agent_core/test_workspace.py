"""The folder of a session is what its manifest says, whatever lay there before."""

import asyncio
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_core.contract import judged_files
from agent_core.session.files import laid_over
from agent_core.storage import BlobStore
from agent_core.values import FileRef, SessionRef
from agent_core.workspace import Workspaces
from tests.agent_core.session.desk import Desk

REF = SessionRef("10", "20")
NAMES = ("a", "b", "A", "日本", "x y", "-")
PATHS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map("/".join)
CONTENTS = st.sampled_from([b"", b"1", b"22", b"\0\xff"])
TREES = st.dictionaries(PATHS, CONTENTS, max_size=6).map(
    lambda drawn: {
        path: data for path, data in drawn.items() if not any(one.startswith(f"{path}/") for one in drawn)
    }
)


def content(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


async def manifest(blobs: BlobStore, tree: dict[str, bytes]) -> dict[str, FileRef]:
    return {path: await blobs.put_bytes(REF.guild_id, data) for path, data in tree.items()}


@given(trees=st.lists(st.tuples(TREES, TREES, st.booleans()), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_the_folder_holds_exactly_the_manifest_after_whatever_was_done_to_it(
    trees: list[tuple[dict[str, bytes], dict[str, bytes], bool]],
    tmp_path_factory: pytest.TempPathFactory,
):
    root = tmp_path_factory.mktemp("work")

    async def play() -> None:
        blobs = BlobStore(root / "blobs")
        await blobs.open()
        workspaces = Workspaces(root / "work", blobs)
        for wanted, strewn, restarted in trees:
            workspace = await workspaces.open(REF, await manifest(blobs, wanted))
            assert content(workspace.folder) == wanted
            _strew(workspace.folder, strewn)  # what an interrupted run may leave
            if restarted:
                workspaces = Workspaces(root / "work", blobs)
            else:
                workspaces.distrust(REF)

    asyncio.run(play())


def _strew(folder: Path, tree: dict[str, bytes]) -> None:
    for path, data in tree.items():
        target = folder / path
        if any(parent.is_file() for parent in target.parents) or target.is_dir():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        (target.parent / "empty" / "deeper").mkdir(parents=True, exist_ok=True)


async def test_links_left_in_the_folder_are_never_followed(tmp_path: Path):
    blobs = BlobStore(tmp_path / "blobs")
    await blobs.open()
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "f").write_bytes(b"theirs")
    workspaces = Workspaces(tmp_path / "work", blobs)
    folder = (await workspaces.open(REF, {})).folder
    (folder / "sub").symlink_to(outside)
    (folder / "g").symlink_to(outside / "f")
    os.link(outside / "f", folder / "hard")
    os.mkfifo(folder / "pipe")
    wanted = {"sub/f": b"ours", "g": b"ours", "hard": b"ours", "pipe": b"ours"}
    workspaces.distrust(REF)
    folder = (await workspaces.open(REF, await manifest(blobs, wanted))).folder
    assert content(folder) == wanted
    assert (outside / "f").read_bytes() == b"theirs"


async def test_a_file_in_place_of_a_folder_with_empty_folders_in_it_is_laid_out(tmp_path: Path):
    blobs = BlobStore(tmp_path / "blobs")
    await blobs.open()
    workspaces = Workspaces(tmp_path / "work", blobs)
    folder = (await workspaces.open(REF, {})).folder
    (folder / "a" / "b" / "c").mkdir(parents=True)
    workspaces.distrust(REF)
    folder = (await workspaces.open(REF, await manifest(blobs, {"a": b"1"}))).folder
    assert content(folder) == {"a": b"1"}


async def test_a_cancelled_layout_has_ended_before_the_next_begins(tmp_path: Path):
    blobs = BlobStore(tmp_path / "blobs")
    await blobs.open()
    big = await manifest(blobs, {f"{number}": os.urandom(1 << 20) for number in range(20)})
    workspaces = Workspaces(tmp_path / "work", blobs)
    opening = asyncio.create_task(workspaces.open(REF, big))
    await asyncio.sleep(0)
    opening.cancel()
    await asyncio.wait({opening})
    folder = (await workspaces.open(REF, await manifest(blobs, {"a": b"1"}))).folder
    assert content(folder) == {"a": b"1"}


async def test_a_file_that_its_script_made_unreadable_is_kept_and_can_be_read(tmp_path: Path):
    blobs = BlobStore(tmp_path / "blobs")
    await blobs.open()
    workspace = await Workspaces(tmp_path / "work", blobs).open(REF, {})
    (workspace.folder / "a").write_bytes(b"1")
    (workspace.folder / "a").chmod(0)
    kept = await workspace.keep("a", 0)
    assert kept.file.mode == 0o400
    assert (workspace.folder / "a").stat().st_mode & 0o777 == 0o400


@given(older=TREES, newer=TREES)
def test_of_two_files_that_cannot_lie_together_the_newer_stays(
    older: dict[str, bytes], newer: dict[str, bytes]
):
    both = laid_over({path: _ref(path) for path in older}, {path: _ref(path) for path in newer})
    assert set(newer) <= set(both) <= set(newer) | set(older)
    assert not any(two.startswith(f"{one}/") for one in both for two in both)


def test_a_file_delivered_as_a_folder_before_does_not_hinder_the_check():
    state = Desk().state
    state.delivered = {"a/b": _ref("1"), "inputs": _ref("2")}
    state.inputs = {"inputs/c": _ref("3")}
    assert set(judged_files(state, {"a": _ref("4")})) == {"a", "inputs/c"}


def _ref(name: str) -> FileRef:
    return FileRef(sha256=name, size=1)


async def test_folders_that_nobody_opened_for_a_day_go_and_are_laid_out_anew(tmp_path: Path):
    blobs = BlobStore(tmp_path / "blobs")
    await blobs.open()
    workspaces = Workspaces(tmp_path / "work", blobs)
    files = await manifest(blobs, {"a": b"1", "b/c": b"2"})
    old, new = SessionRef("10", "old"), SessionRef("10", "new")
    for ref in (old, new):
        await workspaces.open(ref, files)
    dead = tmp_path / "work" / "10" / "dead"  # of a worker that was killed
    dead.mkdir()
    for folder in (dead, tmp_path / "work" / "10" / "old"):
        os.utime(folder, (0, 0))
    assert await workspaces.clear_unused(86_400.0) == 2
    assert [path.name for path in (tmp_path / "work" / "10").iterdir()] == ["new"]
    opened = await workspaces.open(old, files)
    assert content(opened.folder) == {"a": b"1", "b/c": b"2"}
    assert await workspaces.clear_unused(86_400.0) == 0
