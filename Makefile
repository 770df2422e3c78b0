# cunlu: `make demo` shows it, `make test` checks it. Everything lands in .venv and .cunlu.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test lint format types imports unit browser explore lock clean

help: ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /make \1\t/' | expand -t 16

demo: $(VENV)/.runtime ## a day in Shaji, live on your screen until Ctrl-C (ONCE=1: figures only)
	@$(BIN)/cunlu demo $(if $(ONCE),--once)

test: lint types imports unit browser ## every check there is

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

format: $(VENV)/.dev ## write the code in the one format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

types: $(VENV)/.dev
	$(BIN)/mypy

imports: $(VENV)/.dev
	$(BIN)/lint-imports

unit: $(VENV)/.dev
	$(BIN)/python -m dispatch.rehearsal # compiled once, not by every process of the tests at the same time
	$(BIN)/pytest -n auto $(ARGS)

browser: $(VENV)/.dev ## the pages in a real Chromium (skipped, loudly, where there is none)
	$(BIN)/pytest tests/api/pages

explore: $(VENV)/.dev ## the properties on other examples than the last time (a name after ARGS= chooses)
	CUNLU_EXAMPLES=others $(BIN)/pytest -n auto $(ARGS)

lock: ## pin what pyproject.toml allows today, by hash and without addresses
	$(PYTHON) tools/lock.py

clean: ## forget the environment and the demo's data
	rm -rf $(VENV) .cunlu .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not ((3, 11) <= sys.version_info[:2] < (3, 14)))' \
	  || { echo "cunlu needs Python 3.11, 3.12 or 3.13: make PYTHON=/path/to/python3.12 …" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r locks/pip.txt

$(VENV)/.runtime: locks/runtime.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --require-hashes -r locks/runtime.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -m dispatch.rehearsal # the loops compiled once, here and not in somebody's first plan
	@touch $@

$(VENV)/.dev: locks/dev.txt $(VENV)/.runtime
	$(BIN)/python -m pip install --quiet --require-hashes -r locks/dev.txt
	@touch $@
