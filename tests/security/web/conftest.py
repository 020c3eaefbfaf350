"""A user, mount and network namespace with public addresses on its loopback and sites in its hosts file."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.security.web import sites
from tests.security.web.namespace import run_within, why_not

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the fetcher did with every case; all of them run once."""
    if why := why_not():
        pytest.skip(f"no network namespaces here: {why}")
    return _report(tmp_path_factory.mktemp("sites"), "inside.py")


@pytest.fixture(scope="session")
def refusals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Platform -> what it answers with -> what became of it."""
    if why := why_not():
        pytest.skip(f"no network namespaces here: {why}")
    return _report(tmp_path_factory.mktemp("refusals"), "refusing.py")


def _report(folder: Path, program: str) -> dict[str, Any]:
    hosts = folder / "hosts"
    hosts.write_text(sites.NAMES)
    addresses = [sites.PUBLIC, sites.OTHER, *(trap for trap in sites.TRAPS if trap != "127.0.0.1")]
    environment = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "http_proxy": "http://127.0.0.1:80", "HTTP_PROXY": "http://127.0.0.1:80", "all_proxy": "http://127.0.0.1:80",
    }  # fmt: skip
    words = [sys.executable, str(HERE / program), str(hosts)]
    done = run_within(words, hosts, addresses, environment, timeout_s=150)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)
