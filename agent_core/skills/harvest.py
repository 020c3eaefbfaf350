"""At a goal's end its own good scripts are offered to the library, judged by the contract that it has kept.

No model is asked: where a contract's checks held on a delivered script, they are its check, run once more out
of its reach. What they do not prove well enough is left alone.
"""

import re
from collections.abc import Awaitable, Callable, Iterable
from pathlib import PurePosixPath

import structlog

from agent_core.errors import RefusedError, SandboxRefusedError, StoreUnavailableError
from agent_core.session import State
from agent_core.skills.admission import Admission, Offer, origin_of
from agent_core.skills.values import MOST_DESCRIPTION, MOST_SOURCE, Card, Script
from agent_core.storage.blobs import BlobStore
from agent_core.values import Manifest, Status
from sandbox import Pool

MOST_SCRIPTS = 2
_MODULE = re.compile(r"[A-Za-z_]\w*\.py")

_CHECK = """\
import shutil, sys

sys.path.insert(0, ".")
shutil.copyfile(sys.argv[1], {name!r})
cases = sys.argv[sys.argv.index("--cases") + 1] if "--cases" in sys.argv else None
checks = {checks!r}
for number, (what, code) in enumerate(checks):
    if cases is None or len(checks) == 1 or cases == ("open", "sealed")[number % 2]:
        try:
            exec(compile(code, what, "exec"), {{"__name__": "__main__"}})
        except SystemExit as ended:
            if ended.code not in (None, 0):
                raise
"""

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


class Harvest:
    """Looks at goals that have ended."""

    def __init__(
        self,
        admission: Admission,
        blobs: BlobStore,
        pool: Pool | None,
        *,
        audience: Callable[[State], Awaitable[frozenset[str]]],
        may_keep: Callable[[State, str], Awaitable[bool]],
    ) -> None:
        self._admission = admission
        self._blobs = blobs
        self._pool = pool
        self._audience = audience
        self._may_keep = may_keep

    async def after_end(self, state: State) -> None:
        """Offer what is worth it; may be done twice."""
        scripts = sorted(_scripts(state))[:MOST_SCRIPTS]
        checks = [(one.name, one.code) for one in state.contract or () if one.code.strip()]
        if not scripts or not checks or not await self._may_keep(state, state.starter.id):
            return
        for path in scripts:
            try:
                await self._offer(state, path, checks)
            except (RefusedError, SandboxRefusedError, StoreUnavailableError) as error:
                log.info("a script is not offered", session=str(state.ref), reason=str(error))

    async def _offer(self, state: State, path: str, checks: list[tuple[str, str]]) -> None:
        data = await self._blobs.read(state.ref.guild_id, _handed_over(state)[path].sha256)
        source = data.decode("utf-8", "replace")
        script = Script(name=PurePosixPath(path).stem, description=_described(state, checks), source=source)
        card = Card(script=script, origin=origin_of(state))
        check = _CHECK.format(name=path, checks=checks)
        channels = await self._audience(state)
        bound = await self._admission.library.binding(state.ref.guild_id, script, channels=channels)
        if bound is not None:
            return  # it was saved on the way, or its name is taken
        judgement = await self._admission.gate(self._pool).judge(check, source)
        if judgement.passed:
            offer = Offer(card=card, check=check, channels=channels)
            await self._admission.file(state.ref.guild_id, offer, check, judgement)


def _scripts(state: State) -> Iterable[str]:
    """The modules that a goal handed over, where its contract has held."""
    ended = state.ended
    if ended is None or ended.status is not Status.FINISHED or not ended.checked or state.tainted:
        return
    for path, file in _handed_over(state).items():
        if _MODULE.fullmatch(path) and 0 < file.size <= MOST_SOURCE and path != "main.py":
            yield path


def _handed_over(state: State) -> Manifest:
    last = state.ended.files if state.ended else ()
    return {**state.delivered, **{one.path: one.file for one in last}}


def _described(state: State, checks: Iterable[tuple[str, str]]) -> str:
    names = "; ".join(name for name, _ in checks)
    return f"{' '.join(state.goal.split())[: MOST_DESCRIPTION // 2]} (checked: {names})"[:MOST_DESCRIPTION]
