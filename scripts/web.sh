#!/usr/bin/env bash
# Run an npm script of web/ (build, test), installing Node and the packages first if need be.
set -euo pipefail
cd "$(dirname "$0")/.."

usable() { command -v npm >/dev/null && node -e 'process.exit(+process.versions.node.split(".")[0] >= 20 ? 0 : 1)' 2>/dev/null; }

if ! usable; then
  PATH=$PWD/.venv/bin:$PATH
  if ! usable; then
    VIRTUAL_ENV=$PWD/.venv .venv/bin/uv pip install --quiet --require-hashes -r requirements-node.lock
  fi
  export PATH
fi

# `npm ci` empties node_modules, so only when the lock file has changed.
sum=$(cksum < web/package-lock.json)
if [ "$(cat web/node_modules/.lock-sum 2>/dev/null)" != "$sum" ]; then
  (cd web && npm ci --no-audit --no-fund --loglevel=error)
  echo "$sum" > web/node_modules/.lock-sum
fi
cd web
npm run --silent "$1"
