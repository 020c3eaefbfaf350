"""Skills: scripts that a check has proven, and what their failures teach.

For whoever builds on it:

* `Library` keeps the skills of every server. `held`, `find` and `named` read, each for the channels that its
  reader may read; `file` puts a judged script on its shelf; `ran` counts a use; `stand` releases,
  quarantines, archives, restores; `undo` takes any change of `history` back; `forget` is for good.
  `shelves` is all of it as it stands: `skills`, `errors` (frequency, severity), `tried`.
* `Admission.offer` is the one way in: it finds the check that judges (a stored one is never replaced), has
  one written where none is given (`Ask`: a metered call, which never sees the source), sharpens a weak one,
  and files the script among the successes, or among the failures with its signature. `again` judges anew.
* `Gate.judge` decides: the check holds in fresh boxes that the script cannot reach from, its sealed half
  too, is red on nothing, steady in three runs, and notices four of five mutants. `Checker.run` is one run.
* `call` is the program that uses a skill; `open_part` what an author may see of a check.
* `selection`, `signature` and `mutants` are pure: what to try first, what went wrong, simple mistakes.
"""

from agent_core.skills.admission import Admission, Admitted, Offer, origin_of
from agent_core.skills.calling import call
from agent_core.skills.cases import halved, open_part
from agent_core.skills.checking import Checker, Verdict
from agent_core.skills.finding import Hit
from agent_core.skills.gate import Gate, Judgement
from agent_core.skills.harvest import Harvest
from agent_core.skills.library import Held, Library
from agent_core.skills.records import Filed, Forgot, Ran, Standing, Stood
from agent_core.skills.selection import Credit, Experience, View, Worth
from agent_core.skills.shelves import MOST_ACTIVE, Change, Seen, Shelves, Skill
from agent_core.skills.signature import Severity, Signature, of_difference, of_run
from agent_core.skills.undoing import Undone
from agent_core.skills.values import Card, Origin, Parameter, Script, Shelf
from agent_core.skills.writing import Ask

__all__ = [
    "MOST_ACTIVE",
    "Admission",
    "Admitted",
    "Ask",
    "Card",
    "Change",
    "Checker",
    "Credit",
    "Experience",
    "Filed",
    "Forgot",
    "Gate",
    "Harvest",
    "Held",
    "Hit",
    "Judgement",
    "Library",
    "Offer",
    "Origin",
    "Parameter",
    "Ran",
    "Script",
    "Seen",
    "Severity",
    "Shelf",
    "Shelves",
    "Signature",
    "Skill",
    "Standing",
    "Stood",
    "Undone",
    "Verdict",
    "View",
    "Worth",
    "call",
    "halved",
    "of_difference",
    "of_run",
    "open_part",
    "origin_of",
]
