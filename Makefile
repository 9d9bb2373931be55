# Everything that a newcomer needs. `make up` and `make test` each do all they need on a fresh clone.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= auto

.PHONY: help up test lint unit soak fuzz bench clean

help: ## Say what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/'

$(VENV)/.sandbox: pyproject.toml
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || { echo "Python 3.11 or newer is needed; say which with PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[sandbox]'
	@touch $@

$(VENV)/.dev: $(VENV)/.sandbox
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[sandbox,dev]'
	@touch $@

up: $(VENV)/.sandbox ## Start the sandbox: an AWS endpoint that records every call
	@exec $(BIN)/opentrail up $(ARGS)

test: lint unit ## All checks and tests

lint: $(VENV)/.dev ## Style, types, floors
	$(BIN)/ruff check opentrail tests benchmarks
	$(BIN)/ruff format --check opentrail tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports

# What fails beside other tests is tried once more by itself: a busy machine is an excuse, and only one is taken.
unit: $(VENV)/.dev ## The tests alone
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m "not soak and not fuzz" || { \
	echo "Once more, one after the other: the tests that failed"; \
	$(BIN)/python -m pytest -n 0 --last-failed --last-failed-no-failures none -m "not soak and not fuzz"; }

soak: $(VENV)/.dev ## Long runs: every operation of every service; half an hour at full load; hundreds of kill -9, under load and at every stage of a call
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[sandbox,dev,spark]'
	OPENTRAIL_NEW_EXAMPLES=1 $(BIN)/python -m pytest -m soak -x

fuzz: $(VENV)/.dev ## Hostile input: 10,000 requests at both doors, a million signatures, a million policies
	OPENTRAIL_NEW_EXAMPLES=1 $(BIN)/python -m pytest -m fuzz -x

bench: $(VENV)/.dev ## Measure beside the peers; docs/BENCHMARKS.md keeps the figures
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[sandbox,dev,bench]'
	$(BIN)/python -m benchmarks

clean: ## Remove what make made
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
