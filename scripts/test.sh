#!/usr/bin/env bash
# Run the tests: test.sh all|fast. In CI (CI=true) a missing browser is a failure.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "$1" = fast ]; then
  exec .venv/bin/pytest -m "not browser and not fault"
fi

chromium() {
  command -v chromium || command -v chromium-browser || command -v google-chrome \
    || ls -d "${PLAYWRIGHT_BROWSERS_PATH:-$HOME/.cache/ms-playwright}"/chromium-*/ 2>/dev/null
}

banner() {
  cat >&2 <<'TEXT'

######################################################################
#                                                                    #
#   NO CHROMIUM WAS FOUND: THE BROWSER TESTS WERE NOT RUN.           #
#                                                                    #
#   Install it (on Debian: apt-get install chromium) and run         #
#   `make test` again. In CI this is a failure.                      #
#                                                                    #
######################################################################

TEXT
}

scripts/web.sh test
if chromium >/dev/null; then
  exec .venv/bin/pytest
fi
banner
[ "${CI:-}" != true ] || exit 1
status=0
.venv/bin/pytest -m "not browser" || status=$?
banner
exit "$status"
