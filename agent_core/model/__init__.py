"""The model: one interface over every OpenAI-compatible server. Start reading at `client.Model`."""

from agent_core.model.client import Model
from agent_core.model.conclude import tool_names
from agent_core.model.estimate import TYPICAL_PICTURE, estimate_tokens, most_tokens
from agent_core.model.probe import Abilities, probe
from agent_core.model.reply import ModelReply
from agent_core.model.toll import Bill, Toll

__all__ = [
    "TYPICAL_PICTURE",
    "Abilities",
    "Bill",
    "Model",
    "ModelReply",
    "Toll",
    "estimate_tokens",
    "most_tokens",
    "probe",
    "tool_names",
]
