# Two commands on a fresh machine: `make run` and `make test`. Both make their own environment in .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
EXAMPLE := examples/access.log.gz

.PHONY: run test test-all lint pins clean

run: $(READY) $(EXAMPLE)
	rm -rf out/example
	$(BIN)/weblog-anonymizer run --input $(EXAMPLE) --site www.example.org --output out/example

test: $(READY)
	$(BIN)/pytest -q -m "not long"

test-all: $(READY)
	$(BIN)/pytest -q

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(READY): requirements.txt setup.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

$(EXAMPLE): $(READY) examples/generate.py
	$(BIN)/python examples/generate.py --output $@ --lines 60000

# Pins for every supported Python; needs uv.
pins:
	uv pip compile setup.py --extra dev --universal --python-version 3.10 --upgrade --quiet \
		--no-header --no-annotate --no-emit-index-url --output-file requirements.txt

clean:
	rm -rf $(VENV) out $(EXAMPLE) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
