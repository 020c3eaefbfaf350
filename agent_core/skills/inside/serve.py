"""In the script's box: load the script as a module and do what the check asks of it, until it hangs up."""
# pyright: basic, reportUndefinedVariable=false, reportOptionalMemberAccess=false, reportArgumentType=false
# (built upon plain.py)

import builtins
import importlib.util
import socket
import sys
from typing import Any


def _serve(port: int, path: str) -> None:
    held: list[Any] = []

    def keep(value: Any) -> Any:
        held.append(value)
        return {"r": len(held) - 1}

    def found(tag: str, number: int) -> Any:
        return held[number] if tag == "r" else _handed(link, number, keep, found)

    link = socket.create_connection(("127.0.0.1", port))
    spec = importlib.util.spec_from_file_location("main", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["main"] = module
    sys.argv = [path]
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        send(link, _told(error))
        return
    send(link, {"value": None})
    while True:
        try:
            asked = receive(link)
        except EOFError:
            return
        args: list[Any] = []
        try:
            target: Any = module if asked["of"] is None else held[asked["of"]]
            value: Any = _state(target) if asked["name"] == "" else target
            if asked["name"]:
                value = getattr(target, asked["name"])
            if asked["call"]:
                args = [unpack(one, found) for one in asked["args"]]
                value = value(*args, **{key: unpack(one, found) for key, one in asked["kwargs"].items()})
            answer = {"value": pack(value, keep)}
        except BaseException as error:
            answer = _told(error)
        send(link, {**answer, "args": [_after(one, keep) for one in args]})


def _after(value: Any, keep: Any) -> Any:
    """What became of an argument that can be changed in place."""
    try:
        return pack(value, keep) if isinstance(value, list | dict | set) else None
    except PlainError:
        return None


def _state(value: Any) -> Any:
    """What an object is made of: by this two of them are compared, whatever they say of each other."""
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    names = [name for one in type(value).__mro__ for name in getattr(one, "__slots__", ())]
    slots = {name: getattr(value, name) for name in names if hasattr(value, name)}
    return [kind, {**slots, **getattr(value, "__dict__", {})}]


def _handed(link: socket.socket, number: int, keep: Any, found: Any) -> Any:
    """A function of the check's: it is run over there."""

    def function(*args: Any, **kwargs: Any) -> Any:
        packed = [pack(one, keep) for one in args]
        send(
            link,
            {"callback": number, "args": packed, "kwargs": {k: pack(v, keep) for k, v in kwargs.items()}},
        )
        answer = receive(link)
        if "error" in answer:
            kind = getattr(builtins, answer["error"]["names"][0], RuntimeError)
            raise kind(answer["error"]["text"])
        return unpack(answer["value"], found)

    return function


def _told(error: BaseException) -> dict[str, Any]:
    import traceback

    text = "".join(traceback.format_exception(error))[-4000:]
    names = [kind.__name__ for kind in type(error).__mro__]
    return {"error": {"names": names, "text": str(error)[:2000], "trace": text}}
