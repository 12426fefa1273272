# Every target works in a fresh checkout: it makes .venv first and installs what is needed.
PYTHON ?= python3
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: demo test lint bench fuzz docs install

install: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev]"
	@$(BIN)/python -m compileall -q asaql
	@touch $@

demo: $(INSTALLED)
	@mkdir -p out
	@echo "Taxi rides, made into arrays by a JavaScript function, scored by a model in a local inference server:"
	@$(BIN)/asaql run samples/taxi --output out/fares.ndjson --summary
	@head -n 3 out/fares.ndjson
	@echo "Readings of refrigerated trucks, from a project folder; alarms only:"
	@$(BIN)/asaql run samples/project --output Log=out/log.ndjson --output Alarms=-

lint: $(INSTALLED)
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-cache > $(VENV)/.layers || { cat $(VENV)/.layers; exit 1; }

test: lint
	@$(BIN)/python -m pytest -n $(WORKERS)

bench: $(INSTALLED)
	@$(BIN)/python tests/bench $(BENCH)

fuzz: $(INSTALLED)
	@HYPOTHESIS_PROFILE=fuzz $(BIN)/python -m pytest tests/property -n $(WORKERS) --timeout 0

docs: $(INSTALLED)
	@$(BIN)/python tests/pages.py
