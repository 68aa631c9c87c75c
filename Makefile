# Two commands on a fresh machine: `make run` and `make test`. Both make their own environment in .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
EXAMPLE := examples/access.log.gz
ENGINES := build/engines
STORES := build/stores
KERNEL := $(shell find kernel -name target -prune -o \( -name '*.rs' -o -name 'Cargo.*' \) -print)
FAKE_GCS := github.com/fsouza/fake-gcs-server@v1.56.1

.PHONY: run test test-long test-all test-engines test-stores fuzz bench wheel lint tables pins clean

run: $(READY) $(EXAMPLE)
	rm -rf out/example
	$(BIN)/weblog-anonymizer run --input $(EXAMPLE) --site www.example.org --timezone UTC --output out/example

test: $(READY)
	@if command -v cargo > /dev/null; then cargo test --quiet --locked --manifest-path kernel/Cargo.toml -p weblog-kernel-core; else echo "test: cargo was not found, the native kernel is not tested"; fi
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
	@if command -v cargo > /dev/null; then cd kernel && cargo fmt --check && cargo clippy --quiet --locked --all-targets -- -D warnings; fi

$(VENV)/installed: requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

# pip hides what a build prints, and an old kernel would hide that the new one could not be built. So it is removed first.
$(READY): $(VENV)/installed setup.py pyproject.toml $(KERNEL)
	rm -f transforms/_kernel*.so
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@if $(BIN)/python -c "import transforms._kernel" 2> /dev/null; then echo "kernel: native"; \
	elif command -v cargo > /dev/null; then echo "kernel: cargo could not build it; see: cargo build --release --manifest-path kernel/Cargo.toml" >&2; exit 1; \
	else echo "kernel: python, which reads logs some twenty times slower; with Rust (cargo) on the PATH, \`make\` builds the native one"; fi
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

# A wheel of this machine's type, with the native kernel.
wheel: $(READY)
	rm -rf build/lib build/bdist.* dist
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .
	$(BIN)/python -m zipfile --list dist/*.whl | grep -q "transforms/_kernel.*\.so" || { echo "wheel: it holds no native kernel" >&2; exit 1; }

# Tables of the documents that are derived from the code.
tables: $(READY)
	$(BIN)/python scripts/write_tables.py

# Pins for every supported Python; needs uv.
pins:
	uv pip compile setup.py --extra dev --extra dp --universal --python-version 3.10 --upgrade --quiet \
		--no-header --no-annotate --no-emit-index-url --output-file requirements.txt

clean:
	rm -rf $(VENV) out $(EXAMPLE) build dist kernel/target transforms/_kernel*.so *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
