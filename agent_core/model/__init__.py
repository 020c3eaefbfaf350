"""The model: one interface over every OpenAI-compatible server. Start reading at `client.Model`."""

from agent_core.model.client import Model
from agent_core.model.estimate import estimate_tokens
from agent_core.model.reply import ModelReply

__all__ = ["Model", "ModelReply", "estimate_tokens"]
