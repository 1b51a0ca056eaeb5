# One command per chore; each sets up what it needs. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PY := .venv/bin/python
WORKERS ?= 2

.PHONY: help setup check format test demo soak bench backtest latency learn long clean

help: ## what there is
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: ## the environment in .venv
	@scripts/setup

check: setup ## format, ruff, mypy --strict, import contracts
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	.venv/bin/lint-imports

format: setup ## format the code and mend what ruff can
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

test: setup ## all tests but the long ones, on a real Redmine that it installs and starts
	$(PY) -m pytest -n $(WORKERS) --dist loadgroup -m "not soak"

demo: setup ## the main job on a real local Redmine, with realistic tickets (KEEP=1 leaves it running)
	.venv/bin/presale-bridge demo $(if $(KEEP),--keep)

soak: setup ## all long tests; the last, up to an hour: 2,000 tickets, three replicas that are killed, servers that are restarted (SOAK_TICKETS=200: minutes)
	SOAK_TICKETS=$${SOAK_TICKETS:-2000} $(PY) -m pytest -m soak
	@cat var/soak.txt

long: setup ## the long tests without that last one
	$(PY) -m pytest -m soak --ignore=tests/soak

bench: setup ## speed, as a ratio to a reference of the same run
	$(PY) -m benchmarks
	$(PY) -m benchmarks.idle

latency: setup ## from saving a ticket in a real Redmine to the note on it, by the hook plugin and by polling: 100 tickets each, 8 minutes
	$(PY) -m benchmarks.latency

learn: setup ## learned.json anew from the example tickets in corpus/, and how well tickets of others are recognised
	.venv/bin/presale-bridge learn

backtest: setup ## `backtest` over 2,000 tickets on a real Redmine: time, requests, and what a lead sees
	$(PY) -m benchmarks.backtest

clean: ## what the chores have made
	rm -rf .venv var .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist build
