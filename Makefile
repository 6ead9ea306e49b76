# Two commands do everything on a fresh machine: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LAKE_ROOT ?= $(CURDIR)/lake
export LAKE_ROOT
export PATH := $(CURDIR)/$(BIN):$(PATH)
# uv does not read pip's settings: hand on where local wheels (a CPU build of torch, say) lie.
export UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
# The certificates of this machine, as pip uses them.
export UV_SYSTEM_CERTS ?= 1
TICKETS ?=

.PHONY: run test test-long check bench clean lock

run: $(VENV)/.installed
	$(BIN)/ticketlake up $(if $(TICKETS),--tickets $(TICKETS))

test: $(VENV)/.installed
	$(BIN)/pytest -n 2 --dist loadfile

test-long: $(VENV)/.installed
	$(BIN)/pytest -m long

check: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/dg check defs
	$(BIN)/dbt parse --quiet --project-dir dbt_project --profiles-dir dbt_project --no-partial-parse

bench: $(VENV)/.installed
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) lake .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dbt_project/target

lock: $(VENV)/.uv
	$(BIN)/uv pip compile --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links \
	    --group dev pyproject.toml -o requirements.lock

$(VENV)/.uv:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	touch $@

$(VENV)/.installed: $(VENV)/.uv requirements.lock pyproject.toml
	$(BIN)/uv pip install --python $(BIN)/python -r requirements.lock
	$(BIN)/uv pip install --python $(BIN)/python --no-deps --no-build-isolation -e .
	touch $@
