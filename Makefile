# Two commands matter: `make har2` and `make test`. PIP_ARGS reaches every pip call.
# What is installed is checked against the hashes of locked-*.txt; torch and its CUDA libraries, which come in builds of
# the user's choice, are held to their version alone. `make lock` writes the files anew, HASHED= does without.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP_ARGS ?=
PIP := $(BIN)/python -m pip install --disable-pip-version-check $(PIP_ARGS)
HASHED ?= --require-hashes --no-deps --only-binary :all:
DATA_ARGS := $(if $(DATA),--data $(DATA))

.PHONY: har2 test lint docs lock clean
har2: $(VENV)/.installed
	$(BIN)/python scripts/har2_pipeline.py $(DATA_ARGS) $(ARGS)

# Programs that pip does not have come from Debian packages, without root; where they cannot, the tests that need them
# are skipped, and STRICT=1 makes that a failure.
test: $(VENV)/.installed-test
	$(BIN)/tinygmp doctor --install || true
	$(BIN)/python scripts/run_tests.py $(if $(STRICT),--strict) $(ARGS)

lint: $(VENV)/.installed-test
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

docs: $(VENV)/.installed-test
	$(BIN)/mkdocs build --strict

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt locked-har2.txt | $(VENV)/bin/python
	$(if $(HASHED),$(PIP) $(HASHED) -r locked-har2.txt)
	$(PIP) $(if $(HASHED),--no-build-isolation) -c constraints.txt -e '.[all]'
	touch $@

$(VENV)/.installed-test: pyproject.toml constraints.txt locked-test.txt | $(VENV)/bin/python
	$(if $(HASHED),$(PIP) $(HASHED) -r locked-test.txt)
	$(PIP) $(if $(HASHED),--no-build-isolation) -c constraints.txt -e '.[all,tensorflow,micro,docs,test]'
	touch $@ $(VENV)/.installed

# The versions are those of constraints.txt; every wheel and source of each is listed, for all platforms.
UNHASHED := torch triton $(addprefix nvidia-,cublas cuda-cupti cuda-nvrtc cuda-runtime cudnn-cu13 cufft cufile curand \
	cusolver cusparse cusparselt-cu13 nccl-cu13 nvjitlink nvshmem-cu13 nvtx) cuda-bindings cuda-pathfinder cuda-toolkit
COMPILE = $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header \
	--no-annotate -q -c constraints.txt --default-index https://pypi.org/simple \
	$(addprefix --no-emit-package ,$(UNHASHED))
lock: | $(VENV)/bin/python
	$(PIP) uv
	$(COMPILE) --extra all -o locked-har2.txt
	$(COMPILE) $(addprefix --extra ,all tensorflow micro docs test) -o locked-test.txt

clean:
	rm -rf $(VENV) runs build dist *.egg-info
