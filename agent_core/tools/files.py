"""Look at and change the files of the workspace, without running anything."""

from pydantic import Field

from agent_core.errors import ToolError
from agent_core.gallery import Gallery
from agent_core.session import State
from agent_core.session.files import folders_above, normal_path, under
from agent_core.tools.base import Outcome, Tool, ToolArguments
from agent_core.values import NamedFile
from agent_core.workspace import Workspaces

PAGE_BYTES = 3800
"""Below the size at which a tool's output is cut."""

LARGEST_EDIT = 4 * 1024 * 1024
MOST_LISTED = 200


class ReadFile(ToolArguments):
    """Arguments of `read_file`."""

    path: str = Field(min_length=1, description="Relative to the workspace root.")
    offset: int = Field(default=0, ge=0, description="The first line, from 0.")


class ListFiles(ToolArguments):
    """Arguments of `list_files`."""

    path: str = Field(default=".", description="A folder; the whole workspace if absent.")


class WriteFile(ToolArguments):
    """Arguments of `write_file`."""

    path: str = Field(min_length=1)
    content: str = Field(description="The whole text.")


class EditFile(ToolArguments):
    """Arguments of `edit_file`."""

    path: str = Field(min_length=1)
    old: str = Field(min_length=1)
    new: str


def read_file(workspaces: Workspaces, gallery: Gallery) -> Tool[ReadFile]:
    """The tool that shows a page of a text file, or a picture."""

    async def run(args: ReadFile, state: State) -> Outcome:
        if shown := await _picture(gallery, state, args.path):
            return shown
        _, data = await _data(workspaces, state, args.path)
        return Outcome(text=_page(data.decode("utf-8", "replace"), args.offset, args.path))

    description = "Read a text file, about 4 KB from the given line on; or see a picture."
    return Tool(name="read_file", description=description, args=ReadFile, run=run)


def list_files(_workspaces: Workspaces) -> Tool[ListFiles]:
    """The tool that lists what is there."""

    async def run(args: ListFiles, state: State) -> Outcome:
        if not state.files:
            return Outcome(text="The workspace is empty.")
        found = under(state.files, args.path)
        lines = [f"{one.path}  {one.file.size:,} bytes" for one in found[:MOST_LISTED]]
        if len(found) > MOST_LISTED:
            lines.append(f"... and {len(found) - MOST_LISTED:,} more; list a folder to see them")
        return Outcome(text="\n".join(lines))

    description = "List files with their sizes."
    return Tool(name="list_files", description=description, args=ListFiles, run=run)


def write_file(workspaces: Workspaces) -> Tool[WriteFile]:
    """The tool that writes a text file whole."""

    async def run(args: WriteFile, state: State) -> Outcome:
        path = _file_path(state, args.path)
        written = await _store(workspaces, state, path, args.content.encode("utf-8", "surrogatepass"))
        if state.files.get(path) == written.file:
            return Outcome(text=f"{path} already holds exactly that; nothing has changed.")
        verb = "replaced" if path in state.files else "written"
        return Outcome(text=f"{path} {verb}, {written.file.size:,} bytes.", changed=(written,))

    description = "Write a text file, replacing what was there."
    return Tool(name="write_file", description=description, args=WriteFile, run=run)


def edit_file(workspaces: Workspaces) -> Tool[EditFile]:
    """The tool that replaces one passage of a text file."""

    async def run(args: EditFile, state: State) -> Outcome:
        path, data = await _data(workspaces, state, args.path)
        old, new = (text.encode("utf-8", "surrogatepass") for text in (args.old, args.new))
        count = data.count(old)
        if count != 1:
            found = "does not stand" if count == 0 else f"stands {count} times"
            raise ToolError(
                f"The old text {found} in {args.path!r}, it must stand exactly once. Nothing was changed."
            )
        # By bytes: what is no UTF-8 elsewhere in the file stays as it is.
        written = await _store(workspaces, state, path, data.replace(old, new))
        return Outcome(text=f"{path} changed, now {written.file.size:,} bytes.", changed=(written,))

    description = "Replace a passage that stands exactly once in a text file."
    return Tool(name="edit_file", description=description, args=EditFile, run=run)


async def _picture(gallery: Gallery, state: State, asked: str) -> Outcome | None:
    """The picture for the model to see; None where the path names none."""
    path = asked if asked in state.files else normal_path(asked)
    file = state.files.get(path)
    if file is None:
        return None
    named = NamedFile(path=path, file=file)
    picture = await gallery.read(state.ref.guild_id, named)
    if picture is None:
        return None
    what = f"{path} is a picture: {picture.kind}, {picture.width} x {picture.height}, {file.size:,} bytes."
    if gallery.blind:
        return Outcome(text=f"{what} This model cannot see it; look into it by `run_python` with Pillow.")
    return Outcome(text=f"{what} It follows.", shown=(named,))


def _file_path(state: State, asked: str) -> str:
    """The path of a file to write. Raises ToolError where a folder, or a file as a folder, is in the way."""
    path = normal_path(asked)
    if path == "." or any(name.startswith(f"{path}/") for name in state.files):
        raise ToolError(f"{asked!r} is a folder. Give the path of a file.")
    if blocked := next((name for name in folders_above(path) if name in state.files), None):
        raise ToolError(f"{blocked!r} is a file, so nothing can be written below it. Choose another name.")
    return path


async def _store(workspaces: Workspaces, state: State, path: str, data: bytes) -> NamedFile:
    before = state.files.get(path)
    return await workspaces.store(state.ref, path, data, before.mode if before else 0o644)


async def _data(workspaces: Workspaces, state: State, asked: str) -> tuple[str, bytes]:
    """The path and bytes of a text file. Raises ToolError where there is no such file or it is no text."""
    path = asked if asked in state.files else normal_path(asked)
    file = state.files.get(path)
    if file is None:
        under(state.files, asked)  # says what there is, where there is nothing of this name
        raise ToolError(f"{asked!r} is a folder. Use list_files to see what it holds.")
    if file.size > LARGEST_EDIT:
        raise ToolError(f"{asked!r} has {file.size:,} bytes, too many to read whole. Use run_python on it.")
    data = await workspaces.read(state.ref, file)
    if b"\0" in data[:8192]:
        raise ToolError(f"{asked!r} is no text ({file.size:,} bytes). Use run_python on it.")
    return path, data


def _page(text: str, offset: int, path: str) -> str:
    lines = text.splitlines(keepends=True)
    if not lines:
        return f"{path} is empty."
    if offset >= len(lines):
        raise ToolError(f"{path!r} has {len(lines):,} lines; offset {offset:,} is past its end.")
    count, size = 1, len(lines[offset].encode())
    while offset + count < len(lines) and (size := size + len(lines[offset + count].encode())) <= PAGE_BYTES:
        count += 1
    shown = "".join(lines[offset : offset + count])
    if len(shown.encode()) > PAGE_BYTES:
        shown = shown.encode()[:PAGE_BYTES].decode("utf-8", "ignore")
        shown += f"\n[... line {offset} goes on; read it with run_python ...]"
    after = offset + count
    if after < len(lines):
        shown = (
            f"{shown.rstrip()}\n[lines {offset} to {after - 1} of {len(lines):,}; go on with offset={after}]"
        )
    return shown
