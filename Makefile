# Two commands matter: `make demo` and `make test`. Both set up all they need and can be repeated.
SHELL := /bin/bash
STATE ?= $(CURDIR)/.demo
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help demo test test-others setup setup-dev model check requirements stubs clean
.DEFAULT_GOAL := help

help: ## What can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: ## Set up, start the stack, solve the tasks in examples/, verify the log
	@$(MAKE) --no-print-directory -j 3 setup model
	@.venv/bin/python examples/demo.py --state "$(STATE)"

# The embedded model takes both cores, so its tests go first and alone; the rest two files at a time, in the order of
# their names: by the number of their tests, the stacks of tests/e2e would come last and be waited for. Tests wait a
# good part of their time, so the checks run beside them.
PYTEST = .venv/bin/python -m pytest -q --durations=10
# Else all files are imported to find these few.
MODEL_TESTS = $(shell grep -rl 'pytest.mark.model' tests --include='test_*.py')

test: ## Set up what tests need, check the code, run all tests (PYTEST_ARGS: only those)
	@$(MAKE) --no-print-directory -j 3 setup-dev model
	@if [ -n "$(PYTEST_ARGS)" ]; then $(MAKE) --no-print-directory check && $(PYTEST) $(PYTEST_ARGS); else \
	  $(PYTEST) -m model $(MODEL_TESTS) && $(MAKE) --no-print-directory -j 2 check test-others; fi

test-others: setup-dev
	@$(PYTEST) -n 2 --dist loadfile --no-loadscope-reorder -m "not model" tests

check: setup-dev ## Ruff, mypy, import contracts, protos: everything but the tests
	@echo "ruff" && .venv/bin/ruff check --quiet . && .venv/bin/ruff format --quiet --check .
	@echo "mypy" && .venv/bin/mypy
	@echo "import contracts" && .venv/bin/lint-imports --no-logo 2>/dev/null || .venv/bin/lint-imports
	@echo "protos: lint, and stubs without difference" && (cd protos && ../.venv/bin/buf lint)
	@protos/generate.sh --check

setup: part-services part-sandbox ## The services' environment and the sandbox's

setup-dev: setup part-programs part-manifests part-tests

# Parts wait for the network and unpack with one processor: `make -j 3 setup` does several at once.
PARTS = system services sandbox programs manifests tests
.PHONY: $(PARTS:%=part-%)
part-services part-sandbox part-programs part-manifests: part-system
part-tests: part-services
$(PARTS:%=part-%):
	@deploy/setup.sh $(@:part-%=%)

model: part-services ## Fetch the embedded model (1.1 GB, once) and check its digest
	@.venv/bin/python -m placet.llm.models

stubs: setup-dev ## Regenerate the committed gRPC stubs
	@protos/generate.sh

# Extras stay named: of `coverage==1` and a need for `coverage[toml]`, pip takes the newest for the second and fails on its hash.
requirements: ## Pin the requirements again, with hashes (needs uv)
	@cd requirements && for f in build services worker local sandbox late bandit dev deploy; do \
	  uv pip compile -q --generate-hashes --no-annotate --no-strip-extras --no-emit-index-url --no-emit-find-links \
	    --universal --python-version 3.11 --custom-compile-command "make requirements" $$f.in -o $$f.txt; done

clean: ## Remove environments and the demo's state
	@rm -rf .venv .venv-sandbox .venv-deploy .demo
