"""Goals on the web through Discord, in a namespace of their own; see within/research.py."""

from pathlib import Path

import pytest

from tests.security.web.namespace import pytest_within, why_not

NAMES = """
93.184.216.34 search.example good1.example good2.example good3.example good4.example good5.example
93.184.216.35 evil.example out.reddit.com
10.0.0.5 private.example
"""


@pytest.mark.skipif(why_not() is not None, reason=str(why_not()))
@pytest.mark.timeout(300)
def test_research_holds_in_a_namespace_of_its_own(tmp_path: Path):
    pytest_within("research.py", tmp_path, NAMES, ("93.184.216.34", "93.184.216.35"))
