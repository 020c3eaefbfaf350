"""Attempts that a fork server and layered disks invite; to be run in copies of both servers."""

from tests.security.attempts import Attempt

SERVER = (
    Attempt(
        name="the host's environment in the memory that was copied",
        script="""
import re
needle, found = re.compile(rb'TOKEN[=]canary'), 0
with open('/proc/self/mem', 'rb', 0) as memory:
    for line in open('/proc/self/maps'):
        first, last = (int(word, 16) for word in line.split()[0].split('-'))
        if line.split()[1][0] == 'r' and last < 1 << 47:
            try:
                memory.seek(first)
                found += bool(needle.search(memory.read(last - first)))
            except (OSError, OverflowError):
                pass
answer(found > 0)
""",
    ),
    Attempt(
        name="a socket that was left open",
        script="""
import stat
left = []
for fd in range(3, 256):
    try:
        if stat.S_ISSOCK(os.fstat(fd).st_mode):
            left.append(fd)
    except OSError:
        pass
answer(left, left)
""",
        no_control="outside nothing of the kind was ever open",
    ),
    Attempt(
        name="a folder that was left open",
        script="""
import stat
left = []
for fd in range(3, 256):
    try:
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            left.append(fd)
    except OSError:
        pass
answer(left, left)
""",
        no_control="outside nothing of the kind was ever open",
    ),
    Attempt(
        name="telling the supervisor how the run ended",
        script="""
import struct
def forge():
    for fd in range(3, 32):
        if attempt(lambda: open(f'/proc/1/fd/{fd}', 'wb', 0).write(struct.pack('i', 0)))[0]:
            return True
    return False
answer(*attempt(forge))
""",
        no_control="it would write into what the first process of this machine has open",
    ),
    Attempt(
        name="every signal to the first process",
        script="""
import signal, time
for number in range(1, 65):
    attempt(lambda: os.kill(1, number))
time.sleep(0.05)
answer(open('/proc/1/status').read().split('State:')[1].split()[0] not in 'SR')
""",
        no_control="it would end the machine",
    ),
    Attempt(
        name="writing into the first process",
        script="answer(*attempt(lambda: open('/proc/1/mem', 'r+b', 0).close()))",
        may_fail_outside=True,
    ),
    Attempt(
        name="the namespaces of the first process",
        script="answer(*attempt(lambda: os.open('/proc/1/ns/mnt', os.O_RDONLY)))",
        may_fail_outside=True,
    ),
    Attempt(
        name="the descriptors of the first process",
        script="answer(any(attempt(lambda: os.stat(f'/proc/1/fd/{fd}'))[0] for fd in range(32)))",
        may_fail_outside=True,
    ),
    Attempt(
        name="processes by number",
        script="""
own = {1, os.getpid(), os.getppid()}
answer(any(attempt(lambda: os.kill(pid, 0))[0] for pid in range(2, 40000) if pid not in own))
""",
    ),
    Attempt(
        name="tracing the parent",
        script="answer(*syscall((101, 117), 0x4206, os.getppid(), 0, 0))",
        may_fail_outside=True,
    ),
    Attempt(
        name="reading the parent's memory by call",
        script="""
buffer = ctypes.create_string_buffer(8)
class Part(ctypes.Structure):
    _fields_ = [('base', ctypes.c_void_p), ('size', ctypes.c_size_t)]
own = Part(ctypes.addressof(buffer), 8)
result, why = syscall((310, 270), os.getppid(), ctypes.addressof(own), 1, ctypes.addressof(own), 1, 0)
answer(result, why)
""",
        may_fail_outside=True,
    ),
    Attempt(
        name="leaving the process namespace for the server's",
        script="answer(*syscall((308, 268), 0, 0x20000000))",
    ),
    Attempt(
        name="what another run left in shared places",
        script="""
places = [f'{p}/{n}' for p in ('/tmp', '/dev/shm', '/var/tmp') if os.path.isdir(p) for n in os.listdir(p)]
answer([place for place in places if not place.endswith('/.matplotlib')])
open('/dev/shm/left', 'w').close()
""",
        no_control="outside such places are shared by all",
    ),
)

LAYERS = (
    Attempt(
        name="the layers beneath the workspace",
        script="answer(any(map(os.path.exists, ('/tmp/w', '/tmp/k', '/tmp/t', '/host/usr', '/host/etc'))))",
        no_control="outside there are no layers",
    ),
    Attempt(
        name="a device that hides a name of the layer below",
        script="""
import stat
def make():
    os.mknod('gone', stat.S_IFCHR | 0o600, os.makedev(0, 0))
    os.unlink('gone')
answer(*attempt(make))
""",
    ),
    Attempt(
        name="a mark that hides a folder of the layer below",
        script="""
os.makedirs('marked', exist_ok=True)
answer(*attempt(lambda: os.setxattr('marked', 'user.overlay.opaque', b'y')))
""",
        may_fail_outside=True,
    ),
    Attempt(
        name="a mark that leads to another place of the layer below",
        script="""
os.makedirs('marked', exist_ok=True)
answer(any(attempt(lambda: os.setxattr('marked', name, b'/../../etc'))[0]
           for name in ('trusted.overlay.redirect', 'user.overlay.redirect', 'user.overlay.metacopy')))
""",
        may_fail_outside=True,
    ),
    Attempt(
        name="a rename that leaves a device behind",
        script="""
open('from', 'w').close()
taken, why = syscall((316, 276), -100, b'from', -100, b'to', 4)
answer(taken and os.path.lexists('from') and os.path.lexists('to'), why)
""",
        may_fail_outside=True,
    ),
    Attempt(
        name="a second name for a file of the system",
        script="""
def link():
    os.link('/usr/bin/env', 'env')
    os.unlink('env')
answer(*attempt(link))
""",
        may_fail_outside=True,
    ),
    Attempt(
        name="mounting over the workspace",
        script="answer(libc.mount(b'x', b'.', b'tmpfs', 0, None) == 0 and libc.umount2(b'.', 2) == 0)",
        may_fail_outside=True,
    ),
    Attempt(
        name="taking away what covers the layers",
        script="answer(libc.umount2(b'/tmp', 2) == 0)",
        no_control="it would take away this machine's",
    ),
    Attempt(
        name="making the read-only view writable",
        script="answer(libc.mount(b'', b'/', None, 4096 | 32, None) == 0)",
        no_control="it would change this machine's",
    ),
)

FORKED = (*SERVER, *LAYERS)
