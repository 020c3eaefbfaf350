"""Leave the sandbox: code with a way to named hosts, and packages. Both ask a person."""

import re
from dataclasses import replace

from pydantic import Field

from agent_core.errors import ToolError
from agent_core.events import Installed
from agent_core.packages import Packages
from agent_core.session import State
from agent_core.tools.base import AnyTool, Outcome, Tool, ToolArguments
from agent_core.tools.outside import current, marked, told
from agent_core.tools.run import Boxes, in_box
from agent_core.tools.web import Rules, hosts_of
from agent_core.values import Source
from agent_core.web.egress import Egress
from sandbox import RunResult, Sandbox

PORT = 3128
"""Inside the box, where nothing else listens."""
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")
_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


class RunOnline(ToolArguments):
    """Arguments of `run_online`."""

    code: str = Field(min_length=1)
    hosts: list[str] = Field(min_length=1, max_length=10, description="Names alone.")


class Install(ToolArguments):
    """Arguments of `install`."""

    packages: list[str] = Field(min_length=1, max_length=20, description="Such as 'six>=1.16'.")


def online_tools(boxes: Boxes, packages: Packages, rules: Rules) -> list[AnyTool]:
    """Both."""
    return [run_online(boxes, rules), install(packages)]


def run_online(boxes: Boxes, rules: Rules) -> Tool[RunOnline]:
    """The tool that runs a script which may speak to the hosts that are named, by HTTP and HTTPS."""

    async def run(args: RunOnline, state: State) -> Outcome:
        names = [host.strip().lower().rstrip(".") for host in args.hosts]
        if bad := [name for name in names if not _HOST.fullmatch(name)]:
            raise ToolError(f"{bad[0]!r} is no host name. Give names alone, like 'example.org'.")
        lists = hosts_of(await rules(state.ref.guild_id))
        if closed := [name for name in names if not lists.permit(name)]:
            raise ToolError(f"The rules of this server keep {closed[0]!r} closed.")
        ways: list[Egress] = []

        async def work(box: Sandbox) -> RunResult:
            async with Egress(await box.listen(PORT), frozenset(names), lists=lists) as way:
                ways.append(way)
                return await box.run_python(_with_proxy(args.code))

        outcome = await in_box(boxes, state, work)
        records = [record for way in ways for record in way.records]
        number = state.marks.number_of(f"https://{names[0]}/")
        sources = [
            Source(number=number + at, url=f"https://{name}/", title=name, how="online")
            for at, name in enumerate(names)
        ]
        came = sum(record.size for record in records)
        sent = sum(record.sent for record in records)
        head = f"{len(records)} connections, {came:,} bytes in, {sent:,} bytes out."
        said = told(state, head, outcome.text, sources=sources, records=records, changed=outcome.changed)
        return replace(said, is_error=outcome.is_error, removed=outcome.removed)

    description = (
        "Run a Python script that may reach these hosts by HTTP(S), through the proxy in its environment."
    )
    return Tool(name="run_online", description=description, args=RunOnline, run=run)


def install(packages: Packages) -> Tool[Install]:
    """The tool that gives later code packages to import."""

    async def run(args: Install, state: State) -> Outcome:
        found = await packages.download(args.packages)
        kept = {package.name: package for package in (*state.marks.installed, *found)}
        await packages.pool(tuple(kept.values()))
        names = ", ".join(f"{package.name} {package.version}" for package in found)
        number = state.marks.number_of("packages:index")
        source = Source(number=number, url="packages:index", title=names[:200], how="install")
        events = (
            Installed(action=current(state), packages=found),
            marked(state, [source]),
        )
        return Outcome(text=f"Installed: {names}. Later code can import it.", events=events, fenced=True)

    description = "Install Python packages (wheels) for later code of this goal."
    return Tool(name="install", description=description, args=Install, run=run)


def _with_proxy(code: str) -> str:
    """The script, with the way out in its environment. Its own lines keep their numbers."""
    way = f"http://127.0.0.1:{PORT}"
    return (
        "import os\n"
        f"os.environ.update(dict.fromkeys({_VARIABLES!r}, {way!r}), no_proxy='', NO_PROXY='')\n"
        f"exec(compile({code!r}, 'script.py', 'exec', dont_inherit=True))\n"
    )
