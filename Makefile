# Two commands matter: `make har2` and `make test`. PIP_ARGS reaches every pip call.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP_ARGS ?=
PIP := $(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt $(PIP_ARGS)
DATA_ARGS := $(if $(DATA),--data $(DATA))

.PHONY: har2 test lint docs clean
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

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) -e '.[all]'
	touch $@

$(VENV)/.installed-test: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) -e '.[all,tensorflow,micro,docs,test]'
	touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) runs build dist *.egg-info
