"""The rules that no linter has, and the linters themselves: a test run is red on a broken wall."""

import ast
import inspect
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import distributions
from io import StringIO
from pathlib import Path
from typing import Any

import discord
import pytest
from dotenv import dotenv_values
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version
from pydantic import JsonValue

from agent_core.events import SessionStarted
from agent_core.session import State
from agent_core.tools import Outcome, Toolbox
from agent_core.values import Action, Autonomy, FileRef, Limits, Person, SessionRef
from bot.doctor import LATER
from bot.settings import Settings, load, names

ROOT = Path(__file__).parents[1]
PACKAGES = ("bot", "agent_core", "sandbox", "playground")
LONGEST_FILE = 400
LONGEST_FUNCTION = 50
MAY_BE_LONGER: dict[str, str] = {}
"""`path` or `path:function` -> why it may break the limits."""
PROSE = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *patterns], cwd=ROOT, capture_output=True, check=True, text=True
    )
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def recipe(target: str) -> list[str]:
    """The lines of a target in the Makefile, with its variables filled in."""
    text = (ROOT / "Makefile").read_text()
    variables = dict(re.findall(r"^(\w+) := (.*)$", text, re.MULTILINE))
    found = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", text, re.MULTILINE)
    assert found is not None, f"the Makefile has no target {target!r}"
    lines = [line.strip().removeprefix("@") for line in found[1].splitlines()]
    for name, value in reversed(variables.items()):
        lines = [line.replace(f"$({name})", value) for line in lines]
    return lines


def checks() -> list[str]:
    return [line for line in recipe("check") if not line.startswith("scripts/setup.sh")]


# --- The linters -----------------------------------------------------------------------------------


@pytest.mark.timeout(600)
@pytest.mark.parametrize("command", checks())
def test_what_make_check_runs_is_clean(command: str):
    python, *arguments = command.split()
    assert python == ".venv/bin/python"
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, check=False, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout[-8000:]}\n{done.stderr[-2000:]}"


def test_make_check_formats_lints_types_and_keeps_the_walls():
    words = " ".join(checks())
    assert [
        tool for tool in ("ruff format", "ruff check", "pyright", "lint-imports") if tool not in words
    ] == []


def test_pre_commit_runs_the_same_commands():
    config = (ROOT / ".pre-commit-config.yaml").read_text()
    assert re.findall(r"entry: (.+)", config) == checks()


# --- Settings --------------------------------------------------------------------------------------


def test_env_example_lists_exactly_the_settings_in_their_order():
    text = (ROOT / ".env.example").read_text()
    assert list(dotenv_values(stream=StringIO(text))) == list(names())


def test_env_example_holds_the_defaults():
    assert load({}, ROOT / ".env.example") == Settings()


def test_env_example_shows_every_default_that_is_not_empty():
    shown = dotenv_values(ROOT / ".env.example")
    defaults = Settings()
    unset = {name for name in names() if getattr(defaults, name.lower()) in (None, ())}
    assert {name for name, value in shown.items() if not value} == unset


def test_env_example_says_in_one_line_what_each_setting_is():
    lines = (ROOT / ".env.example").read_text().splitlines()
    settings = [number for number, line in enumerate(lines) if re.match(r"[A-Z_]+=", line)]
    assert [lines[at] for at in settings if not re.match(r"# \S", lines[at - 1])] == []


def test_a_setting_that_nothing_reads_is_known_to_the_doctor():
    texts = [
        path.read_text() for path in tracked("bot/*.py") if path.name not in ("settings.py", "doctor.py")
    ]
    read = set(re.findall(r"\.(\w+)", "\n".join(texts)))
    for name, member in vars(Settings).items():
        if isinstance(member, property) and member.fget is not None and name in read:
            read |= set(re.findall(r"self\.(\w+)", inspect.getsource(member.fget)))
    assert {name for name in names() if name.lower() not in read} == set(LATER)


# --- Sizes -----------------------------------------------------------------------------------------


def sources() -> list[Path]:
    return tracked(*(f"{package}/*.py" for package in PACKAGES))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def own_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without those of the functions in it."""
    inside = [inner for inner in functions(function) if inner is not function]
    outermost = [
        one
        for one in inside
        if not any(
            other is not one and other.lineno <= one.lineno <= (other.end_lineno or 0) for other in inside
        )
    ]
    whole = (function.end_lineno or 0) - function.lineno + 1
    return whole - sum((one.end_lineno or 0) - one.lineno + 1 for one in outermost)


def too_long() -> Iterator[str]:
    for path in sources():
        name, text = path.relative_to(ROOT).as_posix(), path.read_text()
        if text.count("\n") > LONGEST_FILE:
            yield name
        for function in functions(ast.parse(text)):
            if own_lines(function) > LONGEST_FUNCTION:
                yield f"{name}:{function.name}"


def test_no_file_and_no_function_is_too_long():
    assert sources()
    assert set(too_long()) == set(MAY_BE_LONGER)


# --- What the files say ----------------------------------------------------------------------------

# Joined from pieces, so that this file does not hold what it looks for.
FOREIGN = [
    *(rf"{host}\.{end}" for host, end in (("pypi", "org"), ("files\\.pythonhosted", "org"))),
    *(rf"{host}\.{end}" for host, end in (("npmjs", "org"), ("npmjs", "com"), ("yarnpkg", "com"))),
    *(
        rf"{host}\.{end}"
        for host, end in (("deb\\.debian", "org"), ("crates", "io"), ("download\\.pytorch", "org"))
    ),
    *(rf"{start}/[a-z]\w*/" for start in ("/home", "/Users")),
    *(
        rf"{start}/{rest}"
        for start, rest in (("/root", r"\.(?:pyenv|cache|local)"), ("/work", "(?:main|shared)"))
    ),
]
LIKE_A_PATH = {"/home/box/", "/home/user/", "/home/me/", "/home/alice/", "/home/someone/"}
"""Paths that stand for nobody's machine."""


def test_no_file_names_a_registry_or_a_place_on_somebodys_machine():
    found: list[str] = []
    for path in tracked():
        text = path.read_bytes().decode(errors="replace")
        for pattern in FOREIGN:
            found += [
                f"{path.relative_to(ROOT)}: {match[0]}"
                for match in re.finditer(pattern, text)
                if match[0] not in LIKE_A_PATH
            ]
    assert found == []


def test_the_search_for_foreign_places_finds_them():
    samples = ["https://py" + "pi.org/simple", "/ho" + "me/jane/x", "/wo" + "rk/main", "/ro" + "ot/.cache"]
    assert [text for text in samples if not any(re.search(pattern, text) for pattern in FOREIGN)] == []


def test_the_lock_files_hold_names_and_versions_only():
    for name in ("requirements.lock", "requirements-dev.lock"):
        lines = (ROOT / name).read_text().split("\n")
        plain = [line for line in lines if re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line)]
        others = {line for line in lines if line not in plain}
        assert others <= {"", "-r requirements.lock"}
        assert len(plain) > 20


def test_the_lock_files_satisfy_pyproject():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    locked = {
        re.sub(r"[-_.]+", "-", name).lower(): Version(version)
        for file in ("requirements.lock", "requirements-dev.lock")
        for name, version in re.findall(r"^(\S+)==(\S+)$", (ROOT / file).read_text(), re.MULTILINE)
    }
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    for requirement in map(Requirement, wanted):
        version = locked.get(re.sub(r"[-_.]+", "-", requirement.name).lower())
        assert version is not None, f"{requirement.name} is in no lock file: `make lock`"
        assert version in requirement.specifier, f"{requirement} is locked at {version}: `make lock`"


# --- The prose -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.name)
def test_every_relative_link_leads_somewhere(path: Path):
    links = re.findall(r"\]\(([^)#\s]+)", path.read_text()) + re.findall(
        r'(?:src|href)="([^"#]+)"', path.read_text()
    )
    relative = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in relative if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.name)
def test_every_file_named_in_prose_exists(path: Path):
    named = re.findall(
        r"`((?:bot|agent_core|sandbox|playground|benchmarks|tests|docs|scripts)/[\w/.*-]+)`", path.read_text()
    )
    assert [name for name in named if not list(ROOT.glob(name.rstrip("/")))] == []


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.name)
def test_every_make_target_named_in_prose_exists(path: Path):
    for target in set(re.findall(r"\bmake ([a-z-]+)`|^make ([a-z-]+)", path.read_text(), re.MULTILINE)):
        recipe(target[0] or target[1])


def test_ci_runs_what_the_readme_tells_people_to_type():
    commands = [
        line.removeprefix("exec ")
        for line in (ROOT / ".ci/run").read_text().splitlines()
        if re.match(r"(exec )?make ", line)
    ]
    readme = (ROOT / "README.md").read_text()
    assert commands == ["make install", "make test"]
    assert [command for command in commands if command not in readme] == []


_COMMAND = r'\b(?:slash|Group)\(\s*(?:name=)?"(\w+)"'


def test_the_readme_lists_every_command_and_no_other():
    texts = [path.read_text() for path in (ROOT / "bot/commands").glob("*.py")]
    built = {name for text in texts for name in re.findall(_COMMAND, text)}
    listed = set(re.findall(r"^\| `/(\w+)", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert built
    assert listed == built


def test_the_invitation_asks_for_the_permissions_that_the_readme_names():
    readme = (ROOT / "README.md").read_text()
    found = re.search(r"these permissions:\s(.*?)\. As a number: `(\d+)`", readme, re.DOTALL)
    assert found is not None
    words = {"View Channels": "view_channel", "Create Public Threads": "create_public_threads"}
    named = [name.strip() for name in found[1].replace("\n", " ").split(",")]
    flags = {words.get(name, name.lower().replace(" ", "_")): True for name in named}
    assert discord.Permissions(**flags).value == int(found[2])
    assert set(re.findall(r"permissions=(\d+)", readme)) == {found[2]}


async def test_the_example_of_a_tool_works():
    example = re.search(r"```python\n(.*?)```", (ROOT / "docs/tools.md").read_text(), re.DOTALL)
    assert example is not None
    room: dict[str, Any] = {"__name__": "example"}
    exec(compile(example[1], "docs/tools.md", "exec"), room)  # noqa: S102
    toolbox = Toolbox([room["hash_file"]()])
    started = SessionStarted(
        goal="Hash it.",
        starter=Person(id="1", name="Ada"),
        channel_id="2",
        autonomy=Autonomy.GUARDED,
        limits=Limits(),
        model="m",
        system="",
        tools=toolbox.schemas(),
    )
    file = FileRef(sha256="ab" * 32, size=3)
    state = State(ref=SessionRef("3", "4"), started=started, files={"a.txt": file})

    async def act(**arguments: JsonValue) -> Outcome:
        return await toolbox.act(Action(id="c", name="hash_file", arguments=arguments, raw=""), state)

    there, missing, wrong = await act(path="a.txt"), await act(path="b.txt"), await act(file="a.txt")
    assert (there.text, there.is_error) == (file.sha256, False)
    assert missing.is_error
    assert "list_files" in missing.text
    assert wrong.is_error
    assert "path" in wrong.text


def test_what_is_installed_runs_on_every_python_3_11():
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    in_box = list(distributions(path=[str(Path(sys.prefix) / "box/lib" / version / "site-packages")]))
    assert in_box, "type `make install`"
    metadata = [found.metadata for found in (*in_box, *distributions())]
    asked = {one["Name"]: one["Requires-Python"] for one in metadata if "Requires-Python" in one}
    assert [name for name, spec in asked.items() if not SpecifierSet(spec).contains("3.11.0")] == []
