#!/bin/sh
# Make .venv and install what a lock file names: localstack/environment.sh run|dev
#
# POSIX shell and no Python of ours, since it runs before there is one. .venv/run and .venv/dev say that the
# lock of that name was installed to its end; an environment without either is half-made and is made anew.
set -eu
cd "$(dirname "$0")/.."
lock=requirements/$1.txt

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        set -- "$PYTHON"
    else
        set -- python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3
    fi
    for candidate; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null &&
            "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    echo "Spooled needs Python 3.11 to 3.14 with its modules 'venv' and 'ensurepip'; looked at: $*." >&2
    echo "Install it (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python)," >&2
    echo "or name one: make run PYTHON=/path/to/python3" >&2
    exit 1
}

if [ ! -e .venv/run ] && [ ! -e .venv/dev ] || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    python=$(find_python)
    echo "Making .venv with $("$python" --version)"
    rm -rf .venv
    "$python" -m venv .venv
fi
rm -f .venv/run .venv/dev
echo "Installing $(grep -c == "$lock") packages from $lock"
# The lock is complete: nothing is resolved. Every file in it is a wheel, so nothing is built either, but for
# LocalStack's client, a few lines of Python that are published as source alone.
.venv/bin/python -m pip install -qq --disable-pip-version-check --no-input \
    --require-hashes --no-deps --only-binary :all: --no-binary localstack-client -r "$lock"
# What `make test` installs has in it all that `make run` does.
[ "$1" = run ] || touch .venv/run
touch ".venv/$1"
