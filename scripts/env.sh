#!/usr/bin/env bash
# Make or renew .venv: env.sh PYTHON LOCKFILE. Safe to run again and after an interruption.
set -euo pipefail
cd "$(dirname "$0")/.."
python=$1 lock=$2

die() { echo "make env: $*" >&2; exit 1; }

command -v "$python" >/dev/null \
  || die "$python was not found; install Python 3.11 or later, or say make PYTHON=/path/to/python."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
  || die "$("$python" --version) is too old; 3.11 or later is needed (make PYTHON=/path/to/python)."

# An environment of a Python that has since been removed or replaced is of no use.
if [ -e .venv ] && ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  rm -rf .venv
fi
if [ ! -x .venv/bin/pip ]; then
  "$python" -c 'import ensurepip, venv' 2>/dev/null \
    || die "this Python cannot make environments (no ensurepip); on Debian: apt-get install python3-venv."
  rm -rf .venv
  "$python" -m venv .venv
fi

wanted=$(sed -n 's/^uv==\([^ ]*\).*/\1/p' requirements-uv.lock)
if [ "$(.venv/bin/uv --version 2>/dev/null | cut -d ' ' -f 2)" != "$wanted" ]; then
  .venv/bin/python -m pip install --quiet --disable-pip-version-check \
    --require-hashes -r requirements-uv.lock
fi

export VIRTUAL_ENV=$PWD/.venv
# Compiled once: a program of a dozen processes would otherwise compile it all at every start.
.venv/bin/uv pip sync --quiet --require-hashes --compile-bytecode "$lock"
# No build isolation: the build backend comes from the lock as well.
.venv/bin/uv pip install --quiet --no-build-isolation --no-deps --editable .
