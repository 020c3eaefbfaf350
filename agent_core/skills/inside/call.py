"""In the box: run a skill. A function gets its arguments by name, a program as words and on stdin."""
# pyright: basic, reportUndefinedVariable=false
# (the host puts SOURCE, NAME, ARGUMENTS and ORDER in)

import io
import json
import sys
from typing import Any


def _function(module: dict[str, Any]) -> Any:
    """What to call: `main`, `run`, the function named as the skill, or the only one there is."""
    own = [
        value
        for name, value in module.items()
        if not name.startswith("_")
        and callable(value)
        and not isinstance(value, type)
        and getattr(value, "__module__", None) == "skill"
    ]
    for name in ("main", "run", NAME):
        found = module.get(name)
        if found in own and _takes(found):
            return found
    fitting = [one for one in own if _takes(one)]
    return fitting[0] if len(own) == 1 and fitting else None


def _takes(function: Any) -> bool:
    import inspect

    try:
        inspect.signature(function).bind(**ARGUMENTS)
    except (TypeError, ValueError):
        return False
    return True


def _as_function() -> bool:
    """False where the script offers no function that takes these arguments."""
    if "def " not in SOURCE:
        return False
    module: dict[str, Any] = {"__name__": "skill", "__file__": "main.py"}
    exec(compile(SOURCE, "main.py", "exec"), module)  # noqa: S102 - this is the box

    function = _function(module)
    if function is None:
        return False
    result = function(**ARGUMENTS)
    if hasattr(result, "__await__"):
        import asyncio

        async def wait() -> Any:
            return await result

        result = asyncio.run(wait())
    if result is not None:
        print(result if isinstance(result, str) else json.dumps(result, default=str, ensure_ascii=False))
    return True


def _as_program() -> None:
    words = [text for name in ORDER for text in _words(name)]
    sys.argv = ["main.py", *words]
    sys.stdin = io.StringIO(json.dumps(ARGUMENTS, ensure_ascii=False))
    exec(compile(SOURCE, "main.py", "exec"), {"__name__": "__main__", "__file__": "main.py"})  # noqa: S102 - so is this


def _words(name: str) -> list[str]:
    value = ARGUMENTS[name]
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return [f"--{name}", text] if f"--{name}" in SOURCE else [text]


if not _as_function():
    _as_program()
