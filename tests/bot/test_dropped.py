"""Names of dropped files."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.discord_api import safe_name


@given(st.text(max_size=400))
@example("..")
@example("a/../../b")
@example("\ud800.txt")
@example("x" * 300 + ".csv")
def test_every_name_becomes_one_that_stays_in_its_folder(name: str):
    safe = safe_name(name)
    assert safe
    assert safe.strip(".")
    assert not set(safe) & set("/\\\0\n\r\t\u202e\u2028")
    assert len(safe.encode()) <= 255
    assert safe_name(safe) == safe


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("データ.csv", "データ.csv"),
        ("naïve Ünïcode 👩‍👩‍👧 (1).tar.gz", "naïve Ünïcode 👩‍👩‍👧 (1).tar.gz"),
        (".bashrc", ".bashrc"),
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("", "file"),
        ("...", "file"),
        ("invoice\u202efdp.exe", "invoice_fdp.exe"),
    ],
)
def test_names_keep_what_people_gave_them(name: str, safe: str):
    assert safe_name(name) == safe


def test_a_long_name_keeps_its_ending():
    safe = safe_name("é" * 200 + ".parquet")
    assert safe.endswith(".parquet")
    assert len(safe.encode()) <= 255
