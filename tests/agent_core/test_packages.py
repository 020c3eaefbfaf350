"""Packages from the host's own index: wheels alone, by name, and the same ones again."""

import shutil
from pathlib import Path

import pytest

from agent_core.errors import ToolError
from agent_core.packages import Packages
from bot.settings import pip_environment
from sandbox import Sandbox


@pytest.mark.parametrize(
    "wanted", ["six @ https://evil.example/six.whl", "./six", "--index-url=x", "", "-r x"]
)
async def test_only_names_are_taken(tmp_path: Path, wanted: str):
    async with Packages(tmp_path, {}) as packages:
        with pytest.raises(ToolError, match="names"):
            await packages.download([wanted])


async def test_what_is_installed_can_be_imported_and_is_had_again_from_an_empty_cache(tmp_path: Path):
    async with Packages(tmp_path / "one", pip_environment()) as packages:
        try:
            found = await packages.download(["iniconfig"])
        except ToolError as error:
            pytest.skip(f"no index answers here: {error}")
        assert [package.name for package in found] == ["iniconfig"]
        async with Sandbox(tmp_path / "work", pool=await packages.pool(found)) as box:
            code = "import iniconfig, numpy; print(iniconfig.__file__)\nopen(iniconfig.__file__, 'a')"
            result = await box.run_python(code)
        assert "/opt/python/" in result.stdout
        assert "Read-only file system" in result.stderr or "Permission denied" in result.stderr
        assert list((tmp_path / "work").iterdir()) == []
    shutil.rmtree(tmp_path / "one")
    async with Packages(tmp_path / "two", pip_environment()) as packages:
        async with Sandbox(tmp_path / "work", pool=await packages.pool(found)) as box:
            result = await box.run_python("import iniconfig; print('had again')")
        assert result.stdout == "had again\n"
