"""`python -m bot [all|gateway|worker|playground|doctor|mcp-pin]`."""

import argparse
import sys
from typing import get_args

from agent_core.errors import StartError
from bot.app import serve
from bot.app.pinning import pin
from bot.doctor import run_doctor
from bot.settings import Role, load


def main() -> int:
    """Read the settings, run the role; the exit code."""
    roles: tuple[Role, ...] = get_args(Role)
    parser = argparse.ArgumentParser(prog="python -m bot", description=__doc__)
    parser.add_argument(
        "role", nargs="?", choices=(*roles, "mcp-pin"), default="all", help="all parts, or one of them"
    )
    asked = parser.parse_args().role
    try:
        settings = load()
    except StartError as error:
        print(error, file=sys.stderr)
        return 1
    if asked == "mcp-pin":
        return pin(settings)
    role: Role = asked
    return run_doctor(settings) if role == "doctor" else serve(settings, role)


if __name__ == "__main__":
    sys.exit(main())
