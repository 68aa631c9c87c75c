# Two commands on a fresh machine: `make run` and `make test`. Both make their own environment in .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
EXAMPLE := examples/access.log.gz
ENGINES := build/engines
STORES := build/stores
FAKE_GCS := github.com/fsouza/fake-gcs-server@v1.56.1

.PHONY: run test test-long test-all test-engines test-stores fuzz bench lint tables pins clean

run: $(READY) $(EXAMPLE)
	rm -rf out/example
	$(BIN)/weblog-anonymizer run --input $(EXAMPLE) --site www.example.org --timezone UTC --output out/example

test: $(READY)
	$(BIN)/pytest -q -m "not long" -n 2 --dist loadfile

# What takes too long for every time: more examples of the same properties, and whole programs that measure. KILLS=500 kills more runs.
test-long: $(READY)
	$(BIN)/pytest -q -m long -n 2 --ignore tests/engines --ignore tests/stores

test-all: $(READY)
	$(BIN)/pytest -q --ignore tests/engines --ignore tests/stores
	$(MAKE) test-engines
	$(MAKE) test-stores
	$(MAKE) fuzz

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

# The same job on other engines: Beam's portable runner, Prism, Flink, Spark; and what would be sent to Dataflow. Needs Java, Maven, Go.
test-engines: $(READY) $(ENGINES)/dataflow/ready
	@for tool in java mvn go; do command -v $$tool > /dev/null || echo "test-engines: $$tool was not found, what needs it is skipped"; done
	$(BIN)/pytest -q -rs tests/engines --ignore tests/engines/test_dataflow.py
	$(ENGINES)/dataflow/bin/python -m pytest -q -rs tests/engines/test_dataflow.py

$(ENGINES)/dataflow/ready: requirements.txt setup.py
	$(PYTHON) -m venv $(ENGINES)/dataflow
	$(ENGINES)/dataflow/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(ENGINES)/dataflow/bin/python -m pip install --quiet --disable-pip-version-check --constraint requirements.txt --editable '.[dataflow]'
	touch $@

# S3 and GCS, by servers on this machine. The one of GCS needs Go.
test-stores: $(STORES)/ready
	@command -v go > /dev/null || echo "test-stores: go was not found, what needs it is skipped"
	if command -v go > /dev/null; then GOBIN="$(CURDIR)/$(STORES)" go install $(FAKE_GCS); fi
	$(STORES)/bin/python -m pytest -q -rs tests/stores

$(STORES)/ready: requirements.txt setup.py
	$(PYTHON) -m venv $(STORES)
	$(STORES)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(STORES)/bin/python -m pip install --quiet --disable-pip-version-check --constraint requirements.txt --editable '.[stores]'
	touch $@

# A coverage-guided fuzzer on each family of log formats, for so many seconds each.
FUZZ_SECONDS := 20
FAMILIES := columns json wrapped w3c own

fuzz: build/fuzz/ready
	@for family in $(FAMILIES); do echo "fuzz: $$family, $(FUZZ_SECONDS) s"; build/fuzz/bin/python tests/fuzz/fuzz_formats.py $$family $(FUZZ_SECONDS) || exit 1; done

build/fuzz/ready: requirements.txt setup.py
	$(PYTHON) -m venv build/fuzz
	build/fuzz/bin/python -m pip install --quiet --disable-pip-version-check --constraint requirements.txt --editable '.[fuzz]'
	touch $@

bench: $(READY)
	$(BIN)/python benchmarks/run.py --lines 1000000 --pairs 5
	$(BIN)/python benchmarks/run.py --lines 1000000 --pairs 3 --profile scattered

# Tables of the documents that are derived from the code.
tables: $(READY)
	$(BIN)/python scripts/write_tables.py

# Pins for every supported Python; needs uv.
pins:
	uv pip compile setup.py --extra dev --extra dp --universal --python-version 3.10 --upgrade --quiet \
		--no-header --no-annotate --no-emit-index-url --output-file requirements.txt

clean:
	rm -rf $(VENV) out $(EXAMPLE) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
