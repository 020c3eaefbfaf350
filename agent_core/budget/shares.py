"""What a session gives to a sub-session: held from its own budget, in nobody else's books. Pure.

The sub-session's requests count once with member, server and host, as its own.
"""

from agent_core.events import CallReserved, CallSettled
from agent_core.session.spending import Spending
from agent_core.values import Usage, nano

_SUB = "sub-"


def share_name(child_id: str) -> str:
    """What the share of this sub-session is called among its parent's reservations."""
    return f"{_SUB}{child_id}"


def shares_held(spending: Spending) -> list[str]:
    """The ids of the sub-sessions whose shares are not settled."""
    return [call.removeprefix(_SUB) for call in spending.open if call.startswith(_SUB)]


def share_reserved(child_id: str, *, usd: float, tokens: int, purpose: str = "delegate") -> CallReserved:
    """Written by the parent before the sub-session starts: its whole budget."""
    return CallReserved(call=share_name(child_id), purpose=purpose, nano=nano(usd), tokens=tokens)


def share_settled(child_id: str, *, spent: int, usage: Usage, purpose: str = "delegate") -> CallSettled:
    """Written by the parent once the sub-session has ended. `spent`: its `state.spending.total`."""
    return CallSettled(call=share_name(child_id), purpose=purpose, nano=spent, outcome="billed", usage=usage)
