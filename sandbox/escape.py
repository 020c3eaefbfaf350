"""A short escape test: a few attempts in one script, made from inside a box whenever a wall is set up."""

import json
from dataclasses import dataclass

from sandbox.cell import Cell
from sandbox.channel import Job
from sandbox.server import Server
from sandbox.values import Limits, SandboxUnavailableError

_LIMITS = Limits(timeout_s=30.0, memory_mb=256, disk_mb=16)
_HELPER = '''
import _socket, ctypes, json, os, sys
libc = ctypes.CDLL(None, use_errno=True)
def refused(action):
    """True where the attempt failed as it should."""
    try:
        return action() is False
    except OSError:
        return True
def called(name, *arguments):
    if getattr(libc, name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), name)
def dialled():
    s = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    s.settimeout(2)
    s.connect(("1.1.1.1", 53))
said = []
'''
_ATTEMPTS = (
    (
        "files of the host",
        "looked for secrets, homes and the machine's own view",
        "not any(map(os.path.exists, ('/etc/shadow', '/home', '/var', '/sys', '/proc/sys', '/root/' '.ssh',"
        " '/host/etc')))",
    ),
    (
        "writing outside",
        "wrote to the system, the runtime and the launcher",
        "all(refused(lambda: open(place + '/x', 'w'))"
        " for place in ('/', '/usr/bin', '/opt/python', '/run/box/inside', '/etc', '/box', '/host'))",
    ),
    (
        "other processes",
        "listed all there are, read the first one's memory, environment and descriptors",
        "len([name for name in os.listdir('/proc') if name.isdigit()]) == 2"
        " and all(refused(lambda: open('/proc/1/' + name).read(1)) for name in ('environ', 'mem', 'maps'))"
        " and all(refused(lambda: os.readlink(f'/proc/1/fd/{fd}')) for fd in range(16))",
    ),
    (
        "what was handed in",
        "counted descriptors, looked through the environment, read the input",
        "len(os.listdir('/proc/self/fd')) <= 5"
        " and not any('TOKEN' in n or 'KEY' in n for n in os.environ) and sys.stdin.read() == ''",
    ),
    (
        "the network",
        "dialled out, and made sockets of odd families",
        "refused(dialled) and all("
        "refused(lambda: _socket.socket(family, _socket.SOCK_RAW)) for family in (2, 16, 17, 38, 40))",
    ),
    (
        "rights",
        "became root, made namespaces, mounted, traced, counted capabilities",
        "os.getuid() != 0 and refused(lambda: os.setuid(0))"
        " and refused(lambda: called('unshare', 0x10000000))"
        " and refused(lambda: called('mount', b'x', b'/tmp', b'tmpfs', 0, None))"
        " and refused(lambda: called('ptrace', 0, 0, 0, 0))"
        " and 'CapEff:\\t0000000000000000' in open('/proc/self/status').read()",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeRow:
    """One line of the table that `doctor` prints."""

    name: str
    ok: bool
    detail: str
    """What was tried, or what to do."""


def attempt(server: Server) -> list[ProbeRow]:
    """Try the wall from inside a box of its own. Raises SandboxUnavailableError where there is none."""
    lines = [f"if {expression}: said.append({name!r})" for name, _, expression in _ATTEMPTS]
    source = "\n".join([_HELPER, *lines, "print(json.dumps(said))"])
    job = Job(source=source.encode(), shell=False, read_only=False, limits=_LIMITS, workspace=None)
    result = Cell(server).run(job)
    said = _said(result.stdout)
    words = " ".join(f"{result.stdout} {result.stderr[-300:]}".split())
    return [
        ProbeRow(name=name, ok=name in said, detail=_detail(tried, words, ok=name in said))
        for name, tried, _ in _ATTEMPTS
    ]


def prove(server: Server) -> None:
    """Raise SandboxUnavailableError unless everything was refused."""
    open_rows = [row for row in attempt(server) if not row.ok]
    if open_rows:
        raise SandboxUnavailableError(
            f"The wall does not hold here, so no code is run: {open_rows[0].detail}"
        )


def _said(stdout: str) -> set[str]:
    """The names of the attempts that failed as they should."""
    try:
        said: object = json.loads(stdout)
    except ValueError:
        return set()
    return {name for name, _, _ in _ATTEMPTS if isinstance(said, list) and name in said}


def _detail(tried: str, words: str, *, ok: bool) -> str:
    return tried if ok else f"{tried}: NOT refused; run no code here, and report this: {words!r}"
