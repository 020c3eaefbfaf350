"""Run code written by strangers, behind walls that the kernel keeps. Knows nothing of agents."""

from sandbox.box import Pool, Sandbox
from sandbox.escape import ProbeRow
from sandbox.probe import probe
from sandbox.runtime import default_runtime
from sandbox.values import ChangedFile, LeftOut, Limits, RunResult, SandboxUnavailableError

__all__ = [
    "ChangedFile",
    "LeftOut",
    "Limits",
    "Pool",
    "ProbeRow",
    "RunResult",
    "Sandbox",
    "SandboxUnavailableError",
    "default_runtime",
    "probe",
]
