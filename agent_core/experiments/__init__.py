"""Experiments that say beforehand what would count, judged by a test that may be looked at every day."""

from agent_core.experiments.evalue import ENOUGH, Look, evidence
from agent_core.experiments.experiments import Experiments
from agent_core.experiments.records import Looked, Registered
from agent_core.experiments.register import Experiment, Outcome, Register

__all__ = [
    "ENOUGH",
    "Experiment",
    "Experiments",
    "Look",
    "Looked",
    "Outcome",
    "Register",
    "Registered",
    "evidence",
]
