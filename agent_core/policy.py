"""May this action run? Decided from plain values: the tool's risk, the autonomy, what people have allowed.

The table of names and risks is fixed; others rely on it. A tool outside it (an outside server's) reaches.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from agent_core.links import host_of, key_of, on_platform
from agent_core.values import Action, Arguments, Autonomy, Risk

_SAFE = (
    "read_file list_files write_file edit_file set_plan summarize search read_page fetch_file remember recall"
    " find_skills ask deliver finish delegate write_code"
)
_RUN = "run_python run_shell run_skill save_skill set_contract"
_REACH = "install run_online forget book register_experiment"

RISKS: Mapping[str, Risk] = MappingProxyType(
    {
        str(name): risk
        for risk, names in ((Risk.SAFE, _SAFE), (Risk.RUN, _RUN), (Risk.REACH, _REACH))
        for name in names.split()
    }
)

FETCHES = frozenset({"read_page", "fetch_file"})
"""Tools that go to an address which the model chose, without asking."""
_MOST_NAMED = 3

ASKS_EACH_TIME = frozenset({"book", "forget", "register_experiment"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What people have allowed so far in this session, and what is known about it."""

    autonomy: Autonomy
    first_run_allowed: bool = False
    contract_frozen: bool = False
    five_left: int = 0
    """How many more actions may pass that would have asked."""
    always: Set[str] = frozenset()
    """Kinds of action that always pass."""
    tainted: bool = False
    private: bool = False
    sources: Sequence[str] = ()
    """Where its texts of strangers came from, the newest last."""
    addresses: Set[str] = frozenset()
    """Keys of the addresses that people gave or that stood in a hit or a page."""
    safe_tools: Set[str] = frozenset()
    """Tools of outside servers that the host has marked as safe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the policy says of one action."""

    verdict: Literal["allow", "ask"]
    why: str
    plan_card: bool = False
    """The proposal is the plan card: the first run of a guarded session."""
    uses_five: bool = False
    """The action passes on a standing "next four", and uses one of them up."""
    rule: str = ""
    """What a standing yes would cover, in words; empty where none can cover this action."""


def risk_of(name: str, safe_tools: Set[str] = frozenset()) -> Risk:
    """The risk of a tool by its name; `safe_tools` are those of outside servers that the host trusts."""
    return Risk.SAFE if "__" in name and name in safe_tools else RISKS.get(name, Risk.REACH)


def kinds(action: Action) -> tuple[str, ...]:
    """The kinds that a standing yes must cover, all of them, to let this action pass."""
    arguments: Arguments = action.arguments or {}
    for key in ("hosts", "packages"):
        places = arguments.get(key)
        if isinstance(places, list) and places:
            return tuple(f"{action.name} {place}" for place in places)
    server, separator, _ = action.name.partition("__")
    return (f"{action.name} {server}",) if separator else (action.name,)


def rule_in_words(action: Action) -> str:
    """What 🔁 would allow, as a person reads it."""
    covered = ", ".join(f"`{kind}`" for kind in kinds(action))
    return f"every {covered} in this session, without asking again"


def judge(action: Action, standing: Standing) -> Verdict:
    """Decide whether the action may run now or must be proposed first."""
    why = _why_ask(action, standing)
    if why is None:
        return Verdict(verdict="allow", why="nothing here needs a person's word")
    plan_card = (
        standing.autonomy is Autonomy.GUARDED
        and risk_of(action.name) is Risk.RUN
        and not standing.first_run_allowed
        and not _rewrites_contract(action, standing)
    )
    may_stand = _may_stand(action, standing)
    if may_stand:
        if all(kind in standing.always for kind in kinds(action)):
            return Verdict(verdict="allow", why="always allowed in this session")
        if standing.five_left > 0:
            return Verdict(verdict="allow", why="allowed with the ones before it", uses_five=True)
    rule = rule_in_words(action) if may_stand else ""
    return Verdict(verdict="ask", why=why, plan_card=plan_card, rule=rule)


def _why_ask(action: Action, standing: Standing) -> str | None:
    """Why it would ask if nobody had allowed anything yet; None where it needs no word at all."""
    if action.name in ASKS_EACH_TIME:
        return f"`{action.name}` asks each time"
    if _rewrites_contract(action, standing):
        return "it changes the contract that was agreed"
    if _composes(action, standing):
        return f"nobody gave this address, and this session holds private files; {_read(standing)}"
    match risk_of(action.name, standing.safe_tools):
        case Risk.SAFE:
            return None
        case Risk.REACH:
            return _why_reach(standing)
        case Risk.RUN:
            return _why_run(standing)


def _why_reach(standing: Standing) -> str | None:
    if standing.tainted:
        return f"it leaves the sandbox, and {_read(standing)}"
    return None if standing.autonomy is Autonomy.AUTO else "it leaves the sandbox"


def _read(standing: Standing) -> str:
    """Whose texts may have asked for it, the newest first."""
    places = list(dict.fromkeys(host_of(url) or url[:60] for url in reversed(standing.sources)))
    more = f" and {len(places) - _MOST_NAMED} more" if len(places) > _MOST_NAMED else ""
    return f"this session has read text of strangers: {', '.join(places[:_MOST_NAMED])}{more}"


def _composes(action: Action, standing: Standing) -> bool:
    """Whether it would carry private text away: an address that nobody gave, in a session with both marks."""
    if not (standing.tainted and standing.private) or action.name not in FETCHES:
        return False
    url = (action.arguments or {}).get("url")
    if not isinstance(url, str):
        return False
    return key_of(url) not in standing.addresses and not on_platform(url)


def _why_run(standing: Standing) -> str | None:
    match standing.autonomy:
        case Autonomy.AUTO:
            return None
        case Autonomy.ASK:
            return "every run asks in this session"
        case Autonomy.GUARDED:
            return None if standing.first_run_allowed else "the first run of a goal asks"


def _rewrites_contract(action: Action, standing: Standing) -> bool:
    return action.name == "set_contract" and standing.contract_frozen


def _may_stand(action: Action, standing: Standing) -> bool:
    """Whether a standing yes can cover this action at all."""
    return not (
        action.name in ASKS_EACH_TIME
        or _rewrites_contract(action, standing)
        or _composes(action, standing)
        or (standing.tainted and risk_of(action.name, standing.safe_tools) is Risk.REACH)
    )
