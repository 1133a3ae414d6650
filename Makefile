# Every command of the project; "make" alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
.PHONY: help setup demo test lint fmt types bench chaos layout lock clean

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
ARGS ?=
# Processes that share the test files.
WORKERS ?= 2

# What .venv is made from: a change in any of these makes the next command set it up again.
SOURCES := requirements.lock pyproject.toml setup.py \
  $(sort $(wildcard gateway/core/*.[ch] gateway/core/*.pyx gateway/core/*.pxd clients/c/*.h \
  clients/python/*.toml clients/python/*.py clients/python/gateway_client/*.[ch] \
  clients/python/gateway_client/*.pyx))

help: ## list these commands
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/:.*## /:/' | awk -F: '{printf "  make %-8s %s\n", $$1, $$2}'

setup: ## make .venv and build the core, where missing or stale (PYTHON=python3.13 chooses)
	@stamp=$(VENV)/.made-from
	need() { echo "make setup: $$1" >&2; exit 1; }
	made_from=$$( { cat $(SOURCES); echo "$${GATEWAY_SANITIZE:-}"; } | sha256sum)
	python=$(PYTHON)
	if [ -x $(RUN) ] && $(RUN) -c '' 2>/dev/null; then python=$(RUN); fi
	if [ "$$python" = $(RUN) ] && [ "$$(cat $$stamp 2>/dev/null)" = "$$made_from" ]; then exit 0; fi
	command -v $$python >/dev/null || need "$$python is not installed: apt-get install python3"
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  need "$$($$python -V) is too old: apt-get install python3.11, then make PYTHON=python3.11 setup"
	$$python -c 'import ensurepip, venv' 2>/dev/null || \
	  need "Python's venv module is missing: apt-get install python3-venv"
	cc=$${CC:-$$($$python -c 'import sysconfig; print(sysconfig.get_config_var("CC") or "cc")')}
	echo '#include <stdatomic.h>' | $$cc -x c -fsyntax-only -include stdio.h - 2>/dev/null || \
	  need "there is no working C compiler ($$cc): apt-get install gcc libc6-dev"
	[ -f "$$($$python -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h" ] || \
	  need "Python.h is missing: apt-get install python3-dev"
	if [ "$$python" != $(RUN) ]; then
	  echo "making $(VENV)"
	  rm -rf $(VENV)
	  $$python -m venv $(VENV)
	fi
	rm -f $$stamp
	pip="$(RUN) -m pip --disable-pip-version-check install --quiet"
	echo "installing what requirements.lock names"
	$$pip --require-hashes -r requirements.lock
	echo "building the compiled core"
	$$pip --no-deps --no-build-isolation -e ./clients/python -e .
	echo "$$made_from" >$$stamp

demo: setup ## simulator, gateway and a live table (DEMO_SECONDS without a terminal)
	@$(VENV)/bin/gateway demo

test: setup ## the whole suite; ARGS="-k ring" chooses
	@$(RUN) -m pytest -q -n $(WORKERS) --dist loadfile $(ARGS)

lint: setup ## ruff, rules and format
	@$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .

fmt: setup ## let ruff put the format right
	@$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .

types: setup ## mypy --strict
	@$(RUN) -m mypy

bench: setup ## every benchmark at full size, one after the other; the soak alone takes 25 minutes
	@for file in bench/bench_*.py; do
	  echo "== $$file"
	  $(RUN) -m bench.$$(basename $$file .py)
	done

chaos: setup ## the long stress tests, 200 kills, 100 reloads, 1,000 seeds of trouble and a minute of load
	@$(RUN) -m pytest -q -m chaos $(ARGS)

layout: setup ## write what is generated from gateway/layout.py and gateway/stream_table.py
	@$(RUN) -m gateway.layout_export
	$(RUN) -m gateway.stream_page >STREAMS.md

lock: ## write requirements.lock anew; needs uv
	@locked=$$(uv pip compile --quiet --universal --python-version 3.11 --group dev --generate-hashes \
	  --no-header --no-annotate --no-emit-index-url --no-emit-find-links pyproject.toml)
	{
	  echo '# Made by "make lock" from pyproject.toml: exact versions and hashes, Python 3.11 to 3.14.'
	  echo "$$locked"
	} >requirements.lock

clean: ## remove .venv and everything built
	@rm -rf $(VENV) build clients/c/build clients/python/build .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -path ./.git -prune -o \( -name __pycache__ -o -name '*.egg-info' \) -prune -exec rm -rf {} +
	find gateway clients -name '*.so' -delete
