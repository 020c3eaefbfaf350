"""Every benchmark, one after another: `python -m benchmarks`."""

import runpy

NAMES = ("goal", "context", "journal", "sessions", "sandbox", "playground", "web", "experiments", "memory")

for name in NAMES:
    print(f"== {name}", flush=True)
    runpy.run_module(f"benchmarks.{name}", run_name="__main__")
