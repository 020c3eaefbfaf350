"""Primes: find them one way, check them another way, hand over the list."""

from __future__ import annotations

from playground.demo.acts import hand_over, propose, python
from playground.demo.script import Scene, Script

_SIEVE = """\
LIMIT = {limit}

is_prime = bytearray([1]) * LIMIT
is_prime[:2] = b"\\0" * len(is_prime[:2])
for n in range(2, int(LIMIT**0.5) + 1):
    if is_prime[n]:
        is_prime[n * n :: n] = bytes(len(range(n * n, LIMIT, n)))
primes = [n for n in range(LIMIT) if is_prime[n]]
"""

_DIVISION = """\
LIMIT = {limit}

primes = []
for n in range(2, LIMIT):
    if all(n % p for p in primes if p * p <= n):
        primes.append(n)
"""

_REPORT = """
with open("primes.txt", "w") as out:
    out.write("\\n".join(map(str, primes)) + "\\n")
print(f"{len(primes)} primes below {LIMIT}, the largest is {primes[-1]}")
print("the first ones:", *primes[:12])
"""

_CHECK = """\
from math import isqrt

primes = [int(line) for line in open("primes.txt")]
limit = {limit}
expected = [n for n in range(2, limit) if all(n % d for d in range(2, isqrt(n) + 1))]
print("same as by trial division:", primes == expected)
print("twin primes:", sum(b - a == 2 for a, b in zip(primes, primes[1:])))
assert primes == expected
"""


def play(scene: Scene) -> Script:
    """A sieve below the number in the goal, then a check by trial division."""

    def limit() -> int:
        return scene.wishes().number(100, low=10, high=200_000)

    def find(attempt: int) -> str:
        way = _DIVISION if attempt else _SIEVE
        return way.format(limit=limit()) + _REPORT

    plan = scene.set_plan("Find the primes", "Check them in a second way", "Hand over the list")
    found = yield from propose(
        scene,
        lambda: f"I find the primes below {limit():,}, and write them to a file.",
        lambda n: python(find(n)),
        plan,
    )
    first = found.output.splitlines()[0] if found.output else "The list is written."
    checked = yield from propose(
        scene,
        f"{first}. I check that in another way before I hand it over.",
        lambda _: python(_CHECK.format(limit=limit())),
        scene.ticked(1),
    )
    yield from hand_over(scene, "Both ways agree, so here is the list.", ["primes.txt"], first)
    return f"{first}. Checked by trial division ({'; '.join(checked.output.splitlines())})."
