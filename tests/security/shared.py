"""Attempts on what one machine's boxes share: signals to groups, files that all read, the kernel itself."""

from tests.security.attempts import Attempt

NEIGHBOURS = (
    Attempt(
        name="being in somebody's process group",
        script="answer(os.getpgrp() != os.getpid())",
    ),
    Attempt(
        name="being in somebody's session",
        script="answer(os.getsid(0) != os.getpid())",
    ),
    Attempt(
        name="watching who opens the system's files",
        script="""
watch = libc.inotify_init1(0)
answer(watch >= 0 and libc.inotify_add_watch(watch, b'/usr/bin', 0x20) >= 0)
""",
    ),
    Attempt(
        name="being signalled when the system's files are read",
        script="import fcntl\nanswer(*attempt(lambda: fcntl.fcntl(os.open('/usr/bin', 0), 1026, 1)))",
        may_fail_outside=True,
    ),
    Attempt(
        name="a lease that makes others wait",
        script="import fcntl\nanswer(*attempt(lambda: fcntl.fcntl(os.open('/etc/passwd', 0), 1024, 0)))",
        may_fail_outside=True,
    ),
    Attempt(
        name="what of the system's files is in memory",
        script="""
with open('/usr/bin/env', 'rb') as file:
    address = libc.mmap
    address.restype = ctypes.c_void_p
    place = address(None, ctypes.c_size_t(4096), 1, 2, file.fileno(), ctypes.c_long(0))
answer(*syscall((27, 232), place, 4096, bytes(8)))
""",
    ),
    Attempt(
        name="what of an open file is in memory",
        script="answer(*syscall((451, 451), os.open('/usr/bin/env', 0), bytes(16), bytes(64), 0))",
        may_fail_outside=True,
    ),
    Attempt(
        name="a process that its killer is not a parent of",
        script="""
pid = os.fork()
if pid == 0:
    os.setsid()
    os.fork() and os._exit(0)
    for fd in range(16):
        attempt(lambda: os.close(fd))
    import time
    time.sleep(600)
os.waitpid(pid, 0)
answer(False)
""",
        no_control="it would stay behind",
    ),
)

SURFACE = (
    Attempt(
        name="a program in the kernel that looks at packets",
        script="""
import socket, struct
code = ctypes.create_string_buffer(struct.pack('HBBI', 6, 0, 0, 65535))
a, b = socket.socketpair()
program = struct.pack('HxxxxxxQ', 1, ctypes.addressof(code))
answer(*attempt(lambda: a.setsockopt(socket.SOL_SOCKET, 26, program)))
""",
    ),
    Attempt(
        name="the kernel's own TLS",
        script="""
import socket
listener = socket.create_server(('127.0.0.1', 0))
s = socket.create_connection(listener.getsockname())
answer(*attempt(lambda: s.setsockopt(socket.IPPROTO_TCP, 31, b'tls')))
""",
        may_fail_outside=True,
    ),
    Attempt(
        name="copies that the network makes of memory",
        script="""
import socket
answer(*attempt(lambda: socket.socket().setsockopt(socket.SOL_SOCKET, 60, 1)))
""",
    ),
    Attempt(
        name="urgent bytes on a unix socket",
        script="""
import socket
a, b = socket.socketpair()
answer(*attempt(lambda: a.send(b'x', socket.MSG_OOB)))
""",
        may_fail_outside=True,
    ),
    Attempt(
        name="a larger pipe",
        script="import fcntl\nanswer(*attempt(lambda: fcntl.fcntl(os.pipe()[1], 1031, 1 << 20)))",
    ),
    Attempt(
        name="a larger socket",
        script="""
import socket
a, b = socket.socketpair()
before = a.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
a.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * before)
answer(a.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) > before)
""",
        may_fail_outside=True,
    ),
    Attempt(
        name="running a file that was never on a disk",
        script="""
def make():
    fd = os.memfd_create('x')
    os.write(fd, open('/usr/bin/true', 'rb').read())
    pid = os.fork()
    if pid == 0:
        os.execve(fd, ['true'], {})
    return os.waitpid(pid, 0)[1] == 0
answer(*attempt(make))
""",
    ),
    Attempt(
        name="running a setuid file of one's own",
        script="""
import shutil, subprocess
shutil.copy('/usr/bin/id', 'id')
attempt(lambda: os.chmod('id', 0o6755))
said = subprocess.run(['./id', '-u'], capture_output=True, text=True).stdout.strip()
os.unlink('id')
answer(said == '0')
""",
        may_fail_outside=True,
    ),
    Attempt(
        name="the owner of another's memory, through /proc/self/mem",
        script="""
line = next(line for line in open('/proc/self/maps') if '/libc.so' in line or 'libc-' in line)
place = int(line.split('-')[0], 16)
def overwrite():
    with open('/proc/self/mem', 'r+b', 0) as memory:
        memory.seek(place)
        memory.write(b'\\x7fELF')
taken, why = attempt(overwrite)
pid = os.fork()
if pid == 0:
    os.execv('/bin/true', ['true'])
answer(os.waitpid(pid, 0)[1] != 0, 'the copy is its own')
""",
        no_control="it shows that the others' copy is whole",
    ),
    Attempt(
        name="a name for a deleted file of the system",
        script="""
def name():
    fd = os.open('/usr/bin/env', os.O_RDONLY)
    os.link(f'/proc/self/fd/{fd}', 'env', follow_symlinks=True)
    os.unlink('env')
answer(*attempt(name))
""",
        may_fail_outside=True,
    ),
    Attempt(
        name="an access list, or any other mark, on a file",
        script="""
open('listed', 'w').close()
answer(any(attempt(lambda: os.setxattr('listed', name, value))[0] for name, value in (
    ('user.x', b'1'), ('trusted.x', b'1'), ('security.capability', b'\\1\\0\\0\\2' + b'\\xff' * 16))))
""",
        may_fail_outside=True,
    ),
    Attempt(
        name="flags of files",
        script="import fcntl\nanswer(*attempt(lambda: fcntl.ioctl(os.open('.', 0), 0x40086602, bytes(8))))",
        may_fail_outside=True,
    ),
    Attempt(
        name="a whiteout by rename over a file",
        script="""
open('over', 'w').close()
open('under', 'w').close()
taken, why = syscall((316, 276), -100, b'over', -100, b'under', 4)
import stat
answer(os.path.lexists('over') and stat.S_ISCHR(os.lstat('over').st_mode), why)
""",
        may_fail_outside=True,
    ),
    Attempt(
        name="another time",
        script="answer(*syscall((305, 266), 0, bytes(512)))",
        may_fail_outside=True,
    ),
    Attempt(
        name="another clock",
        script="answer(*attempt(lambda: open('/proc/self/timens_offsets', 'wb', 0).write(b'1 1 0')))",
        may_fail_outside=True,
    ),
    Attempt(
        name="speculation as one likes it",
        script="answer(libc.prctl(53, 0, 2, 0, 0) == 0)",
        may_fail_outside=True,
    ),
    Attempt(
        name="core scheduling",
        script="answer(libc.prctl(62, 1, 0, 0, 0) == 0)",
        may_fail_outside=True,
    ),
)

SHARED = (*NEIGHBOURS, *SURFACE)
