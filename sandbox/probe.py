"""A few escape attempts with the wall up: for `doctor`, and before the first goal of the day."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sandbox.box import Pool, Sandbox
from sandbox.values import Limits, SandboxUnavailableError

_LIMITS = Limits(timeout_s=20.0, memory_mb=256, disk_mb=16)
_HELPER = '''
import ctypes, errno, os, socket, sys
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
        "places = ('@FOLDER@', '/etc/shadow', '/home', '/var', '/sys', '/proc/sys', '/root/.ssh')\n"
        "print(not any(map(os.path.exists, places)))",
    ),
    (
        "writing outside",
        "wrote to the system, the runtime and the launcher",
        "places = ('/', '/usr/bin', '/opt/python', '/run/box/inside', '/etc', '/box')\n"
        "print(all(refused(lambda: open(place + '/x', 'w')) for place in places))",
    ),
    (
        "other processes",
        "listed all there are, read the first one's memory and environment",
        "print(len([name for name in os.listdir('/proc') if name.isdigit()]) == 2,"
        " refused(lambda: open('/proc/1/environ').read()), refused(lambda: open('/proc/1/mem')))",
    ),
    (
        "what was handed in",
        "counted descriptors, looked through the environment, read the input",
        "print(len(os.listdir('/proc/self/fd')) <= 5, "
        " not any('TOKEN' in n or 'KEY' in n for n in os.environ), sys.stdin.read() == '')",
    ),
    (
        "the network",
        "dialled out, and made sockets of odd families",
        "print(refused(lambda: socket.create_connection(('1.1.1.1', 53), 2)),"
        " all(refused(lambda: socket.socket(family, socket.SOCK_RAW)) for family in (2, 16, 17, 38, 40)))",
    ),
    (
        "rights",
        "became root, made namespaces, mounted, traced, counted capabilities",
        "print(os.getuid() != 0, refused(lambda: os.setuid(0)),"
        " refused(lambda: called('unshare', 0x10000000)),"
        " refused(lambda: called('mount', b'x', b'/tmp', b'tmpfs', 0, None)),"
        " refused(lambda: called('ptrace', 0, 0, 0, 0)),"
        " 'CapEff:\\t0000000000000000' in open('/proc/self/status').read())",
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
    """Try the wall from inside. Where no box can be had the only row says what to do; that is not raised."""
    try:
        with TemporaryDirectory(prefix="sandbox-probe-") as folder:
            async with Sandbox(workspace=Path(folder), limits=_LIMITS, pool=pool) as box:
                return [await _try(box, folder, *attempt) for attempt in _ATTEMPTS]
    except SandboxUnavailableError as error:
        return [ProbeRow(name="a box", ok=False, detail=str(error))]


async def _try(box: Sandbox, folder: str, name: str, tried: str, script: str) -> ProbeRow:
    result = await box.run_python(_HELPER + script.replace("@FOLDER@", folder))
    ok = result.exit_code == 0 and set(result.stdout.split()) == {"True"}
    said = f"{result.stdout} {result.stderr[-300:]}".strip()
    detail = tried if ok else f"{tried}: NOT refused; run no code here, and report this: {said!r}"
    return ProbeRow(name=name, ok=ok, detail=detail)
