# Two commands matter: `make run` and `make test`. `make help` lists the others.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

PYTHON ?= python3
BIN := .venv/bin
ENV_STAMP := .venv/.made
WEB_STAMP := web/dist/.made
WEB_SOURCES := $(shell find web -type f -not -path 'web/node_modules/*' -not -path 'web/dist/*' \
	-not -path 'web/screenshots/*' -not -name '*.md' 2>/dev/null)
UV_COMPILE := $(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url \
	--no-annotate --no-header --python-version 3.11 --quiet

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort \
		| awk -F ':.*## ' '{ printf "  make %-12s %s\n", $$1, $$2 }'

.PHONY: env
env: $(ENV_STAMP) ## Make the Python environment .venv from the lock files
$(ENV_STAMP): requirements-uv.lock requirements-dev.lock pyproject.toml scripts/env.sh
	@scripts/env.sh "$(PYTHON)" requirements-dev.lock
	@touch $@

.PHONY: web
web: $(WEB_STAMP) ## Build the web assets (with Node from a wheel where the machine has none)
$(WEB_STAMP): $(ENV_STAMP) $(WEB_SOURCES) scripts/web.sh requirements-node.lock
	@scripts/web.sh build
	@touch $@

.PHONY: run
run: env web ## Run everything with a demonstration; Ctrl-C stops it
	@exec $(BIN)/auction-engine serve --demo

.PHONY: test
test: env web ## All tests, browser and fault tests included
	@scripts/test.sh all

.PHONY: test-fast
test-fast: env ## Tests without browsers and faults
	@scripts/test.sh fast

.PHONY: lint
lint: env ## ruff, import-linter, mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/lint-imports
	$(BIN)/mypy

.PHONY: bench
bench: env web ## Benchmarks; a table, and loadtests/results/*.json
	$(BIN)/python -m loadtests

.PHONY: lighthouse
lighthouse: env web ## What Lighthouse finds on the first pages, on a simulated slow phone line
	cd tests/node && npm ci --silent --no-audit --no-fund
	$(BIN)/python scripts/lighthouse.py

.PHONY: screenshots
screenshots: env web ## Pictures of the pages in web/screenshots
	$(BIN)/python scripts/screenshots.py

.PHONY: doctor
doctor: env ## Say what is wrong with this installation
	@$(BIN)/auction-engine doctor

.PHONY: lock
lock: ## Renew all lock files to the newest allowed versions
	@test -x $(BIN)/uv || scripts/env.sh "$(PYTHON)" requirements-dev.lock
	$(UV_COMPILE) requirements-uv.in -o requirements-uv.lock --upgrade
	$(UV_COMPILE) pyproject.toml -o requirements.lock --upgrade
	$(UV_COMPILE) pyproject.toml requirements-build.in --group dev -c requirements.lock \
		-o requirements-dev.lock --upgrade
	$(UV_COMPILE) requirements-build.in -c requirements-dev.lock -o requirements-build.lock --upgrade
	$(UV_COMPILE) requirements-node.in -o requirements-node.lock --upgrade

.PHONY: clean
clean: ## Remove what was built; the data directory .data stays
	rm -rf .venv web/dist web/node_modules .pytest_cache .mypy_cache .ruff_cache \
		.hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
