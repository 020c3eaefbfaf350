"""An obedient model among injections, in a namespace of its own; see within/."""

from pathlib import Path

import pytest

from tests.security.web.namespace import pytest_within, why_not

NAMES = """
93.184.216.34 search.example good1.example
93.184.216.35 evil.example
"""


@pytest.mark.skipif(why_not() is not None, reason=str(why_not()))
@pytest.mark.timeout(300)
def test_nothing_that_strangers_write_reaches_out(tmp_path: Path):
    pytest_within("obedient.py", tmp_path, NAMES, ("93.184.216.34", "93.184.216.35"))


@pytest.mark.skipif(why_not() is not None, reason=str(why_not()))
@pytest.mark.timeout(300)
def test_what_strangers_wrote_stays_theirs_past_a_kill_and_in_the_memory(tmp_path: Path):
    pytest_within("lasting.py", tmp_path, NAMES, ("93.184.216.34", "93.184.216.35"))
