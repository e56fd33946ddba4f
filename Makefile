# The lakehouse from the command line. `make` alone lists the targets.
#
# MEDALLION_LAKE, MEDALLION_LANDING and DAGSTER_HOME are read by the program from the environment;
# nothing here touches them. ARGS adds arguments to a target's command.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
UV ?= $(BIN)/uv
WORKERS ?= 2

# An environment holds absolute paths: one that was moved or copied here has to be made again.
ifneq ($(shell cat .venv/location 2>/dev/null),$(CURDIR))
MOVED := FORCE
endif

.PHONY: help run land live ui status test check lock bench services services-stop screenshots clean FORCE

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

run: .venv/runtime.stamp ## take in everything new, from the landing files to the gold tables
	@$(BIN)/medallion run $(ARGS)

land: .venv/runtime.stamp ## drop the next batch of sample files into the landing directories
	@$(BIN)/medallion land $(ARGS)

live: .venv/runtime.stamp ## take in what lands as it lands, until Ctrl-C
	@$(BIN)/medallion live $(ARGS)

ui: .venv/runtime.stamp ## open the Dagster UI, with its landing sensors on
	@$(BIN)/medallion ui $(ARGS)

status: .venv/runtime.stamp ## show every table, its backlog and its checks (ARGS=--json for programs)
	@$(BIN)/medallion status $(ARGS)

test: .venv/dev.stamp ## run every test, on two workers (WORKERS=0 for none)
	@$(BIN)/python -m pytest -n $(WORKERS) --no-loadscope-reorder $(ARGS)

check: .venv/dev.stamp ## lint, format, types, import direction, documentation
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m medallion_assets_tests.checks.docs_match_code

bench: .venv/dev.stamp ## run the benchmarks
	@$(BIN)/python -m benchmarks $(ARGS)

services: .venv/dev.stamp ## start Kafka, PostgreSQL and Debezium's connector on this machine
	@$(BIN)/python -m development.services start $(ARGS)

services-stop: .venv/dev.stamp ## stop what `make services` started; the data stays
	@$(BIN)/python -m development.services stop $(ARGS)

screenshots: .venv/dev.stamp ## take the README's screenshots in a headless Chromium
	@$(BIN)/python -m medallion_assets_tests.browser.screenshots $(ARGS)

lock: .venv/dev.stamp ## write the lock files again from pyproject.toml (ARGS=--upgrade for newer versions)
	$(UV) pip compile $(LOCK_OPTIONS) --output-file requirements.lock $(ARGS)
	$(UV) pip compile $(LOCK_OPTIONS) --extra dev --constraint requirements.lock \
		--output-file requirements-dev.lock $(ARGS)
	@for asked in benchmarks/peers/*/requirements.in benchmarks/tpch/requirements.in; do \
		$(UV) pip compile $$asked $(LOCK_FORMAT) --output-file $${asked%.in}.lock $(ARGS) || exit 1; \
	done

LOCK_FORMAT := --universal --python-version 3.10 --generate-hashes --no-emit-index-url \
	--no-strip-extras --custom-compile-command "make lock" --quiet
LOCK_OPTIONS := pyproject.toml --group build $(LOCK_FORMAT)

clean: ## delete the environment and the caches; the lake and the landing directories are kept
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -not -path './data/*' -prune -exec rm -rf {} +
	@echo "The lake, the landing directories and the Dagster instance are kept; delete data/lake," \
		"data/landing and data/dagster yourself to start afresh."

.venv/runtime.stamp: requirements.lock pyproject.toml $(MOVED)
	@$(environment) runtime

.venv/dev.stamp: requirements-dev.lock pyproject.toml $(MOVED)
	@$(environment) dev

define environment
command -v "$(PYTHON)" >/dev/null 2>&1 || { \
	echo "No $(PYTHON) on PATH: install Python 3.10 to 3.13 (Debian, Ubuntu: apt-get install python3" \
	"python3-venv) or name one: make PYTHON=/path/to/python3" >&2; exit 1; }; \
"$(PYTHON)" development/environment.py
endef
