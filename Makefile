# Every target says what it does in `make help`. All need only Python 3.11 or newer; what else a target needs, it installs or names.
SHELL := /bin/bash
PYTHON ?= python3
export PYTHONUNBUFFERED := 1
RUN := .venv/bin
MEMBERS := $(wildcard operator/pyproject.toml services/*/pyproject.toml)
SOURCES := operator/src services/comum/src services/fluxo/src services/saldo/src services/gateway/src

.DEFAULT_GOAL := help
.PHONY: help demo demo-down up down load bench faults simulate-scaling screenshots test test-fast lint format crd clean

help: ## what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  \033[1mmake %-13s\033[0m %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/ready ## the whole platform on a Kubernetes cluster made here: builds, installs, waits, posts entries (again: under 90 s)
	@$(RUN)/python -m tests.demo up

demo-down: .venv/ready ## end the demo and leave nothing: no process, mount, network namespace, bridge or iptables chain
	@$(RUN)/python -m tests.demo down

up: .venv/ready ## the same processes on this machine, without Kubernetes, on private MySQL or MariaDB and RabbitMQ
	@$(RUN)/python -m tests.local up

down: .venv/ready ## end what `make up` started and leave nothing
	@$(RUN)/python -m tests.local down

load: .venv/ready ## entries at RATE= a second for SECONDS= through the gateway of what runs here (or GATEWAY=), then every one checked; UI=1 for the page
	@$(RUN)/python locust/run.py $(if $(RATE),--rate $(RATE)) $(if $(SECONDS),--seconds $(SECONDS)) $(if $(UI),--ui $(UI))

bench: .venv/ready ## the project's figures: speed as ratios within one run, and what the operator costs; a table and .caixa/bench.json (about 11 minutes)
	@$(RUN)/python -m tests.bench

simulate-scaling: .venv/ready ## four loads through our autoscaler, KEDA's and the HPA's: a table, .caixa/scaling.json and docs/images/scaling.svg (seconds)
	@$(RUN)/python -m tests.simulation

faults: .venv/ready ## every fault in its long form (kill -9, outages, poison, bad links), as a table and in .caixa/faults.json (about 15 minutes)
	@$(RUN)/python -m tests.faults

screenshots: .venv/ready ## the page's main views in a real browser, written to SHOTS= (docs/images)
	@mkdir -p $(or $(SHOTS),docs/images)
	@CAIXA_SCREENSHOTS=$(or $(SHOTS),docs/images) $(RUN)/pytest -q tests/browser/test_acesso.py

test: lint ## everything that CI runs: lint, types, unit, integration, control plane, compose and cluster tests, with coverage
	$(RUN)/pytest --cov --cov-report=term tests

test-fast: .venv/ready ## the unit tests, in seconds
	$(RUN)/pytest -q --numprocesses=auto tests/unit

lint: .venv/ready ## style, types and the walls between the parts
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
	$(RUN)/mypy --no-error-summary $(SOURCES) locust tests
	$(RUN)/lint-imports --no-cache > .venv/lint-imports.log || { cat .venv/lint-imports.log; exit 1; }

format: .venv/ready ## put the code into the project's style
	$(RUN)/ruff format .
	$(RUN)/ruff check --fix .

crd: .venv/ready ## write the CRD from the operator's own types into k8s/crds and the chart
	$(RUN)/python -m caixa_operator.crd

clean: ## forget the virtual environment and the tools' caches
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis

# One environment for the whole workspace, exactly as uv.lock says; uv itself comes from PyPI into the same environment.
.venv/ready: pyproject.toml uv.lock $(MEMBERS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Caixa needs Python 3.11 or newer: make PYTHON=python3.13 …")'
	@$(PYTHON) -m venv .venv || { echo "Python's venv is missing: sudo apt-get install python3-venv" >&2; exit 1; }
	@echo "▸ Python packages, as uv.lock says"
	@test -x $(RUN)/uv || $(RUN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(RUN)/uv sync --quiet --frozen --compile-bytecode
	@touch $@
