#!/bin/sh
# Write requirements.lock (to run) and requirements-dev.lock (what tests need besides) from pyproject.toml:
# names and versions of what a new environment gets today.
set -eu
cd "$(dirname "$0")/.."

room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
"${PYTHON:-python3.11}" -m venv "$room/venv"
python="$room/venv/bin/python"

# wanted KEY...: the list at that place of pyproject.toml, one a line
wanted() {
    "$python" - "$@" <<'PY'
import sys, tomllib
from functools import reduce
from pathlib import Path

table = tomllib.loads(Path("pyproject.toml").read_text())
print("\n".join(reduce(lambda part, key: part[key], sys.argv[1:], table)))
PY
}

frozen() {
    # The build without graphics cards has another version in some indexes, and none of their libraries.
    "$python" -m pip freeze --disable-pip-version-check --exclude setuptools --exclude wheel |
        sed -e 's/^\(torch==[^+]*\)+.*/\1/' -e '/^nvidia-/d' -e '/^triton==/d'
}

wanted project dependencies >"$room/run.txt"
wanted dependency-groups dev >"$room/dev.txt"
"$python" -m pip install --quiet --disable-pip-version-check -r "$room/run.txt"
frozen >requirements.lock
"$python" -m pip install --quiet --disable-pip-version-check -r requirements.lock -r "$room/dev.txt"
{
    echo "-r requirements.lock"
    frozen | grep -vxF -f requirements.lock
} >requirements-dev.lock
