# `make help` lists the targets; each does all set-up it needs, and a second run starts at once.
PYTHON := $(shell test -x /usr/bin/python3 && echo /usr/bin/python3 || command -v python3 || echo python3)
BIN := .venv/bin
PATHS := src tests bench scripts examples
WITH_R := R_LIBS_USER="$(CURDIR)/.rlib" MODELYARD_BIN="$(CURDIR)/$(BIN)/modelyard"

.DEFAULT_GOAL := help
.PHONY: help demo demo-stop server test check fix bench bench-serving torture pins setup setup-dev clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: setup ## Set up, then run the mtcars story on an account of its own in .demo
	@$(PYTHON) scripts/demo.py

demo-stop: ## Stop the demo's server and service, and remove .demo
	@$(PYTHON) scripts/demo.py --stop

server: setup ## Run the local account's server in this terminal
	@$(BIN)/modelyard server run

test: setup-dev ## Run all tests: R's first, then Python's
	@$(WITH_R) $(PYTHON) scripts/test.py

check: setup-dev ## Lint, types, direction of imports, R CMD check, documentation
	@$(WITH_R) $(PYTHON) scripts/check.py

fix: setup-dev ## Let ruff repair and format what it can
	@$(BIN)/ruff check --fix $(wildcard $(PATHS))
	@$(BIN)/ruff format $(wildcard $(PATHS))

bench: setup-dev ## Measure against R's own predict() on this machine
	@$(WITH_R) $(BIN)/python -m bench

bench-serving: setup-dev ## Measure services beside plumber, FastAPI, MLServer and an echo
	@$(WITH_R) $(BIN)/python -m bench serving

torture: setup-dev ## The long fault runs: kills, crashes, many writers
	@$(WITH_R) $(BIN)/pytest -m torture --write-pages -s

pins: setup ## Make requirements*.txt anew from requirements*.in
	@$(PYTHON) scripts/pins.py

setup: ## Set up what the engine needs
	@$(PYTHON) scripts/setup.py

setup-dev: ## Set up what the tests and checks need too
	@$(PYTHON) scripts/setup.py --dev

clean: demo-stop ## Remove all that set-up and runs have made
	@rm -rf .venv .rlib .peers .Renviron .setup.log .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@find . -name '*.egg-info' -type d -prune -exec rm -rf {} +
