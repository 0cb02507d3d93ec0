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
# uv, by the hash that the lock has for it, told where pip gets its packages.
prepare_uv() {
    [ -f requirements/dev.txt ] || return 1
    sed -n '/^uv==/,/[^\\]$/p' requirements/dev.txt >.venv/uv.txt
    with_pip .venv/uv.txt 2>/dev/null && [ -x .venv/bin/uv ] || return 1
    # Lines such as `global.index-url='https://…'`, of a file, an option or a variable of this machine.
    settings=$(.venv/bin/python -m pip config list 2>/dev/null)
    for pair in UV_DEFAULT_INDEX:index-url UV_INDEX:extra-index-url UV_FIND_LINKS:find-links SSL_CERT_FILE:cert; do
        eval "[ -z \"\${${pair%%:*}:-}\" ]" || continue
        value=$(printf '%s\n' "$settings" | sed -n "s/^[^=]*\.${pair#*:}='\(.*\)'$/\1/p" | sed 's/\\n/ /g;q')
        [ -z "$value" ] || export "${pair%%:*}=$value"
    done
}

# The lock is complete: nothing is resolved. Every file in it is a wheel, so nothing is built either, but for
# LocalStack's client, a few lines of Python that are published as source alone.
checked='--require-hashes --no-deps --only-binary :all: --no-binary localstack-client'
with_pip() {
    .venv/bin/python -m pip install -qq --disable-pip-version-check --no-input $checked -r "$1"
}

# The same in a quarter of the time. The hashes say what comes, so it may come from any of pip's indexes.
with_uv() {
    UV_INDEX_STRATEGY=unsafe-best-match UV_PYTHON_DOWNLOADS=never \
        .venv/bin/uv pip install -q --python .venv/bin/python $checked -r "$1"
}

echo "Installing $(grep -c == "$lock") packages from $lock"
# Where uv cannot be had or knows its way to the packages less well than pip, pip does all of it.
{ prepare_uv && with_uv "$lock" 2>/dev/null; } || with_pip "$lock"
# The command line of this folder. -P: no module is taken from where its user happens to be.
cat >.venv/bin/spooled <<END
#!/bin/sh
exec "$PWD/.venv/bin/python" -P -c 'import sys
sys.path.insert(0, sys.argv.pop(1))
from shared.command.main import main
sys.exit(main())' "$PWD" "\$@"
END
chmod +x .venv/bin/spooled
# What `make test` installs has in it all that `make run` does.
[ "$1" = run ] || touch .venv/run
touch ".venv/$1"
