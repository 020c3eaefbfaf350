"""Escape attempts, each a script that prints OPEN where it got through and HELD where it did not.

The same script is run outside as the control: there it must get through, else the attempt proves nothing.
`@...@` are filled in with the canaries of `stage.py`.
"""

from dataclasses import dataclass
from pathlib import Path

PRELUDE = Path(__file__).with_name("prelude.py").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One way out."""

    name: str
    script: str
    no_control: str = ""
    """Why it is not run outside: it would harm the machine, or means nothing there."""
    may_fail_outside: bool = False
    """The control depends on what this machine offers; where it fails the reason is printed."""

    @property
    def source(self) -> str:
        """The whole script, still with its places to fill."""
        return f"{PRELUDE}\n{self.script}\n"


def _call(name: str, x86: int, arm: int, *arguments: str, machine: bool = False) -> Attempt:
    """A system call with arguments that harm nobody; `machine`: not every kernel lets root reach it."""
    call = ", ".join([f"({x86}, {arm})", *arguments])
    return Attempt(name=f"system call {name}", script=f"answer(*syscall({call}))", may_fail_outside=machine)


SECRETS = (
    Attempt(name="own environment", script="answer('@CANARY@' in str(os.environ))"),
    Attempt(
        name="environment of every process",
        script="""
found = []
for pid in filter(str.isdigit, os.listdir('/proc')):
    try:
        found.append(open(f'/proc/{pid}/environ', 'rb').read())
    except OSError:
        pass
answer(b'@CANARY@' in b''.join(found))
""",
    ),
    Attempt(
        name="command line of every process",
        script="""
found = []
for pid in filter(str.isdigit, os.listdir('/proc')):
    try:
        found.append(open(f'/proc/{pid}/cmdline', 'rb').read())
    except OSError:
        pass
answer(b'@CANARY@' in b''.join(found))
""",
    ),
    Attempt(
        name="inherited descriptors",
        script="""
found = b''
for fd in range(3, 1024):
    try:
        found += os.pread(fd, 4096, 0)
    except OSError:
        pass
answer(b'@CANARY@' in found)
""",
    ),
    Attempt(name="standard input", script="answer('@CANARY@' in sys.stdin.read())"),
    Attempt(
        name="a file of the host", script="answer(*attempt(lambda: open('@FILE@').read() == '@CANARY@'))"
    ),
    Attempt(name="the password file", script="answer(*attempt(lambda: len(open('/etc/shadow').read()) > 0))"),
    Attempt(name="names of users", script="answer(len(open('/etc/passwd').readlines()) > 3)"),
    Attempt(
        name="the host's folders",
        script="places = '/var', '/home', '/sys', '/boot', '/usr/local', '@FILE@'\n"
        "answer(any(map(os.path.exists, places)))",
    ),
    Attempt(
        name="the kernel's own files",
        script="places = '/proc/kallsyms', '/proc/cmdline', '/proc/keys', '/proc/sys'\n"
        "answer(any(map(os.path.exists, places)))",
    ),
    Attempt(
        name="memory of the first process",
        script="""
def peek():
    maps = open('/proc/1/maps').readline()
    with open('/proc/1/mem', 'rb') as memory:
        memory.seek(int(maps.split('-')[0], 16))
        return len(memory.read(16)) == 16
answer(*attempt(peek))
""",
        may_fail_outside=True,
    ),
    Attempt(
        name="where the first process stands",
        script="answer(*attempt(lambda: os.listdir('/proc/1/root/') and os.readlink('/proc/1/cwd')))",
        may_fail_outside=True,
    ),
)

FILES = (
    Attempt(
        name="a file beside the workspace",
        script="path = '@FILE@.written'\n"
        "answer(*attempt(lambda: open(path, 'w').write('x') and os.unlink(path)))",
    ),
    Attempt(
        name="climbing out of the workspace",
        script="answer(*attempt(lambda: open('../' * 30 + '@FILE@').read() == '@CANARY@'))",
    ),
    Attempt(
        name="following a link out",
        script="""
def through():
    os.path.lexists('out') or os.symlink('@FILE@', 'out')
    return open('out').read() == '@CANARY@'
answer(*attempt(through))
""",
    ),
    Attempt(
        name="writing where programs are",
        script="""
def write(folder):
    path = folder + '/planted-by-a-test'
    open(path, 'w').close()
    os.unlink(path)
    return True
import sysconfig
places = ['/', '/usr/bin', '/usr/lib', '/etc', '/bin', os.path.dirname(os.__file__)]
places.append(sysconfig.get_path('purelib'))
places += filter(os.path.exists, ('/opt/python', '/run/box', '/run/box/inside', '/box', '/dev'))
answer(any(attempt(lambda p=p: write(p))[0] for p in places))
""",
    ),
    Attempt(
        name="making a device",
        script="""
import stat
def make():
    os.mknod('disk', stat.S_IFBLK | 0o600, os.makedev(7, 0))
    os.unlink('disk')
answer(*attempt(make))
""",
        may_fail_outside=True,
    ),
    Attempt(name="changing root", script="answer(*attempt(lambda: os.chroot('.')))"),
)

PROCESSES = (
    Attempt(
        name="seeing other processes",
        script="answer(len(list(filter(str.isdigit, os.listdir('/proc')))) > 2)",
    ),
    Attempt(name="signalling a process of the host", script="answer(*attempt(lambda: os.kill(@PID@, 0)))"),
    Attempt(
        name="killing the first process",
        script="""
import signal, time
for number in (signal.SIGTERM, signal.SIGSTOP, signal.SIGKILL):
    attempt(lambda: os.kill(1, number))
time.sleep(0.05)
answer(open('/proc/1/status').read().split('State:')[1].split()[0] not in 'SR')
""",
        no_control="it would end the machine",
    ),
    Attempt(name="becoming root", script="answer(*attempt(lambda: os.setuid(0)))"),
    Attempt(
        name="joining groups",
        script="answer(*attempt(lambda: os.setgroups([0, 5, 27])))",
    ),
    Attempt(
        name="any capability",
        script="answer('CapEff:\\t0000000000000000' not in open('/proc/self/status').read())",
    ),
    Attempt(
        name="gaining by a setuid program",
        script="answer('NoNewPrivs:\\t1' not in open('/proc/self/status').read())",
    ),
    Attempt(
        name="raising a limit",
        script="""
import resource
hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]
def rise():
    if hard >= 0:
        resource.setrlimit(resource.RLIMIT_NPROC, (hard + 1, hard + 1))
try:
    answer(*attempt(rise))
except ValueError as error:
    answer(False, error)
""",
        may_fail_outside=True,
    ),
    Attempt(name="a higher priority", script="answer(*attempt(lambda: os.nice(-1) is not None))"),
    Attempt(
        name="real time",
        script="answer(*attempt(lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))))",
        may_fail_outside=True,
    ),
)

NETWORK = (
    Attempt(
        name="a listener on the host's loopback",
        script="import socket\nanswer(*attempt(lambda: socket.create_connection(('127.0.0.1', @PORT@), 2)))",
    ),
    Attempt(
        name="an abstract socket of the host",
        script="""
import socket
s = socket.socket(socket.AF_UNIX)
answer(*attempt(lambda: s.connect('\\0@CANARY@')))
""",
    ),
    Attempt(
        name="a socket file of the host",
        script="import socket\ns = socket.socket(socket.AF_UNIX)\n"
        "answer(*attempt(lambda: s.connect('@SOCKET@')))",
    ),
    Attempt(
        name="the network's cards",
        script="import socket\nanswer(*attempt(lambda: len(socket.if_nameindex()) > 0))",
    ),
    Attempt(
        name="a datagram to the metadata address",
        script="""
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
answer(*attempt(lambda: s.sendto(b'x', ('169.254.169.254', 9))))
""",
        may_fail_outside=True,
    ),
    *(
        Attempt(
            name=f"sockets of the family {family}",
            script=f"""
import socket
kinds = (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET)
answer(any(attempt(lambda: socket.socket({number}, kind))[0] for kind in kinds))
""",
            may_fail_outside=True,
        )
        for family, number in (
            ("netlink", 16),
            ("packet", 17),
            ("key", 15),
            ("alg", 38),
            ("vsock", 40),
            ("xdp", 44),
            ("bluetooth", 31),
            ("can", 29),
        )
    ),
    Attempt(
        name="raw sockets",
        script="import socket\nanswer(*attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)))",
        may_fail_outside=True,
    ),
)

KERNEL = (
    _call("unshare", 272, 97, "0x10000000"),
    Attempt(
        name="a user namespace by clone",
        script="""
result, why = syscall((56, 220), 0x10000000 | 17, 0, 0, 0, 0)
if os.getpid() == 1 or not open('/proc/self/status').read().count(f'Pid:\\t{os.getpid()}\\n'):
    os._exit(0)
answer(result, why)
""",
        may_fail_outside=True,
    ),
    _call("clone3", 435, 435, "0", "0"),
    _call("setns", 308, 268, "-1", "0"),
    _call("mount", 165, 40, "0", "0", "0", "0", "0"),
    _call("umount2", 166, 39, "0", "0"),
    _call("pivot_root", 155, 41, "0", "0"),
    _call("open_tree", 428, 428, "-1", "0", "0"),
    _call("fsopen", 430, 430, "0", "0"),
    _call("mount_setattr", 442, 442, "-1", "0", "0", "0", "0"),
    _call("ptrace", 101, 117, "0", "0", "0", "0"),
    _call("process_vm_readv", 310, 270, "1", "0", "0", "0", "0", "0"),
    _call("pidfd_getfd", 438, 438, "-1", "0", "0"),
    _call("kcmp", 312, 272, "os.getpid()", "os.getpid()", "0", "0", "0", machine=True),
    _call("bpf", 321, 280, "0", "0", "0"),
    _call("io_uring_setup", 425, 425, "1", "0"),
    _call("userfaultfd", 323, 282, "-1"),
    _call("perf_event_open", 298, 241, "0", "0", "-1", "-1", "0", machine=True),
    _call("keyctl", 250, 219, "0", "-3", "0"),
    _call("add_key", 248, 217, "0", "0", "0", "0", "-3"),
    _call("memfd_create", 319, 279, "0", "0"),
    _call("memfd_secret", 447, 447, "-1", machine=True),
    _call("name_to_handle_at", 303, 264, "-1", "0", "0", "0", "0"),
    _call("open_by_handle_at", 304, 265, "-1", "0", "0"),
    _call("init_module", 175, 105, "0", "0", "0", machine=True),
    _call("finit_module", 313, 273, "-1", "0", "0", machine=True),
    _call("kexec_load", 246, 104, "0", "0", "0", "0x10000", machine=True),
    _call("reboot", 169, 142, "0", "0", "0", "0"),
    _call("clock_settime", 227, 112, "77", "0"),
    _call("settimeofday", 164, 170, "1", "0"),
    _call("swapon", 167, 224, "0", "0", machine=True),
    _call("acct", 163, 89, "b'/nowhere'", machine=True),
    _call("quotactl", 179, 60, "0", "0", "0", "0", machine=True),
    _call("io_setup", 206, 0, "0", "0"),
    _call("mq_open", 180, 278, "0", "0", "0", "0", machine=True),
    _call("shmget", 29, 194, "0", "4096", "0"),
    _call("fanotify_init", 300, 262, "0", "0xffff", machine=True),
    _call("vmsplice", 278, 75, "-1", "0", "0", "0"),
    _call("splice", 275, 76, "-1", "0", "-1", "0", "1", "0"),
    _call("mbind", 237, 235, "0", "0", "77", "0", "0", "0"),
    _call("move_pages", 279, 239, "0", "0", "0", "0", "0", "0", machine=True),
    _call("syslog", 103, 116, "10", "0", "0"),
    _call("sethostname", 170, 161, "0", "-1"),
    _call("seccomp", 317, 277, "77", "0", "0"),
    _call("landlock_create_ruleset", 444, 444, "0", "0", "1", machine=True),
    Attempt(
        name="a terminal's input",
        script="""
import fcntl
def push():
    inner, outer = os.openpty()
    fcntl.ioctl(outer, 0x5412, b'x')
answer(*attempt(push))
""",
        may_fail_outside=True,
    ),
    Attempt(
        name="the calls of the 32 bit ABI",
        script="""
import mmap
pid = os.fork()
if pid == 0:
    code = bytes.fromhex('53b814000000cd805bc3')  # push rbx; mov eax, 20 (getpid); int 0x80; pop rbx; ret
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(code)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    os._exit(0 if ctypes.CFUNCTYPE(ctypes.c_int)(address)() > 0 else 1)
answer(platform.machine() == 'x86_64' and os.waitpid(pid, 0)[1] == 0)
""",
        may_fail_outside=True,
    ),
    Attempt(
        name="the calls of the x32 ABI",
        script="""
pid = os.fork()
if pid == 0:
    os._exit(0 if libc.syscall(0x40000000 + 39) > 0 else 1)
answer(os.waitpid(pid, 0)[1] == 0)
""",
        may_fail_outside=True,
    ),
    Attempt(
        name="settings of the kernel",
        script="""
def change():
    path = '/proc/sys/kernel/hostname'
    old = open(path).read()
    open(path, 'w').write(old)
answer(*attempt(change))
""",
    ),
)

ALL = (*SECRETS, *FILES, *PROCESSES, *NETWORK, *KERNEL)
