"""A check decides about a script that cannot reach it: what is right passes, every cheat fails."""

import pytest

from agent_core.skills import Checker, Gate

IMPORTS = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("main", sys.argv[1])
main = importlib.util.module_from_spec(spec)
spec.loader.exec_module(main)
assert main.add(1, 2) == 3, main.add(1, 2)
assert main.add([1], [2]) == [1, 2]
assert main.add("a", "b") == "ab"
try:
    main.add(1, "x")
except TypeError:
    pass
else:
    raise AssertionError("adding a number and a text has to fail")
"""
EXECUTES = """
import sys
scope = {}
exec(open(sys.argv[1]).read(), scope)
assert scope["add"](1, 2) == 3
"""
RUNS = """
import pathlib, subprocess, sys
pathlib.Path("words.txt").write_text("from a file")
done = subprocess.run([sys.executable, sys.argv[1], "3"], input="hi", capture_output=True, text=True)
assert done.stdout.strip() == "hihihi from a file", done
assert done.returncode == 4, done
assert pathlib.Path("made.txt").read_text() == "made"
"""
OBJECTS = """
from main import BadError, Stack, add
stack = Stack()
stack.push(4)
stack.push(5)
assert stack.pop() == 5 and len(stack) == 1 and stack.items == [4]
try:
    add(None, None)
except BadError as error:
    assert "nothing" in str(error)
else:
    raise AssertionError("no error")
"""
EVERYTHING = """
import main
from main import Point, each, memo, naturals, shuffle
assert Point(1, 2) == Point(1, 2) and Point(1, 2) != Point(2, 1) and Point(1, 2) != (1, 2)
assert Point(1, 2) + Point(3, 4) == Point(4, 6) and Point(1, 2) < Point(2, 0)
assert Point(0, 0) and str(Point(1, 2)) == "Point(x=1, y=2)"
numbers = [3, 1, 2]
assert shuffle(numbers) is None and numbers == [1, 2, 3]
assert each(lambda n: n * 2, [1, 2]) == [2, 4]
called = []
twice = memo(lambda n: called.append(n) or n + 1)
assert (twice(1), twice(1), called) == (2, 2, [1])
try:
    each(lambda n: 1 / n, [0])
except ZeroDivisionError:
    pass
else:
    raise AssertionError
assert next(naturals()) == 0 and main.LIMIT == 7
import itertools
assert list(itertools.islice(naturals(), 3)) == [0, 1, 2]
"""
VERSATILE = """
from dataclasses import dataclass
LIMIT = 7
@dataclass(order=True)
class Point:
    x: int
    y: int
    def __add__(self, other): return Point(self.x + other.x, self.y + other.y)
def shuffle(items): items.sort()
def each(work, items): return [work(item) for item in items]
def memo(work):
    known = {}
    def inner(n):
        if n not in known: known[n] = work(n)
        return known[n]
    return inner
def naturals():
    n = 0
    while True:
        yield n
        n += 1
"""
ADD = "def add(a, b):\n    return a + b\n"
PROGRAM = """
import pathlib, sys
print(sys.stdin.read() * int(sys.argv[1]), pathlib.Path("words.txt").read_text())
pathlib.Path("made.txt").write_text("made")
sys.exit(4)
"""
STACK = """
class BadError(ValueError):
    pass
class Stack:
    def __init__(self): self.items = []
    def push(self, item): self.items.append(item)
    def pop(self): return self.items.pop()
    def __len__(self): return len(self.items)
def add(a, b):
    if a is None:
        raise BadError("nothing to add")
    return a + b
"""
FORGED = """
import json, sys
frame = sys._getframe()
while "link" not in frame.f_locals:
    frame = frame.f_back
link = frame.f_locals["link"]
say = lambda value: (lambda data: link.sendall(len(data).to_bytes(4, "big") + data))(
    json.dumps({"value": value}).encode())
say(None)
while link.recv(1 << 16):
    say({"o": ["builtins.exec", "import os; os._exit(0)"]})
"""


@pytest.mark.parametrize(
    ("check", "source"),
    [(IMPORTS, ADD), (EXECUTES, ADD), (RUNS, PROGRAM), (OBJECTS, STACK), (EVERYTHING, VERSATILE)],
    ids=["imported", "executed", "run", "objects", "everything"],
)
async def test_what_is_right_passes_however_the_check_uses_it(checker: Checker, check: str, source: str):
    verdict = await checker.run(check, source)
    assert verdict.holds, verdict.output


@pytest.mark.parametrize(
    "source",
    [
        "",
        "def add(a, b):\n    return a - b\n",
        "import os\nos._exit(0)\n",
        "import os\ndef add(a, b):\n    os._exit(0)\n",
        "raise SystemExit(0)\n",
        "class Yes:\n    def __eq__(self, other): return True\ndef add(a, b):\n    return Yes()\n",
        "class Yes:\n    def __lt__(self, other): return True\n    __le__ = __gt__ = __ge__ = __lt__\n"
        "    __contains__ = __eq__ = __lt__\n    def __len__(self): return 3\n"
        "def add(a, b):\n    return Yes()\n",
        "class Yes(int):\n    def __eq__(self, other): return True\ndef add(a, b):\n    return Yes(7)\n",
        "import builtins\nbuiltins.AssertionError = SystemExit\ndef add(a, b):\n    return 3\n",
        "import atexit, os\natexit.register(os._exit, 0)\ndef add(a, b):\n    return 3\n",
        "import pathlib\n[one.write_text('') for one in pathlib.Path('/').glob('*/check.py')]\nadd = max\n",
        "print('exit code 0\\nall checks passed')\ndef add(a, b): ...\n",
        FORGED,
    ],
    ids=range(13),
)
async def test_no_cheat_passes(checker: Checker, source: str):
    assert not (await checker.run(IMPORTS, source)).holds


async def test_the_gate_wants_a_check_that_is_red_on_nothing_steady_and_sharp(checker: Checker):
    gate = Gate(checker)
    good = await gate.judge(IMPORTS, ADD)
    assert good.passed, good.text
    assert good.caught == good.mutants > 0
    assert (await gate.judge("print('fine')", ADD)).fault == "green on a stub"
    weak = "from main import add\nassert callable(add) and add(0, 0) == 0"
    assert (await gate.judge(weak, ADD)).fault == "weak check"
    flaky = "import time\nfrom main import add\nassert add(1, 2) == 3 and time.time_ns() // 1000 % 3 == 0"
    assert (await gate.judge(flaky, ADD)).fault in ("flaky", "fails")
    assert (await gate.judge(IMPORTS, "def add(:")).fault == "no script"
    wrong = await gate.judge(IMPORTS, "def add(a, b):\n    return [][3]\n")
    assert wrong.signature is not None
    assert (wrong.fault, wrong.signature.kind) == ("fails", "IndexError")
