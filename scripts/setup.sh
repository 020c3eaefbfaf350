#!/bin/sh
# Make .venv with everything in it: `setup.sh run` for the bot, `setup.sh dev` for the tests too.
# Starts nothing. Does nothing where nothing changed since the last time.
set -eu
cd "$(dirname "$0")/.."

profile=${1:-run}
python=.venv/bin/python

stop() {
    printf '%s\n' "$*" >&2
    exit 1
}

need_linux() {
    system=$(uname -s)
    [ "$system" = Linux ] || stop "Goalkeeper runs code in a sandbox that needs Linux, and this is $system:" \
        "use Docker or Podman, or WSL2 on Windows (see docs/operating.md). Nothing was installed."
}

# The first Python that is new enough; $PYTHON, where it is set, is the only one asked.
find_python() {
    found=
    for name in ${PYTHON:-python3.11 python3.12 python3.13 python3 python}; do
        version=$("$name" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) || continue
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
            printf '%s\n' "$name"
            return
        fi
        found="$found, $name is $version"
    done
    stop "Goalkeeper needs Python 3.11 or later${found:-, and there is none}:" \
        "install it, or name yours with PYTHON=/path/to/python3.11 in front of the command."
}

# have COMMAND...: one of them is there
have() {
    for name in "$@"; do
        command -v "$name" >/dev/null 2>&1 && return
    done
    return 1
}

# install_system PACKAGE...: with the system's package manager, or stop with the line to type
install_system() {
    if have apt-get; then
        line="apt-get install -y --no-install-recommends $*"
    elif have dnf; then
        line="dnf install -y $*"
    elif have pacman; then
        line="pacman -S --needed --noconfirm $*"
    elif have apk; then
        line="apk add $*"
    elif have zypper; then
        line="zypper --non-interactive install $*"
    else
        stop "Missing: $*. Install it with your system's package manager, then type the command again."
    fi
    if [ "$(id -u)" = 0 ]; then
        as_root=
    elif have sudo && sudo -n true 2>/dev/null; then
        as_root="sudo -n"
    else
        stop "Missing: $*. Type: sudo $line"
    fi
    echo "Installing $* ..."
    log=$(mktemp)
    # a new machine has no package lists yet, or old ones
    if have apt-get; then
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get update >"$log" 2>&1 || true
    fi
    if ! $as_root env DEBIAN_FRONTEND=noninteractive $line >>"$log" 2>&1; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        stop "$* could not be installed. Mend what is said above, or type: ${as_root:+sudo }$line"
    fi
    rm -f "$log"
}

system_parts() {
    have bwrap || install_system bubblewrap
    [ "$profile" = run ] || have chromium chromium-browser google-chrome || install_system chromium
    # the tests of the web give a network namespace addresses of its own
    [ "$profile" = run ] || have ip || install_system "$(have dnf && echo iproute || echo iproute2)"
}

# What the last installation was made from. Another Python at the same place makes another environment.
state() {
    {
        "$python" --version
        cat requirements.lock scripts/setup.sh scripts/torch.sh sandbox/runtime.txt
        [ "$profile" = run ] || cat requirements-dev.lock
    } 2>&1 | cksum
}

make_venv() {
    "$python" -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && return
    base=$(find_python)
    if ! "$base" -c 'import ensurepip, venv' 2>/dev/null; then
        version=$("$base" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        have apt-get || stop "$base cannot make environments: install its venv and ensurepip modules."
        install_system "python$version-venv"
    fi
    echo "Making .venv with $("$base" --version) ..."
    "$base" -m venv --clear .venv
}

python_packages() {
    [ "$profile" = run ] && lock=requirements.lock || lock=requirements-dev.lock
    echo "Installing the packages of $lock into .venv (some minutes the first time) ..."
    scripts/torch.sh "$python" || stop "PyTorch could not be installed: see the words above, then type the command again."
    "$python" -m pip install -qq --disable-pip-version-check --no-input -r "$lock" ||
        stop "The packages could not be installed: see pip's words above, then type the command again."
}

need_linux
system_parts
stamp=.venv/installed-$profile
if [ -x "$python" ] && [ -f "$stamp" ] && [ "$(state)" = "$(cat "$stamp")" ]; then
    exit 0
fi
make_venv
python_packages
"$python" -m sandbox install
state >"$stamp"
