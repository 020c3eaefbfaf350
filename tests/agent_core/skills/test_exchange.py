"""A zip that comes in is a stranger's: what is right comes through as it was, the rest is refused."""

import io
import stat
import zipfile
from dataclasses import replace

import pytest

from agent_core.errors import RefusedError
from agent_core.memory.values import ALL_CHANNELS
from agent_core.skills import Card, Judgement, Library, Origin, Parameter, Script, Signature
from agent_core.skills.exchange import MOST_ENTRIES, Parcel, Spoilt, packed, unpacked

HEAD = "---\nname: one\ndescription: Gives one.\n---\n"
FOLDER = {
    "SKILL.md": HEAD,
    "scripts/main.py": "def main():\n    return 1\n",
    "scripts/check.py": "assert 1\n",
}


def zipped(files: dict[str, str], *more: zipfile.ZipInfo) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
        for entry in more:
            archive.writestr(entry, "/etc/passwd")
    return data.getvalue()


def folder(path: str = "successes/one", **changed: str | None) -> dict[str, str]:
    files = FOLDER | {name.replace("__", "/").replace("_md", ".md"): text for name, text in changed.items()}
    return {f"{path}/{name}": text for name, text in files.items() if text is not None}


def link() -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo("successes/one/scripts/link.py")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


async def test_what_goes_out_comes_in_as_it_was(library: Library):
    script = Script(
        name="one",
        description='Gives "one": # no comment, ünïcode\u2028 too.',
        source='def main(n):\n    return "---"\n',
        parameters=(Parameter(name="n", description="- a number: 1"),),
        dependencies=("six==1.17.0",),
    )
    failing = Judgement(fault="fails", text="", signature=Signature(kind="KeyError"))
    for name, judgement in (("one", Judgement(fault=None, text="")), ("two", failing)):
        this = replace(script, name=name, source=script.source.replace("---", name))
        card = Card(script=this, origin=Origin())
        await library.file("10", card, "assert 2\n", judgement, channels=ALL_CHANNELS)
    held = await library.held("10", channels=ALL_CHANNELS)
    data = packed([(one, await library.check_of("10", one.skill)) for one in held])
    found = unpacked(data)
    assert [one.folder for one in found] == ["failures/two", "successes/one"]
    for one, there in zip(reversed(found), held, strict=True):
        assert isinstance(one, Parcel)
        assert (one.script, one.check) == (there.card.script, "assert 2\n")
    assert data == packed([(one, await library.check_of("10", one.skill)) for one in held])


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"PK\x03\x04 no zip", "no zip"),
        (b"", "no zip"),
        (zipped({"readme.txt": "hello"}), "no skill"),
        (zipped(folder() | {"successes/../../evil.py": "x"}), "leads elsewhere"),
        (zipped(folder() | {"/etc/cron.d/evil": "x"}), "leads elsewhere"),
        (zipped(folder() | {"successes/one/C:\\evil.py": "x"}), "leads elsewhere"),
        (zipped(folder() | {"successes/one/a\nb": "x"}), "leads elsewhere"),
        (zipped(folder(), link()), "link"),
        (zipped(folder() | {"SUCCESSES/ONE/skill.md": "x"}), "twice"),
        (zipped({f"successes/one/{number}": "" for number in range(MOST_ENTRIES + 1)}), "entries"),
        (zipped({f"successes/{number}/SKILL.md": "" for number in range(201)}), "skills"),
        (
            zipped(folder() | {f"failures/bomb/{number}": "0" * 9_000_000 for number in range(4)}),
            "unpacks to",
        ),
    ],
    ids=range(12),
)
def test_a_hostile_zip_is_refused_with_words(data: bytes, why: str):
    with pytest.raises(RefusedError, match=why):
        unpacked(data)


def test_a_zip_that_lies_about_its_sizes_is_read_no_further_than_it_may():
    data = bytearray(zipped(folder(scripts__main="x" * 3_000_000) | {"successes/one/scripts/main.py": "y"}))
    big = zipped({**folder(), "successes/one/scripts/main.py": "x" * 3_000_000})
    size = (3_000_000).to_bytes(4, "little")
    lying = big.replace(size, (10).to_bytes(4, "little"))
    assert lying != big
    (found,) = unpacked(bytes(data))
    assert isinstance(found, Parcel)
    try:
        (spoilt,) = unpacked(lying)
    except RefusedError as error:
        assert "no zip" in str(error)  # noqa: PT017 - either is right
    else:
        assert isinstance(spoilt, Spoilt) or len(spoilt.script.source) <= 10


@pytest.mark.parametrize(
    ("files", "why"),
    [
        (folder(SKILL_md=None), "SKILL.md is missing"),
        (folder(SKILL_md="# one"), "front matter"),
        (folder(SKILL_md="---\n[1, 2\n---\n"), "front matter"),
        (folder(SKILL_md="---\n" + "[" * 5000 + "\n---\n"), "front matter"),
        ({name: text for name, text in folder().items() if "check" not in name}, "check.py is missing"),
        (folder() | {"successes/one/scripts/main.py": "x" * 300_000}, "larger than"),
    ],
    ids=range(6),
)
def test_a_folder_that_is_no_skill_says_so_and_keeps_nobody_else_out(files: dict[str, str], why: str):
    spoilt, good = unpacked(zipped(files | folder("successes/two")))
    assert isinstance(spoilt, Spoilt)
    assert why in spoilt.why
    assert isinstance(good, Parcel)
