"""A user, mount and network namespace of one's own: public addresses on loopback, sites in the hosts file."""

import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
_GROUND = """
set -e
ip link set lo up
for address in $ADDRESSES; do ip addr add "$address/32" dev lo; done
mount --bind "$HOSTS" /etc/hosts
"""
_AS_ITS_ROOT = _GROUND + 'exec "$@"'
_AS_A_USER = f"""{_GROUND}
sysctl -qw net.ipv4.ip_unprivileged_port_start=80 || true
exec unshare -U --map-user=1000 --map-group=1000 "$@"
"""


def why_not() -> str | None:
    """Why there are no namespaces here; None where there are."""
    if shutil.which("ip") is None:
        return "iproute2 is missing"
    tried = subprocess.run(["unshare", "-Urnm", "true"], capture_output=True, check=False)
    return "unshare -Urnm is not allowed" if tried.returncode else None


def run_within(
    words: Iterable[str],
    hosts: Path,
    addresses: Iterable[str],
    environment: Mapping[str, str],
    *,
    timeout_s: float,
    as_user: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Run a program in there, as the namespace's root or as a user of it."""
    return subprocess.run(
        ["unshare", "-Urnm", "sh", "-c", _AS_A_USER if as_user else _AS_ITS_ROOT, "sh", *words],
        env={"ADDRESSES": " ".join(addresses), "HOSTS": str(hosts), "PYTHONPATH": str(ROOT), **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_s,
    )


def pytest_within(file: str, folder: Path, names: str, addresses: Iterable[str]) -> None:
    """Run the tests of a file of `within/` in there. Raises AssertionError with what they said."""
    hosts = folder / "hosts"
    hosts.write_text(f"127.0.0.1 localhost\n{names}")
    environment = {
        "PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
    }
    words = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", f"--basetemp={folder}/t"]
    words.append(str(HERE / "within" / file))
    done = run_within(words, hosts, addresses, environment, timeout_s=280, as_user=True)
    assert done.returncode == 0, f"{done.stdout[-8000:]}\n{done.stderr[-2000:]}"
