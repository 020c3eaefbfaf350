"""Paths as a model writes them, and names as people drop them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.errors import ToolError
from agent_core.session.files import (
    INPUTS,
    LONGEST_NAME,
    LONGEST_PATH,
    dropped_apart,
    folders_above,
    free_path,
    is_free,
    named,
    normal_path,
    under,
)
from agent_core.values import FileRef, NamedFile

ODD = st.lists(
    st.sampled_from(
        ["..", ".", "", "a", "A", "workspace", "日本", "\ud800", "\0", " ", "b" * 300, "c.tar.gz", "~"]
    ),
    max_size=6,
)
PATHS = st.one_of(ODD.map("/".join), st.text(st.characters(), max_size=40))
FILES = st.dictionaries(
    st.lists(st.sampled_from(["a", "a (2)", "outputs", "inputs", "b.txt"]), min_size=1, max_size=3).map(
        "/".join
    ),
    st.sampled_from(["1", "2"]).map(lambda sha: FileRef(sha256=sha, size=1)),
    max_size=6,
)


@given(path=PATHS)
def test_a_path_stays_in_the_workspace_or_is_refused_with_a_sentence(path: str):
    try:
        normal = normal_path(path)
    except ToolError:
        return
    parts = normal.split("/")
    assert normal == "." or not {"", ".", ".."} & set(parts)
    assert "\0" not in normal
    assert len(normal.encode()) <= LONGEST_PATH
    assert all(len(part.encode()) <= LONGEST_NAME for part in parts)
    assert normal_path(normal) == normal or normal != normal.strip()


@pytest.mark.parametrize(
    ("written", "meant"),
    [("a", "a"), ("./a", "a"), ("/workspace/a", "a"), ("/workspace", "."), ("", "."), ("a//b/", "a/b")],
)
def test_the_usual_ways_to_write_a_path_mean_the_same(written: str, meant: str):
    assert normal_path(written) == meant


@pytest.mark.parametrize("path", ["../a", "a/../b", "/etc/passwd", "/workspacea", "/workspace/../x", "a\0b"])
def test_other_places_are_refused(path: str):
    with pytest.raises(ToolError):
        normal_path(path)


def test_a_file_whose_name_begins_with_a_blank_is_found_by_its_very_name():
    files = {" a": FileRef(sha256="1", size=1), "a": FileRef(sha256="2", size=1)}
    assert [one.path for one in under(files, " a")] == [" a"]
    assert [one.path for one in named(files, ["a", "./a", " a"])] == ["a", " a"]


def test_a_name_in_another_case_is_another_file():
    with pytest.raises(ToolError, match="no file or folder 'A'"):
        under({"a": FileRef(sha256="1", size=1)}, "A")


@given(files=FILES, name=st.sampled_from(["a", "b.txt", "1.1.txt", "outputs"]))
def test_a_free_path_is_in_nobodys_way(files: dict[str, FileRef], name: str):
    path = free_path(files, "outputs", name)
    assert is_free(files, path)
    assert not any(folder in files for folder in folders_above(path))


@given(files=FILES, paths=st.lists(st.tuples(PATHS, st.sampled_from(["1", "3"])), max_size=8))
def test_nothing_that_was_dropped_is_lost_or_leaves_inputs(
    files: dict[str, FileRef], paths: list[tuple[str, str]]
):
    dropped = [NamedFile(path=path, file=FileRef(sha256=sha, size=1)) for path, sha in paths]
    apart = dropped_apart(files, dropped)
    assert [one.file for one in apart] == [one.file for one in dropped]
    for one in apart:
        folder, name = one.path.split("/")
        assert folder == INPUTS
        assert name not in {"", ".", ".."}
        assert len(name.encode()) <= LONGEST_NAME
        assert one.path not in files or files[one.path].sha256 == one.file.sha256
        assert not any(path.startswith(f"{one.path}/") for path in files)
    by_path = {one.path: one.file.sha256 for one in apart}
    assert all(by_path[one.path] == one.file.sha256 for one in apart)
