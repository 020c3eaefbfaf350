"""A user, mount and network namespace with public addresses on its loopback and sites in its hosts file."""

import json
import shutil
import subprocess
import sys
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
_SETUP = """
set -e
ip link set lo up
for address in $ADDRESSES; do ip addr add "$address/32" dev lo; done
mount --bind "$HOSTS" /etc/hosts
exec "$@"
"""


def _sites() -> Any:
    spec = spec_from_file_location("sites", HERE / "sites.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the fetcher did with every case; all of them run once."""
    run = partial(subprocess.run, capture_output=True, text=True, check=False)
    if shutil.which("ip") is None or run(["unshare", "-Urnm", "true"]).returncode:
        pytest.skip("no network namespaces here: unshare -Urnm is not allowed, or iproute2 is missing")
    sites = _sites()
    hosts = tmp_path_factory.mktemp("sites") / "hosts"
    hosts.write_text(sites.NAMES)
    addresses = " ".join([sites.PUBLIC, sites.OTHER, *(trap for trap in sites.TRAPS if trap != "127.0.0.1")])
    environment = {
        "ADDRESSES": addresses, "HOSTS": str(hosts),
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONPATH": str(ROOT),
        "http_proxy": "http://127.0.0.1:80", "HTTP_PROXY": "http://127.0.0.1:80", "all_proxy": "http://127.0.0.1:80",
    }  # fmt: skip
    done = run(
        ["unshare", "-Urnm", "sh", "-c", _SETUP, "sh", sys.executable, str(HERE / "inside.py"), str(hosts)],
        env=environment, timeout=110,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)
