# Needs Python 3.11 or newer and make; everything else comes from requirements.lock into .venv.
.DEFAULT_GOAL := help
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' && echo $$p && break; done)
BIN := .venv/bin
READY := .venv/.ready

.PHONY: help run dashboard test check regress ledger robust calibrate bench lock clean

help: ## what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 10

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "make: no Python between 3.11 and 3.14 on PATH; name one with PYTHON=/path/to/python3" >&2; exit 2; }
	@echo "setting up .venv from requirements.lock (first time only)"
	@rm -rf .venv && $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

run: $(READY) ## simulate 300,000 people for one event and for five, print the verdict, write runs/onsale-300k/report.html
	@$(BIN)/breakwater run onsale-300k --beside --out runs/onsale-300k || { code=$$?; [ $$code -eq 1 ] || exit $$code; }

dashboard: $(READY) ## the web pages, on http://127.0.0.1:8501
	@$(BIN)/breakwater dashboard

test: $(READY) ## all tests
	@$(BIN)/python -m pytest -q -n auto --dist loadgroup

check: $(READY) ## lint, types, import direction
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

regress: $(READY) ## predicted Redis CPU and KPIs against their baselines (REGRESS_ARGS="--junit FILE", ...)
	@$(BIN)/breakwater regress $(REGRESS_ARGS)

ledger: $(READY) ## every verdict judged again from the stored runs, and held against the accepted ones
	@$(BIN)/breakwater validate --stored

robust: $(READY) ## what of the verdicts survives their assumptions, anew: models/robustness/tables (about a quarter of an hour)
	@$(BIN)/python -m dashboards.renew_robustness $(ROBUST_ARGS)

calibrate: $(READY) ## measure a real Redis, fit a profile, verify it: runs/calibration/accuracy.html
	@$(BIN)/breakwater calibrate --out runs/calibration/profile.json || { code=$$?; [ $$code -eq 1 ] || exit $$code; }
	@$(BIN)/breakwater verify-calibration --profile runs/calibration/profile.json --out runs/calibration || { code=$$?; [ $$code -eq 1 ] || exit $$code; }

bench: $(READY) ## speed and memory, against the reference in the same run (BENCH_ARGS=--quick or --full)
	@$(BIN)/python -m tests.bench $(BENCH_ARGS)

lock: $(READY) ## renew requirements.lock (needs uv)
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --output-file requirements.lock

clean: ## remove the environment, caches and runs
	rm -rf .venv .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis runs
