"""In the check's box: what stands there in place of the script. Whatever it is asked, the other box does."""
# pyright: basic, reportUndefinedVariable=false, reportOptionalMemberAccess=false, reportArgumentType=false
# (built upon plain.py; PORT, FUNCTIONS and EXCEPTIONS are put in by the host)

import builtins
import os
import socket
import sys
from typing import Any

_LINK: list[socket.socket] = []
_HANDED: list[Any] = []
"""Functions of the check's that the script may call."""


class ScriptEndedError(BaseException):
    """The script's process is no more: no check that expects some error is content with that."""


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
        if not isinstance(other, _There):
            return False
        return self is other or _ask(self._at, "", call=False) == _ask(other._at, "", call=False)

    def __bool__(self) -> bool:
        for name in ("__bool__", "__len__"):
            try:
                return bool(_ask(self._at, name))
            except AttributeError:
                continue
        return True

    def __enter__(self) -> Any:
        return _ask(self._at, "__enter__")

    def __exit__(self, *_error: object) -> Any:
        return _ask(self._at, "__exit__", (None, None, None))

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


def _operator(name: str, *, among: bool) -> Any:
    def operate(self: Any, *others: Any) -> Any:
        if among and not isinstance(others[0], _There):
            return NotImplemented  # what a script says of our own values is not asked
        return _ask(self._at, name, others)

    return operate


for _name in ("lt", "le", "gt", "ge"):
    setattr(_There, f"__{_name}__", _operator(f"__{_name}__", among=True))
for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "neg", "abs", "and", "or", "xor", "rmul"):
    setattr(_There, f"__{_name}__", _operator(f"__{_name}__", among=False))


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
        _settle(_answer())
    packed = [pack(one, _hand) for one in args]
    named = {key: pack(one, _hand) for key, one in (kwargs or {}).items()}
    send(_LINK[0], {"of": at, "name": name, "call": call, "args": packed, "kwargs": named})
    while "callback" in (answer := _answer()):
        send(_LINK[0], _called_back(answer))
    for given, after in zip(args, answer.get("args", ()), strict=False):
        _change(given, after)
    return _settle(answer)


def _answer() -> dict[str, Any]:
    try:
        return receive(_LINK[0])
    except (EOFError, ConnectionError):
        raise ScriptEndedError("the script ended before it answered") from None


def _hand(value: Any) -> Any:
    """How the script's box is told of what stays here, or stayed there."""
    if isinstance(value, _There):
        return {"r": value._at}
    if not callable(value):
        raise PlainError(f"a {type(value).__name__} cannot be handed to the script: only plain data can")
    _HANDED.append(value)
    return {"h": len(_HANDED) - 1}


def _held(tag: str, number: int) -> Any:
    return _There(number) if tag == "r" else _HANDED[number]


def _called_back(asked: dict[str, Any]) -> dict[str, Any]:
    try:
        args = [unpack(one, _held) for one in asked["args"]]
        kwargs = {key: unpack(one, _held) for key, one in asked["kwargs"].items()}
        return {"value": pack(_HANDED[asked["callback"]](*args, **kwargs), _hand)}
    except Exception as error:
        return {"error": {"names": [type(error).__name__], "text": str(error)[:2000]}}


def _change(given: Any, after: Any) -> None:
    """Do to an argument here what the script did to it there."""
    if after is None or not isinstance(given, list | dict | set):
        return
    value = unpack(after, _held)
    if type(value) is type(given) and value != given:
        if isinstance(given, list):
            given[:] = value
        else:
            given.clear()
            given.update(value)


def _settle(answer: dict[str, Any]) -> Any:
    if "error" not in answer:
        return unpack(answer["value"], _held)
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
