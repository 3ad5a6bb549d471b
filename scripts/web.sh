#!/usr/bin/env bash
# Run an npm script of web/ (build, test), installing Node and the packages first if need be; `tools`
# installs the programs that tests run beside the product (tests/node) instead.
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
packages() {
  local sum; sum=$(cksum < "$1/package-lock.json")
  if [ "$(cat "$1/node_modules/.lock-sum" 2>/dev/null)" != "$sum" ]; then
    (cd "$1" && npm ci "${@:2}" --no-audit --no-fund --loglevel=error)
    echo "$sum" > "$1/node_modules/.lock-sum"
  fi
}

if [ "$1" = tools ]; then
  packages tests/node --omit=optional
  exit
fi
packages web
cd web
npm run --silent "$1"
