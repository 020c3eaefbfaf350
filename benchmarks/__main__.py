"""Every benchmark, one after another: `python -m benchmarks`."""

import runpy
import sys

NAMES = (
    "goal",
    "context",
    "journal",
    "sessions",
    "sandbox",
    "playground",
    "web",
    "experiments",
    "memory",
    "learning",
)
SAMPLES = {"learning": ("--seeds", "30")}
"""Those that take long by themselves, and how they are cut short here."""

for name in NAMES:
    print(f"== {name}", flush=True)
    sys.argv[1:] = SAMPLES.get(name, ())
    runpy.run_module(f"benchmarks.{name}", run_name="__main__")
