"""A user, mount and network namespace of one's own: public addresses on loopback, sites in the hosts file."""

import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
_SETUP = """
set -e
ip link set lo up
for address in $ADDRESSES; do ip addr add "$address/32" dev lo; done
mount --bind "$HOSTS" /etc/hosts
sysctl -qw net.ipv4.ip_unprivileged_port_start=80 || true
exec unshare -U --map-user=1000 --map-group=1000 "$@"
"""


def why_not() -> str | None:
    """Why there are no namespaces here; None where there are."""
    if shutil.which("ip") is None:
        return "iproute2 is missing"
    tried = subprocess.run(["unshare", "-Urnm", "true"], capture_output=True, check=False)
    return "unshare -Urnm is not allowed" if tried.returncode else None


def pytest_within(file: str, folder: Path, names: str, addresses: Iterable[str]) -> None:
    """Run the tests of a file of `within/` in there. Raises AssertionError with what they said."""
    hosts = folder / "hosts"
    hosts.write_text(f"127.0.0.1 localhost\n{names}")
    environment = {
        "ADDRESSES": " ".join(addresses),
        "HOSTS": str(hosts),
        "PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT),
        "LC_ALL": "C.UTF-8",
    }
    words = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", f"--basetemp={folder}/t"]
    done = subprocess.run(
        ["unshare", "-Urnm", "sh", "-c", _SETUP, "sh", *words, str(HERE / "within" / file)],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout[-8000:]}\n{done.stderr[-2000:]}"
