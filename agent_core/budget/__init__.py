"""May it spend? Every call of a model goes through a `Metered`, whoever makes it.

Money is held before a request leaves, in the session's journal and in the books of member, server and host,
and what the request has cost takes its place afterwards. A request whose bill never came stands at what was
held for it. Start reading at `call.Metered`.
"""

from agent_core.budget.call import Metered, MeteredCall, PricedModel
from agent_core.budget.host import HostToll
from agent_core.budget.meter import Meter
from agent_core.budget.shares import share_name, share_reserved, share_settled, shares_held
from agent_core.storage.budgets import Caps

__all__ = [
    "Caps",
    "HostToll",
    "Meter",
    "Metered",
    "MeteredCall",
    "PricedModel",
    "share_name",
    "share_reserved",
    "share_settled",
    "shares_held",
]
