"""In the script's box: load the script as a module and do what the check asks of it, until it hangs up."""
# pyright: basic, reportUndefinedVariable=false, reportOptionalMemberAccess=false, reportArgumentType=false
# (built upon plain.py)

import importlib.util
import socket
import sys
from typing import Any


def _serve(port: int, path: str) -> None:
    held: list[Any] = []

    def keep(value: Any) -> int:
        held.append(value)
        return len(held) - 1

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
        try:
            target: Any = module if asked["of"] is None else held[asked["of"]]
            found: Any = target if asked["name"] is None else getattr(target, asked["name"])
            if asked["call"]:
                args = [unpack(one, held.__getitem__) for one in asked["args"]]
                kwargs = {key: unpack(one, held.__getitem__) for key, one in asked["kwargs"].items()}
                found = found(*args, **kwargs)
            answer = {"value": pack(found, keep)}
        except BaseException as error:
            answer = _told(error)
        send(link, answer)


def _told(error: BaseException) -> dict[str, Any]:
    import traceback

    text = "".join(traceback.format_exception(error))[-4000:]
    names = [kind.__name__ for kind in type(error).__mro__]
    return {"error": {"names": names, "text": str(error)[:2000], "trace": text}}
