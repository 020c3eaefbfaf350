"""The sandbox's way out, attacked in a namespace of its own; see within/leaving.py."""

from pathlib import Path

import pytest

from tests.security.web.namespace import pytest_within, why_not

NAMES = """
93.184.216.34 good1.example good2.example closed.example
93.184.216.35 evil.example
10.0.0.5 private.example
127.0.0.1 loop.example
"""


@pytest.mark.skipif(why_not() is not None, reason=str(why_not()))
def test_code_reaches_what_was_named_and_nothing_else(tmp_path: Path):
    pytest_within("leaving.py", tmp_path, NAMES, ("93.184.216.34", "93.184.216.35"))
