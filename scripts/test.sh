#!/usr/bin/env bash
# Run the tests: test.sh all|fast. In CI (CI=true) a missing browser is a failure.
set -euo pipefail
cd "$(dirname "$0")/.."
# The tests start the program a hundred times; it must not be compiled anew each time.
unset PYTHONDONTWRITEBYTECODE

# Most tests wait for servers of their own more than they compute: several files run at once, each
# with a PostgreSQL and a Valkey to itself. What drives a browser or kills processes comes after them, two
# at once.
together() {
  .venv/bin/pytest -n 4 --dist loadfile --no-loadscope-reorder --durations 15 \
    -m "not browser and not fault"
}

# A certified OpenID provider to sign in with.
scripts/web.sh tools

if [ "$1" = fast ]; then
  together
  exit
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
status=0
together || status=$?
if chromium >/dev/null; then
  # A browser's tests share one running program; two files at once have one each.
  .venv/bin/pytest -n 2 --dist loadfile --no-loadscope-reorder --durations 15 \
    -m "browser or fault" || status=$?
  exit "$status"
fi
banner
[ "${CI:-}" != true ] || exit 1
.venv/bin/pytest -m "fault and not browser" || status=$?
banner
exit "$status"
