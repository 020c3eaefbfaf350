"""In a box: run a script and others like it side by side, and print which of them can be told apart."""
# pyright: basic, reportUndefinedVariable=false
# (the host puts SOURCE, OTHERS, CALLS and PER_CALL_S in)

import contextlib
import copy
import io
import json
import os
import signal
import sys
from typing import Any


class _Late(BaseException):
    pass


def _alarm(*_: Any) -> None:
    raise _Late


def _within(work: Any) -> str:
    """What came of it, as a text that can be compared."""
    signal.setitimer(signal.ITIMER_REAL, PER_CALL_S)
    try:
        with contextlib.redirect_stdout(io.StringIO()) as said:
            return repr((work(), said.getvalue()))[:20_000]
    except _Late:
        return "late"
    except BaseException as error:
        return f"{type(error).__name__}: {error}"[:2_000]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _loaded(source: str) -> dict[str, Any]:
    module: dict[str, Any] = {"__name__": "main", "__file__": "main.py"}
    exec(compile(source, "main.py", "exec"), module)  # noqa: S102 - this is the box
    return module


def _answers(source: str) -> list[str]:
    module: dict[str, Any] = {}
    loaded = _within(lambda: module.update(_loaded(source)))
    if not module:
        return [loaded]
    late, found = 0, []
    for name, args, named in CALLS:
        if late > 3 or name not in module:
            continue
        given, by_name = copy.deepcopy(args), copy.deepcopy(named)
        found.append(_within(lambda: (module[name](*given, **by_name), given, by_name)))  # noqa: B023
        late += found[-1] == "late"
    return found


signal.signal(signal.SIGALRM, _alarm)
_out = os.dup(1)
_right = _answers(SOURCE)
_told = [_answers(other) != _right for other in OTHERS] if _right else []
os.write(_out, json.dumps(_told).encode())
sys.stdout.flush()
os._exit(0)
