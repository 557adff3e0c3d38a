# A fresh machine needs Python 3.11, git and make; everything else is set up here.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3.11
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CODE := federation tests hatch_build.py

.PHONY: help setup fmt lint java junit differential fuzz jmh bench scale latency campaign mirror unit integration pytest test demo wheel constraints jars clean clean-all

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## create the environment in .venv (once, and when dependencies change)

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --disable-pip-version-check --no-compile --constraint constraints.txt --editable '.[dev]'
	touch $@

fmt: setup ## format the code and fix what can be fixed
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

lint: setup ## check format, style, types and layers
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports

java: setup ## build the Java operators and print the path of their jar
	$(BIN)/python -m federation.flink.build

junit: setup ## test the Java operators
	$(BIN)/python -m federation.flink.javatest junit $(ARGS)

differential: setup ## compare the Java operators with the reference on N random cases (SEED: of the first)
	$(BIN)/python tests/differential --cases $(or $(N),200000) --seed $(or $(SEED),0)

fuzz: setup ## feed the Java operators N damaged payloads, judged by Avro's own reader (SEED: of the first)
	$(BIN)/python -m federation.flink.javatest run federation.map.Fuzz $(or $(N),1000000) $(or $(SEED),1)

jmh: setup ## measure the transcoder beside Avro's own readers (ARGS: more options for JMH)
	$(BIN)/python -m federation.flink.javatest jmh -prof gc $(ARGS)

bench: setup ## the gateway beside MirrorMaker, Flink SQL and others, in turns (ARGS='--help': its options)
	$(BIN)/pip install --disable-pip-version-check --quiet --constraint constraints.txt --editable '.[dev,bench]'
	$(BIN)/python tests/bench $(ARGS)

scale: setup ## the gateway's rate by tasks, sources, streams and partitions (ARGS='--help': its options)
	$(BIN)/pip install --disable-pip-version-check --quiet --constraint constraints.txt --editable '.[dev,bench]'
	$(BIN)/python tests/bench/scale.py $(ARGS)

latency: setup ## how long records take from source to target at a steady rate (ARGS='--help': its options)
	$(BIN)/pip install --disable-pip-version-check --quiet --constraint constraints.txt --editable '.[dev,bench]'
	$(BIN)/python tests/bench/latency.py $(ARGS)

campaign: setup ## random faults on real brokers until the ledger has N runs (SEED: repeat that one)
	$(BIN)/python tests/campaign --runs $(or $(N),300) $(if $(SEED),--seed $(SEED)) $(ARGS)

mirror: setup ## MirrorMaker 2 with exactly-once on, under the campaign's faults
	$(BIN)/python tests/campaign/mirror.py $(ARGS)

unit: setup ## the quick tests: unit, property, docs (ARGS: more options for pytest)
	$(BIN)/pytest $(wildcard tests/unit tests/property tests/conformance tests/docs) -m 'not integration' $(ARGS)

integration: setup ## the tests on real brokers
	$(BIN)/pytest $(wildcard tests/integration tests/scenarios) tests/docs/test_readme.py -m 'not bench' $(ARGS)

pytest: setup ## every test in Python
	$(BIN)/pytest -m 'not bench' $(ARGS)

test: setup ## everything that must pass: lint, junit, pytest
	@for phase in lint junit; do \
	  start=$$SECONDS; $(MAKE) --no-print-directory $$phase; \
	  echo "== $$phase: $$((SECONDS - start)) s"; \
	done
	@$(MAKE) --no-print-directory pytest

demo: setup ## three clusters, one clean stream, and the proof
	$(BIN)/federation demo --folder .federation/demo $(ARGS)

wheel: setup ## build sdist and wheel (with the operators) into dist/
	$(BIN)/python -m build --no-isolation

constraints: ## pin the dependencies of pyproject.toml anew, from an empty environment
	@fresh=$$(mktemp -d); trap 'rm -rf "$$fresh"' EXIT; $(PYTHON) -m venv $$fresh; \
	$$fresh/bin/pip install --disable-pip-version-check --editable '.[dev,bench]'; \
	{ sed -n '/^#/p' constraints.txt; $$fresh/bin/pip freeze --exclude-editable; } > $$fresh/pins; \
	cp $$fresh/pins constraints.txt

jars: setup ## pin the jars of federation/flink/jars.lock.json anew, from its roots
	$(BIN)/python -m federation.flink.jarlock

clean: ## remove what was built and what tools cached
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find federation tests -name __pycache__ -prune -exec rm -rf {} +

clean-all: clean ## also stop the sandbox and remove the environment and the sandbox's data
	if [ -x $(BIN)/federation ]; then $(BIN)/federation sandbox down; fi
	rm -rf $(VENV) .federation
