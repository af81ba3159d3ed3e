# `make help` lists the commands.
# The system's own Python if it will do: a distribution's is built optimised, a version manager's often is not, and is slower by half.
PYTHON ?= $(shell for each in /usr/bin/python3 python3; do \
	$$each -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2> /dev/null && echo $$each && exit; done; echo python3)
PORT ?= 8000
FRESH ?=
BIN := .venv/bin
export UV_SYSTEM_CERTS := 1
export UV_LINK_MODE := copy

.PHONY: help demo test lint types house unit rooms journeys production browser faults presses fuzz canaries bench audit lock clean

help: ## Show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

demo: .venv/runtime ## Run the product on believable data: one address, no account (PORT=, FRESH=1)
	@OFFBOARD_DEMO=1 exec $(BIN)/python manage.py demo --port $(PORT) $(if $(filter-out 0 no,$(FRESH)),--fresh)

test: .venv/dev ## Everything that a change must pass
	@$(BIN)/python tests/run.py

lint: .venv/dev ## Style
	@$(BIN)/python tests/run.py lint

types: .venv/dev ## Types
	@$(BIN)/python tests/run.py types

house: .venv/dev ## Floors, words and documentation
	@$(BIN)/python tests/run.py house

unit: .venv/dev ## Rooms, gateways, simulators, pages
	@$(BIN)/python tests/run.py unit

rooms: .venv/dev ## The rooms that depend on the database, on PostgreSQL
	@$(BIN)/python tests/run.py rooms

journeys: .venv/dev ## A whole removal over real HTTP, on SQLite with the engine alone
	@$(BIN)/python tests/run.py journeys

production: .venv/dev ## The same on PostgreSQL, Redis, an engine and two Celery workers
	@$(BIN)/python tests/run.py production

browser: .venv/dev ## The walk in Chromium, with axe
	@$(BIN)/python tests/run.py browser

faults: .venv/dev ## Kill, stop and break everything, and measure what is lost: see docs/reliability.md
	@$(BIN)/python -m tests.faults

presses: .venv/dev ## Every separation of duties, 100 presses at once over HTTP, on both databases
	@$(BIN)/python tests/run.py presses presses_there

fuzz: .venv/dev ## Every form and query with texts that none expects, and megabytes, on both databases
	@$(BIN)/python tests/run.py fuzz fuzz_there

canaries: .venv/dev ## Every kind of work with secrets that are known, and then a search for them everywhere
	@CANARIES=all $(BIN)/python -m pytest -q tests/security/test_canaries.py

bench: .venv/dev ## How long things take, as ratios: see docs/speed.md
	@$(BIN)/python -m tests.bench

audit: .venv/audit ## Known weaknesses of dependencies, and secrets in files and history
	@.venv-audit/bin/python -m tests.security.audit

lock: .venv/installer ## Make the lock files anew from pyproject.toml
	$(BIN)/uv pip compile -q --upgrade --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 pyproject.toml -o requirements/runtime.txt
	$(BIN)/uv pip compile -q --upgrade --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 pyproject.toml --extra dev -c requirements/runtime.txt -o requirements/dev.txt
	$(BIN)/uv pip compile -q --upgrade --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 requirements/audit.in -o requirements/audit.txt

clean: ## Remove what the commands made, except the demo's data
	rm -rf .venv .venv-audit .mypy_cache .ruff_cache .pytest_cache

# The environment in three layers; each marker is newer than the lock file that it was made from.
.venv/installer: requirements/installer.txt
	@echo "Making .venv"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 …")'
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/installer.txt 2>&1 | grep -v '^WARNING: Location' || true
	@test -x $(BIN)/uv && touch $@

.venv/runtime: .venv/installer requirements/runtime.txt
	@echo "Installing what the product needs"
	@$(BIN)/uv pip install -q --require-hashes -r requirements/runtime.txt --python $(BIN)/python || $(BIN)/pip install -q --require-hashes -r requirements/runtime.txt
	@touch $@

# Tools that only look at us from outside, so that nothing of theirs meets what we run on.
.venv/audit: .venv/installer requirements/audit.txt
	@echo "Installing what the audit needs"
	@$(PYTHON) -m venv .venv-audit
	@$(BIN)/uv pip install -q --require-hashes -r requirements/audit.txt --python .venv-audit/bin/python
	@touch $@

.venv/dev: .venv/runtime requirements/dev.txt
	@echo "Installing what the tests need"
	@$(BIN)/uv pip install -q --require-hashes -r requirements/dev.txt --python $(BIN)/python || $(BIN)/pip install -q --require-hashes -r requirements/dev.txt
	@touch $@
