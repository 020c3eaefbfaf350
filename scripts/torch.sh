#!/bin/sh
# Install the PyTorch of requirements.lock, before anything that depends on it: `torch.sh PYTHON`.
# Its own index has a build without the gigabytes for graphics cards; where that does not answer within
# seconds, from wherever pip is pointed.
set -eu
cd "$(dirname "$0")/.."

python=$1
wanted=
while read -r line; do
    case $line in torch==*) wanted=$line ;; esac
done <requirements.lock
[ -n "$wanted" ] || exit 0

if "$python" -c 'import sys; from importlib.metadata import version; sys.exit(version("torch").split("+")[0] != sys.argv[1])' \
    "${wanted#torch==}" 2>/dev/null; then
    exit 0
fi
install() {
    "$python" -m pip install -qq --disable-pip-version-check --no-input "$@" "$wanted"
}
host=download.pytorch
index=https://$host.org/whl/cpu
if [ "$(uname -s)" = Linux ] && [ -z "${PIP_NO_INDEX:-}" ] &&
    "$python" -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=5)' "$index/torch/" 2>/dev/null &&
    install --no-deps --index-url "$index"; then
    exit 0
fi
install
