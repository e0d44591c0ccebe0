# Chinwag. `make run` starts it, `make test` tests it; both prepare .venv by themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# 3.11: asyncio.timeout and except*. ensurepip: Debian ships venv without pip unless python3-venv is installed.
CHECK_PYTHON := import sys; sys.version_info >= (3, 11) or sys.exit("Chinwag needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 run"); import ensurepip

.PHONY: run install test check soak bench lock clean help
.DEFAULT_GOAL := help

run: install ## start everything that is configured (see .env.example)
	@exec $(BIN)/python -m bots run

install: $(VENV)/.run ## prepare .venv without starting anything

test: $(VENV)/.dev ## run all tests (four at once: many of them wait for something)
	@$(BIN)/python -m pytest -n 4

check: $(VENV)/.dev ## format, lint, types and layering
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest tests/test_layering.py

soak: $(VENV)/.dev ## kill the running program 200 times under load and see that nothing is lost
	@$(BIN)/python -m tests.soak

bench: $(VENV)/.dev ## measure
	@$(BIN)/python -m tests.bench

lock: $(VENV)/.dev ## choose the newest versions that go together, and write them down
	@$(BIN)/uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header --upgrade pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header --upgrade -c requirements.lock pyproject.toml --group dev -o requirements-dev.lock

clean: ## remove the environment and what was built; data/ stays
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .hypothesis

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 10

$(BIN)/python:
	@$(PYTHON) -c '$(CHECK_PYTHON)' || { echo "Cannot make a virtual environment with $(PYTHON). On Debian: apt install python3-venv"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.lock | $(BIN)/python
	@echo "Installing Chinwag into $(VENV) (once) ..."
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@
