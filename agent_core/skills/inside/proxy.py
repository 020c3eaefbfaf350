"""In the check's box: what stands there in place of the script. Whatever it is asked, the other box does."""
# pyright: basic, reportUndefinedVariable=false, reportOptionalMemberAccess=false, reportArgumentType=false
# (built upon plain.py; PORT, FUNCTIONS and EXCEPTIONS are put in by the host)

import builtins
import os
import socket
import sys
from typing import Any

_LINK: list[socket.socket] = []


class _There:
    """Something that stays in the script's box. It is equal to nothing here."""

    __slots__ = ("_at",)

    def __init__(self, at: int) -> None:
        object.__setattr__(self, "_at", at)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        value = _ask(self._at, name, call=False)
        return _Method(self._at, name) if isinstance(value, _There) else value

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _ask(self._at, None, args, kwargs)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __len__(self) -> int:
        return int(_ask(self._at, "__len__"))

    def __iter__(self) -> Any:
        return iter(_ask(self._at, "__iter__"))

    def __getitem__(self, key: Any) -> Any:
        return _ask(self._at, "__getitem__", (key,))

    def __setitem__(self, key: Any, value: Any) -> None:
        _ask(self._at, "__setitem__", (key, value))

    def __contains__(self, key: Any) -> bool:
        return _ask(self._at, "__contains__", (key,)) is True

    def __str__(self) -> str:
        return str(_ask(self._at, "__str__"))

    __repr__ = __str__


class _Method:
    def __init__(self, at: int | None, name: str) -> None:
        self._at, self.__name__ = at, name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _ask(self._at, self.__name__, args, kwargs)


def _ask(at: int | None, name: str | None, args: Any = (), kwargs: Any = None, *, call: bool = True) -> Any:
    if not _LINK:
        link = socket.create_connection(("127.0.0.1", PORT))
        send(link, {"mode": "module"})
        _LINK.append(link)
        _settle(receive(link))
    packed = [pack(one, None) if not isinstance(one, _There) else {"r": one._at} for one in args]
    named = {key: pack(one, None) for key, one in (kwargs or {}).items()}
    send(_LINK[0], {"of": at, "name": name, "call": call, "args": packed, "kwargs": named})
    return _settle(receive(_LINK[0]))


def _settle(answer: dict[str, Any]) -> Any:
    if "error" not in answer:
        return unpack(answer["value"], _There)
    told = answer["error"]
    known = [_EXCEPTIONS.get(name) or getattr(builtins, name, None) for name in told["names"]]
    kind = next((one for one in known if isinstance(one, type) and issubclass(one, Exception)), RuntimeError)
    name = str(told["names"][0])
    raised: Any = kind if kind.__name__ == name else type(name, (kind,), {})
    try:
        error: Exception = raised(told["text"])
    except Exception:
        error = RuntimeError(f"{name}: {told['text']}")
    error.add_note(told.get("trace", ""))
    raise error from None


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    value = _ask(None, name, call=False)
    return _Method(None, name) if isinstance(value, _There) else value


def _as_a_program() -> None:
    """The script run by itself: its arguments, input and files go over, its output and files come back."""
    link = socket.create_connection(("127.0.0.1", PORT))
    taken = "" if sys.stdin is None or sys.stdin.isatty() else sys.stdin.read()
    send(link, {"mode": "program", "args": sys.argv[1:], "stdin": taken, "files": _files_here()})
    answer = receive(link)
    for path, data in answer["files"].items():
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path, "wb") as file:
            file.write(bytes.fromhex(data))
    sys.stdout.write(answer["stdout"])
    sys.stderr.write(answer["stderr"])
    sys.stdout.flush()
    sys.stderr.flush()
    if answer["exit_code"]:
        raise SystemExit(answer["exit_code"])


def _files_here() -> dict[str, str]:
    found: dict[str, str] = {}
    room = 2_000_000
    for folder, _, names in os.walk("."):
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), ".")
            if os.path.islink(path) or not os.path.isfile(path) or os.path.getsize(path) > room:
                continue
            with open(path, "rb") as file:
                data = file.read()
            room -= len(data)
            found[path] = data.hex()
    return found


_EXCEPTIONS: dict[str, type[Exception]] = {name: type(name, (Exception,), {}) for name in EXCEPTIONS}
globals().update({name: _Method(None, name) for name in FUNCTIONS})
globals().update(_EXCEPTIONS)

if __name__ == "__main__":
    _as_a_program()
