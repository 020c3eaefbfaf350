"""`scripts/setup.sh` on machines that lack something: what it installs, says, and leaves alone."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COREUTILS = ("sh", "dirname", "cat", "cksum", "mktemp", "rm", "tail", "env", "id", "uname", "touch", "chmod")
INSTALLER = """#!/bin/sh
echo "$(basename "$0") $*" >> {log}
case "$*" in *install*) printf '#!/bin/sh\\n' > {bin}/bwrap; chmod +x {bin}/bwrap ;; esac
"""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A checkout, and a PATH that holds only what a test puts there."""

    checkout: Path
    bin: Path

    def command(self, name: str, script: str) -> None:
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def package_manager(self, name: str) -> None:
        (self.bin / name).write_text(INSTALLER.format(log=self.bin / "log", bin=self.bin))
        (self.bin / name).chmod(0o755)

    def user(self, number: int) -> None:
        self.command("id", f"echo {number}")

    def setup(self, profile: str = "run") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.checkout / "scripts/setup.sh", profile],
            env={"PATH": str(self.bin), "HOME": str(self.checkout), "PIP_NO_INDEX": "1"},
            capture_output=True,
            check=False,
            text=True,
        )

    @property
    def made(self) -> bool:
        return (self.checkout / ".venv").exists()

    @property
    def asked(self) -> list[str]:
        log = self.bin / "log"
        return log.read_text().splitlines() if log.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    checkout, folder = tmp_path / "a checkout", tmp_path / "bin"
    for path in (checkout / "scripts", checkout / "sandbox", folder):
        path.mkdir(parents=True)
    for name in ("setup.sh", "torch.sh"):
        shutil.copy(ROOT / "scripts" / name, checkout / "scripts")
    for name in ("requirements.lock", "requirements-dev.lock", "sandbox/runtime.txt", "sandbox/__init__.py"):
        (checkout / name).write_text("")
    # stands in for the real one, which takes half a minute and is tested with the sandbox
    (checkout / "sandbox/__main__.py").write_text("print('the box is installed')\n")
    for name in (*COREUTILS, "basename"):
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    (folder / "python3.11").symlink_to(os.path.realpath(sys.executable))
    machine = Machine(checkout=checkout, bin=folder)
    machine.command("bwrap", "")
    return machine


def test_elsewhere_than_on_linux_the_first_line_says_what_to_use_and_nothing_is_made(machine: Machine):
    machine.command("uname", "echo Darwin")
    done = machine.setup()
    first = done.stderr.splitlines()[0]
    assert [word for word in ("Linux", "Darwin", "Docker", "Podman", "WSL2") if word not in first] == []
    assert (done.returncode, done.stdout, machine.made) == (1, "", False)


def test_a_python_that_is_too_old_is_named_with_its_version(machine: Machine):
    (machine.bin / "python3.11").unlink()
    machine.command("python3", 'case "$2" in *print*) echo 3.9.2 ;; *) exit 1 ;; esac')
    done = machine.setup()
    assert (done.returncode, machine.made) == (1, False)
    assert "3.11 or later, python3 is 3.9.2" in done.stderr


def test_no_python_at_all_is_said(machine: Machine):
    (machine.bin / "python3.11").unlink()
    done = machine.setup()
    assert done.returncode == 1
    assert "Python 3.11 or later" in done.stderr


@pytest.mark.parametrize(
    ("manager", "line"),
    [
        ("apt-get", "apt-get install -y --no-install-recommends bubblewrap"),
        ("dnf", "dnf install -y bubblewrap"),
        ("pacman", "pacman -S --needed --noconfirm bubblewrap"),
        ("apk", "apk add bubblewrap"),
        ("zypper", "zypper --non-interactive install bubblewrap"),
    ],
)
def test_what_is_missing_is_one_line_to_type_where_it_may_not_be_installed(
    machine: Machine, manager: str, line: str
):
    (machine.bin / "bwrap").unlink()
    machine.user(1000)
    machine.package_manager(manager)
    done = machine.setup()
    assert done.stderr == f"Missing: bubblewrap. Type: sudo {line}\n"
    assert (done.returncode, machine.asked, machine.made) == (1, [], False)


def test_root_gets_what_is_missing_from_the_package_manager(machine: Machine):
    (machine.bin / "bwrap").unlink()
    machine.user(0)
    machine.package_manager("apt-get")
    done = machine.setup()
    assert done.returncode == 0, done.stderr
    assert machine.asked == ["apt-get update", "apt-get install -y --no-install-recommends bubblewrap"]


def test_sudo_is_used_where_it_asks_for_no_password(machine: Machine):
    (machine.bin / "bwrap").unlink()
    machine.user(1000)
    machine.package_manager("dnf")
    machine.command("true", "")
    machine.command("sudo", 'shift; exec "$@"')
    done = machine.setup()
    assert done.returncode == 0, done.stderr
    assert machine.asked == ["dnf install -y bubblewrap"]


def test_tests_need_a_browser_and_a_run_does_not(machine: Machine):
    machine.user(1000)
    machine.package_manager("apt-get")
    assert "chromium" in machine.setup("dev").stderr
    assert machine.setup("run").returncode == 0


def test_a_package_manager_that_fails_is_shown_with_its_words(machine: Machine):
    (machine.bin / "bwrap").unlink()
    machine.user(0)
    machine.command("apk", "echo 'no such mirror' >&2; exit 3")
    done = machine.setup()
    assert done.returncode == 1
    assert "no such mirror" in done.stderr
    assert "type: apk add bubblewrap" in done.stderr


def test_an_unknown_system_is_told_what_is_missing(machine: Machine):
    (machine.bin / "bwrap").unlink()
    done = machine.setup()
    assert done.returncode == 1
    assert "Missing: bubblewrap" in done.stderr


def test_the_second_time_does_nothing_until_something_changed(machine: Machine):
    first = machine.setup()
    assert first.returncode == 0, first.stderr
    assert "the box is installed" in first.stdout
    again = machine.setup()
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    (machine.checkout / "sandbox/runtime.txt").write_text("# another list\n")
    assert "the box is installed" in machine.setup().stdout
    assert machine.setup().stdout == ""


def test_an_installation_that_was_cut_off_is_finished_by_the_next(machine: Machine):
    (machine.checkout / "requirements.lock").write_text("no-such-package-here==1.0\n")
    cut = machine.setup()
    assert cut.returncode == 1
    assert "could not be installed" in cut.stderr
    (machine.checkout / "requirements.lock").write_text("")
    assert "the box is installed" in machine.setup().stdout


def test_an_environment_that_is_broken_is_made_anew(machine: Machine):
    assert machine.setup().returncode == 0
    (machine.checkout / ".venv/bin/python").unlink()
    assert "Making .venv" in machine.setup().stdout
    assert machine.setup().stdout == ""
