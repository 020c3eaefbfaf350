"""A few escape attempts with the wall up: for `doctor`, and before the first goal of the day."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sandbox.box import Pool, Sandbox
from sandbox.values import Limits, SandboxUnavailableError

_LIMITS = Limits(timeout_s=20.0, memory_mb=256, disk_mb=16)
_HELPER = '''
import ctypes, errno, os, socket
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
'''
_ATTEMPTS = (
    (
        "files of the host",
        "looked for secrets, homes and the workspace's own place",
        "all(not os.path.exists(p) for p in ({host!r}, '/etc/shadow', '/home', '/var', '/sys', '/proc/sys', '/root/.ssh'))",
    ),
    (
        "writing outside",
        "wrote to the system, the runtime and the launcher",
        "all(refused(lambda p=p: open(p + '/x', 'w')) for p in ('/', '/usr/bin', '/opt/python', '/run/box/inside', '/etc', '/box'))",
    ),
    (
        "other processes",
        "listed and signalled everything, read the first process",
        "len([n for n in os.listdir('/proc') if n.isdigit()]) == 2 and refused(lambda: os.kill(1, 0) or open('/proc/1/environ').read())",
    ),
    (
        "descriptors and environment",
        "counted what was handed in",
        "len(os.listdir('/proc/self/fd')) <= 5 and not any('TOKEN' in k or 'KEY' in k for k in os.environ)",
    ),
    (
        "the network",
        "dialled out, and made sockets of odd families",
        "refused(lambda: socket.create_connection(('1.1.1.1', 53), 2)) and all(refused(lambda f=f: socket.socket(f, socket.SOCK_RAW)) for f in (16, 17, 38, 40))",
    ),
    (
        "rights",
        "became root, made namespaces, mounted, traced",
        "os.getuid() != 0 and refused(lambda: os.setuid(0)) and refused(lambda: called('unshare', 0x10000000)) and refused(lambda: called('mount', b'x', b'/tmp', b'tmpfs', 0, None)) and refused(lambda: called('ptrace', 0, 0, 0, 0)) and 'CapEff:\\t0000000000000000' in open('/proc/self/status').read()",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeRow:
    """One line of the table that `doctor` prints."""

    name: str
    ok: bool
    detail: str
    """What was tried, or what to do."""


async def probe(pool: Pool | None = None) -> list[ProbeRow]:
    """Try the wall from inside. Where no box can be had the only row says what to do; nothing is raised for that."""
    try:
        with TemporaryDirectory(prefix="sandbox-probe-") as folder:
            async with Sandbox(workspace=Path(folder), limits=_LIMITS, pool=pool) as box:
                return [await _try(box, folder, *attempt) for attempt in _ATTEMPTS]
    except SandboxUnavailableError as error:
        return [ProbeRow(name="a box", ok=False, detail=str(error))]


async def _try(box: Sandbox, folder: str, name: str, tried: str, condition: str) -> ProbeRow:
    code = f"{_HELPER}\nprint({condition.format(host=folder)})"
    result = await box.run_python(code)
    ok = result.exit_code == 0 and result.stdout == "True\n"
    detail = (
        tried
        if ok
        else f"{tried}: NOT refused; run no code here and report this ({result.stderr[-300:].strip()!r})"
    )
    return ProbeRow(name=name, ok=ok, detail=detail)
