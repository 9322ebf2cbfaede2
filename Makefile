# `make demo` is all that a fresh machine needs: Python 3.11 or newer, make and a network.

PYTHON ?= $(firstword $(shell command -v python3.11 python3) python3)
PORT ?= 8000
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
DATA := $(or $(CATALOG_AUDIT_DATA),var)
CATALOGUES := $(wildcard locale/*/LC_MESSAGES/django.po)
TRANSLATIONS := $(CATALOGUES:.po=.mo)
# Packages whose behaviour may depend on the database.
DATABASE_TESTS := $(wildcard $(addprefix tests/,accounts api audits catalog feeds jobs registry review training))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo run test lint format messages screenshots install install-dev chromium clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

# Plain HTTP is fit for the loopback address, the only one that these two serve.
demo run: export CATALOG_AUDIT_HTTPS = 0
demo run: export PYTHONUNBUFFERED = 1
demo run: export BIND = 127.0.0.1
# Celery's advice to root, at length and for every worker, would hide the sign-in.
demo run: export PYTHONWARNINGS = ignore:You're running the worker with superuser privileges
demo run test lint messages screenshots: export PATH := $(CURDIR)/$(BIN):$(PATH)

demo: install ## Draw, import and audit a demo catalogue, then serve it on http://127.0.0.1:8000
	@python manage.py migrate --verbosity 0
	@python manage.py demo --address http://127.0.0.1:$(PORT)
	@exec python -m catalog_audit.serving --port $(PORT)

run: install ## Serve the program without demo data
	@python manage.py migrate --verbosity 0
	@python manage.py first_admin
	@echo "Catalog Audit is served on http://127.0.0.1:$(PORT); Ctrl-C stops it."
	@exec python -m catalog_audit.serving --port $(PORT)

test: install-dev chromium ## Test on SQLite and the embedded broker, then what matters on PostgreSQL
	pytest --numprocesses $(WORKERS) --dist loadfile
	python tests/on_postgresql.py --numprocesses $(WORKERS) --dist loadfile $(DATABASE_TESTS)

lint: install-dev ## Check style, types and the direction of imports
	ruff check .
	ruff format --check .
	mypy
	lint-imports

format: install-dev ## Put the source into the one format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

messages: install ## Bring the interface's new sentences into the translation catalogues
	python -m tests.translation.messages

screenshots: install-dev chromium ## Photograph the pages of a running `make demo`
	@umask 077; awk '$$1 == "demo-admin" {print $$2}' $(DATA)/demo_users.txt > $(DATA)/.password
	python tests/e2e/screenshots.py --address http://127.0.0.1:$(PORT) --user demo-admin --password-file $(DATA)/.password; \
		status=$$?; rm -f $(DATA)/.password; exit $$status

install: $(VENV)/.installed $(TRANSLATIONS)

install-dev: $(VENV)/.installed-dev $(TRANSLATIONS)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Catalog Audit needs Python 3.11 or newer; $(PYTHON) is not. Name another: make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
		{ echo "$(PYTHON) cannot make virtual environments; install its venv package (Debian: python3-venv)."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --retries 5 -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --retries 5 -r requirements-dev.txt
	@touch $@ $(VENV)/.installed

%.mo: %.po | $(VENV)/.installed
	@$(BIN)/pybabel --quiet compile --domain django --directory locale

chromium:
	@sh tests/install_chromium.sh

clean: ## Remove caches and the virtual environment; what lies in var/ stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache $(TRANSLATIONS)
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
