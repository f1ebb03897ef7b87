# `make serve` starts the lab, `make test` tests it, `make test-all` tests all of it.
# Only what a person asks for is written: the virtual environment in VENV, data in LAB_HOME.

PYTHON ?= python3
VENV ?= .venv
PORT ?= 5006
# An index that torch alone is taken from, such as https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=
# Tests run side by side; what is in one file stays together and shares its server.
JOBS ?= 2

BIN := $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check
TORCH := $(shell grep '^torch==' constraints.txt)
DEPENDS := pyproject.toml constraints.txt

.PHONY: serve test test-all
.DEFAULT_GOAL := serve

serve: $(VENV)/.ui
	@$(BIN)/lab serve --port $(PORT)

test: $(VENV)/.test
	@sh .ci/chromium
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/python -m pytest --durations=10 -n $(JOBS) --dist loadfile

test-all: $(VENV)/.test
	@sh .ci/chromium
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/python -m pytest --durations=10 -n $(JOBS) --dist loadfile --all

$(VENV)/.ui: $(VENV)/.torch
	@echo "Installing the pages ..."
	@$(PIP) install --quiet -c constraints.txt -e ".[ui]"
	@touch $@

$(VENV)/.test: $(VENV)/.torch
	@echo "Installing what the tests need ..."
	@$(PIP) install --quiet -c constraints.txt -e ".[ui,test,peers]"
	@touch $@ $(VENV)/.ui

# torch comes first and without its dependencies: they are those of the pinned list, whatever
# index torch itself is taken from.
$(VENV)/.torch: $(BIN)/python $(DEPENDS)
	@echo "Installing $(TORCH) (several hundred MB; once) ..."
	@$(PIP) install --quiet --no-deps $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) $(TORCH)
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed")'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "On Debian: apt-get install python3-venv" >&2; exit 1; }
