# What people and CI call. Needs nothing but make and Python 3.11 or newer: .venv is made from the lock files on first
# use, again when they change, and costs nothing otherwise. After any of these `.venv/bin/kecs` exists.

VENV := .venv
BIN := $(VENV)/bin
BASE := $(VENV)/base.stamp
DEV := $(VENV)/dev.stamp

# The first interpreter that will do; `make PYTHON=/path/to/python3.13 …` names another.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)

# Docker tests run on one worker (tests/conftest.py), everything else on whichever is free. Skips are listed by name.
JOBS ?= 2
PYTEST_ARGS ?=
PYTEST := $(BIN)/python -m pytest -rs --no-fold-skipped
PARALLEL := -n $(JOBS) --dist loadgroup
# What `make image` makes, and out of what.
IMAGE ?= kecs:latest
PYTHON_IMAGE ?= python:3.13-slim

# The tests that go through a server over TCP, with containers where Docker answers.
INTEGRATION := $(wildcard tests/runtimes tests/sdk tests/durability tests/testing)

UV_COMPILE := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-annotate --custom-compile-command "make lock" --quiet $(UPGRADE)

.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help demo test test-long test-kubernetes check image bench test-integration test-integration-verbose test-integration-specific models lock format clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-27s %s\n", $$1, $$2}' Makefile

demo: $(BASE) ## a real service through the AWS API: deployed, updated under traffic, healed; on Docker if it answers
	$(BIN)/kecs demo

test: $(DEV) ## every test that can run here, but for those that take minutes; the others are skipped by name
	env -u KECS_TEST_KUBECONFIG $(PYTEST) $(PARALLEL) -m "not long" $(PYTEST_ARGS)

test-long: $(DEV) ## the tests that take long, most of them on Docker
	$(PYTEST) -m "long and not kubernetes" -o faulthandler_timeout=3600 $(PYTEST_ARGS)

test-kubernetes: $(DEV) ## the tests of pods, on the cluster that KECS_TEST_KUBECONFIG names
	@test -n "$(KECS_TEST_KUBECONFIG)" || { echo 'Say which cluster they may use: KECS_TEST_KUBECONFIG=…' >&2; exit 2; }
	KECS_REQUIRE_KUBERNETES=1 $(PYTEST) -m kubernetes -o faulthandler_timeout=1200 $(PYTEST_ARGS)

check: $(DEV) ## lint, format, types, import layers, generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python tools/lint_core.py
	$(BIN)/python tools/generate_models.py --check
	$(BIN)/python tools/coverage.py --check

image: ## the container image IMAGE, on the base PYTHON_IMAGE
	@docker image inspect $(PYTHON_IMAGE) >/dev/null 2>&1 || docker pull --quiet $(PYTHON_IMAGE) || { \
		echo 'Docker has no $(PYTHON_IMAGE) and cannot get it. Name a base with Python 3.11 or newer and pip that is there:' >&2; \
		echo '  make image PYTHON_IMAGE=…' >&2; \
		echo 'or make one out of the Python of this machine:' >&2; \
		echo '  make image PYTHON_IMAGE=$$($(BIN)/python tools/base_image.py)' >&2; exit 1; }
	docker build --build-arg BASE=$(PYTHON_IMAGE) --tag $(IMAGE) .

bench: $(DEV) ## measure KECS beside other emulators; writes bench/results.md
	$(BIN)/python -m bench

test-integration: $(DEV) ## only the tests that go through a server over TCP
	$(PYTEST) $(PARALLEL) $(INTEGRATION) $(PYTEST_ARGS)

test-integration-verbose: $(DEV) ## the same one after the other, with names and output
	$(PYTEST) -vv -s $(INTEGRATION) $(PYTEST_ARGS)

test-integration-specific: $(DEV) ## those that TEST=expression selects (pytest -k)
	@test -n "$(TEST)" || { echo 'Say which: make test-integration-specific TEST="rolling and not docker"' >&2; exit 2; }
	$(PYTEST) -vv $(INTEGRATION) -k "$(TEST)" $(PYTEST_ARGS)

models: $(DEV) ## write the shapes of ECS anew, from the botocore that is installed
	$(BIN)/python tools/generate_models.py

lock: $(DEV) ## write requirements/ anew after pyproject.toml changed; UPGRADE=--upgrade also raises versions
	$(UV_COMPILE) --group dev -o requirements/dev.txt
	$(UV_COMPILE) --group build --constraint requirements/dev.txt -o requirements/base.txt
	$(UV_COMPILE) --group build --extra kubernetes --constraint requirements/dev.txt -o requirements/image.txt

format: $(DEV) ## mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## remove .venv and every cache
	rm -rf $(VENV) dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests tools bench -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# A virtual environment without pip (Debian's python3 without python3-venv) is of no use, so none is left behind.
$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "KECS needs Python 3.11 or newer. Install it, or name it: make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "$(PYTHON) cannot make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }

define install
	@echo "Installing $(1) into $(VENV) …"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r $(1)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
endef

$(BASE): requirements/base.txt pyproject.toml | $(BIN)/python
	$(call install,requirements/base.txt)
	@touch $@

# The development lock contains the base lock, version by version.
$(DEV): requirements/dev.txt requirements/base.txt pyproject.toml | $(BIN)/python
	$(call install,requirements/dev.txt)
	@touch $(BASE) $@
