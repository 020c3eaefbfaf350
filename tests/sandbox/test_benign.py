"""The ordinary work of an analyst goes through, and says what is expected."""

import pytest

from sandbox import Sandbox

SCRIPTS = {
    "print": ("print('hello')", "hello\n"),
    "unicode": ("print('日本語 🥅 é', end='')", "日本語 🥅 é"),
    "numpy": ("import numpy as np\nprint(np.arange(10).reshape(2, 5) @ np.ones(5))", "[10. 35.]\n"),
    "big array": (
        "import numpy as np\na = np.ones(300 * 2**17)\nprint(a.nbytes >> 20, int(a.sum()) == a.size)",
        "300 True\n",
    ),
    "linear algebra in threads": (
        "import numpy as np\na = np.random.default_rng(1).random((600, 600))\n"
        "print(bool(np.allclose(a @ np.linalg.inv(a), np.eye(600))))",
        "True\n",
    ),
    "pandas": (
        (
            "import pandas as pd, io\ntable = pd.read_csv(io.StringIO('a,b\\n1,2\\n3,4'))\n"
            "print(int(table.b.sum()))"
        ),
        "6\n",
    ),
    "plot": (
        "import matplotlib, matplotlib.pyplot as plt\nplt.plot([1, 4, 9])\nplt.title('Ünï')\n"
        "plt.savefig('plot.png')\n"
        "print(matplotlib.get_backend().lower(), open('plot.png', 'rb').read(4))",
        "agg b'\\x89PNG'\n",
    ),
    "picture": (
        (
            "from PIL import Image\nImage.new('RGB', (40, 30), 'red').save('a.jpg')\n"
            "print(Image.open('a.jpg').size)"
        ),
        "(40, 30)\n",
    ),
    "page": (
        (
            "from bs4 import BeautifulSoup\nimport requests\n"
            "print(BeautifulSoup('<p>hi</p>', 'html.parser').p.text)"
        ),
        "hi\n",
    ),
    "sqlite": (
        "import sqlite3\nd = sqlite3.connect('a.db')\nd.execute('create table t (x)')\n"
        "d.execute('insert into t values (7)')\n"
        "d.commit()\nprint(d.execute('select x from t').fetchall())",
        "[(7,)]\n",
    ),
    "threads": (
        "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(16) as p:\n"
        "    print(sum(p.map(lambda x: x * x, range(100))))",
        "328350\n",
    ),
    "processes": (
        "import multiprocessing as m\ndef f(x):\n    return x * x\nif __name__ == '__main__':\n"
        "    with m.Pool(3) as p:\n        print(sum(p.map(f, range(100))))",
        "328350\n",
    ),
    "processes by spawn": (
        "import multiprocessing as m\ndef f(x):\n    import numpy\n    return x * x\n"
        "if __name__ == '__main__':\n"
        "    with m.get_context('spawn').Pool(2) as p:\n        print(sum(p.map(f, range(10))))",
        "285\n",
    ),
    "shared memory": (
        "from multiprocessing import shared_memory\n"
        "s = shared_memory.SharedMemory(create=True, size=1 << 20)\n"
        "s.buf[0] = 7\nprint(s.buf[0])\ns.close()\ns.unlink()",
        "7\n",
    ),
    "asyncio": (
        "import asyncio\nasync def f(x):\n    await asyncio.sleep(0.001)\n    return x\n"
        "async def main():\n    async with asyncio.TaskGroup() as g:\n"
        "        ts = [g.create_task(f(i)) for i in range(50)]\n"
        "    print(sum(t.result() for t in ts))\nasyncio.run(main())",
        "1225\n",
    ),
    "a server of its own": (
        "import socket, threading\ns = socket.create_server(('127.0.0.1', 0))\n"
        "threading.Thread(target=lambda: s.accept()[0].sendall(b'pong')).start()\n"
        "print(socket.create_connection(s.getsockname()).recv(4))",
        "b'pong'\n",
    ),
    "a program": (
        ("import subprocess\nprint(subprocess.run(['ls', '/workspace'], capture_output=True, text=True))"),
        "CompletedProcess(args=['ls', '/workspace'], returncode=0, stdout='', stderr='')\n",
    ),
    "Python within Python": (
        (
            "import subprocess, sys\n"
            "print(subprocess.check_output([sys.executable, '-c', 'import numpy; print(6 * 7)'], text=True))"
        ),
        "42\n\n",
    ),
    "temporary files": (
        "import tempfile, os\nwith tempfile.TemporaryDirectory() as d:\n"
        "    open(os.path.join(d, 'a'), 'w').write('x')\n"
        "    print(os.listdir(d))",
        "['a']\n",
    ),
    "memory map": (
        "import numpy as np\nm = np.memmap('m.bin', dtype='u1', mode='w+', shape=(1 << 20,))\n"
        "m[:] = 3\nm.flush()\n"
        "print(int(np.fromfile('m.bin', dtype='u1').sum()))",
        "3145728\n",
    ),
    "pickles": ("import pickle\nclass A:\n    x = 1\nprint(pickle.loads(pickle.dumps(A())).x)", "1\n"),
    "dates": (
        "import datetime, zoneinfo\nz = zoneinfo.ZoneInfo('Europe/Berlin')\n"
        "print(datetime.datetime(2026, 7, 1, tzinfo=z).utcoffset())",
        "2:00:00\n",
    ),
    "archives": (
        (
            "import zipfile, shutil\nopen('a.txt', 'w').write('x')\n"
            "shutil.make_archive('b', 'gztar', '.', 'a.txt')\n"
            "with zipfile.ZipFile('c.zip', 'w') as z:\n    z.write('a.txt')\n"
            "print(zipfile.ZipFile('c.zip').namelist())"
        ),
        "['a.txt']\n",
    ),
    "a copied tree": (
        (
            "import os, shutil\nos.makedirs('a/b')\nopen('a/b/c', 'w').write('x')\n"
            "shutil.copytree('a', 'd')\nprint(os.listdir('d/b'))"
        ),
        "['c']\n",
    ),
    "timers and signals": (
        "import signal, time\nhit = []\n"
        "signal.signal(signal.SIGALRM, lambda *_: hit.append(1))\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.01)\n"
        "signal.pause()\nprint(hit)",
        "[1]\n",
    ),
    "main and exit": (
        "import sys\nprint(__name__, __file__, sys.argv, __builtins__ is not None)\nexit(0)",
        "__main__ /box/main.py ['/box/main.py'] True\n",
    ),
    "randomness": (
        (
            "import os, uuid, secrets\n"
            "print(len(os.urandom(4)), len(secrets.token_hex()), uuid.uuid4().version)"
        ),
        "4 64 4\n",
    ),
    "deep recursion": (
        "def f(n):\n    return 0 if n == 0 else 1 + f(n - 1)\nprint(f(900))",
        "900\n",
    ),
}


@pytest.mark.parametrize("name", SCRIPTS)
async def test_ordinary_work_goes_through(name: str, box: Sandbox):
    source, expected = SCRIPTS[name]

    result = await box.run_python(source)

    assert (result.exit_code, result.stdout, result.stderr) == (0, expected, "")
    assert result.stopped_by is None
    assert result.left_out == ()


COMMANDS = {
    "pipes": ("printf 'b\\na\\n' | sort | head -1", "a\n"),
    "tools": (
        "echo 1,2 > a.csv; awk -F, '{print $2}' a.csv; sed s/1/9/ a.csv; grep -c 2 a.csv",
        "2\n9,2\n1\n",
    ),
    "files": ("mkdir d; cp -r /etc/hosts d; mv d/hosts d/h; ls d; find . -type f; rm -r d", "h\n./d/h\n"),
    "the box's Python": ("python -c 'import numpy; print(numpy.ones(2).sum())'", "2.0\n"),
    "archives": ("echo x > a; tar czf a.tgz a; gzip -k a; ls", "a\na.gz\na.tgz\n"),
    "standard streams by name": (
        "echo out > /dev/stdout; cat /dev/null; head -c 2 /dev/zero | wc -c",
        "out\n2\n",
    ),
    "background and wait": ("(sleep 0.01; echo done) & wait", "done\n"),
}


@pytest.mark.parametrize("name", COMMANDS)
async def test_the_shell_goes_through(name: str, box: Sandbox):
    command, expected = COMMANDS[name]

    result = await box.run_shell(command)

    assert (result.exit_code, result.stdout, result.stderr) == (0, expected, "")
