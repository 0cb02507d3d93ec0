# `make` lists the targets. Python 3.11+ and make are all that has to be there.
.DEFAULT_GOAL := help
.NOTPARALLEL:
SHELL := /bin/sh
BIN := .venv/bin
T ?= tests
# One more than the two cores of CI: tests wait for servers and networks for a third of their time.
WORKERS ?= 3
# For every platform we name, by hash, and from wherever the reader's pip gets its packages.
LOCK = $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate $(if $(UPGRADE),--upgrade)

# Another environment's modules are not to be mixed with ours.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV

.PHONY: help
help: ## List the targets
	@echo "Usage: make TARGET"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' Makefile

.PHONY: run
run: .venv/run ## Set up, start PostgreSQL, Redis and the service, until Ctrl-C (PORT, HOST, SPOOLED_DATA_DIR, ...)
	@exec $(BIN)/python -m localstack --with-parent

.PHONY: cloud
cloud: .venv/dev ## Set up and run the deployed stack on this machine: Lambda functions behind a gateway (as run)
	@exec $(BIN)/python -m localstack.cloud --with-parent

.PHONY: test
test: check ## Everything CI does: lint, types, contracts, tests (T=tests/unit: some of the tests)
	$(BIN)/python -m tests.support.suite -n $(WORKERS) --verbosity=0 $(T)

EFFORT ?= 100
.PHONY: model
model: .venv/dev ## Play thousands of histories against a model of the job life cycle (EFFORT=100: times 40)
	SPOOLED_EFFORT=$(EFFORT) $(BIN)/python -m pytest -s tests/model

.PHONY: check
check: lint types contracts ## Lint, types and contracts, without the tests

.PHONY: lint
lint: .venv/dev ## Style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: types
types: .venv/dev ## Static types
	$(BIN)/mypy

.PHONY: contracts
contracts: .venv/dev ## Which package may import which
	$(BIN)/lint-imports --no-logo

.PHONY: format
format: .venv/dev ## Put everything into the format that lint wants
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

.PHONY: docs
docs: .venv/dev ## Write docs/api.md and the costs in docs/deploy.md again, after a route, price or stack changed
	$(BIN)/python -m localstack.reference
	$(BIN)/python -m infra.costs

.PHONY: fuzz
fuzz: .venv/dev ## Look for input that breaks the parsers, guided by their branches (MINUTES=4, ONLY=cron,url)
	$(BIN)/python -m tests.fuzz

.PHONY: fuzz-full
fuzz-full: .venv/dev ## Hostile requests, calls and sockets at full length: half an hour or more (EFFORT=20)
	SPOOLED_EFFORT=$(or $(EFFORT),20) $(BIN)/python -m pytest -s --verbosity=0 tests/hostile tests/e2e/test_schema_fuzz.py \
		tests/http/test_fuzz.py tests/property/test_cron_hostile.py

.PHONY: bench
bench: .venv/dev ## Measure, and write docs/performance.md: less than 15 minutes (ONLY=P1,P2: these alone)
	$(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY))

.PHONY: bench-full
bench-full: .venv/dev ## The same at full length, which takes an hour or two
	$(BIN)/python -m benchmarks --full $(if $(ONLY),--only $(ONLY))

.PHONY: chaos
chaos: .venv/dev ## Kill and cut everything under a load, and check what was acknowledged (MINUTES=5, SEED=n)
	@exec $(BIN)/python -m tests.chaos --minutes $(or $(MINUTES),5) $(if $(SEED),--seed $(SEED))

.PHONY: bench-migrations
bench-migrations: .venv/dev ## Measure what the migrations since the previous release hold up, on a million jobs (JOBS=...)
	$(BIN)/python -m benchmarks.migrations $(if $(JOBS),--jobs $(JOBS))

.PHONY: previous
previous: .venv/dev ## After a release: keep the code of COMMIT, which upgrades are tested from
	$(BIN)/python -m tests.support.previous --keep $(COMMIT)

.PHONY: previous-tests
previous-tests: .venv/dev ## Run the previous release's own tests on the schema of now (T=tests/http: some of them)
	$(BIN)/python -m tests.support.previous $(filter-out tests,$(T))

.PHONY: proto
proto: .venv/dev ## Write the Python of shared/wire/proto/spooled.proto again, after it changed
	$(BIN)/python -m grpc_tools.protoc --proto_path=shared/wire/proto \
		--python_out=shared/wire/proto --pyi_out=shared/wire/proto spooled.proto

.PHONY: package
package: .venv/dev ## Build the archives of the Lambda functions into dist/, and weigh them
	$(BIN)/python -m infra.package

.PHONY: deploy
deploy: .venv/dev ## Package, and bring STACK=prod or STACK=local up with the Pulumi engine on the PATH
	@exec $(BIN)/python -m infra.deploy $(STACK)

.PHONY: lock
lock: .venv/dev ## Lock the dependencies of pyproject.toml again (UPGRADE=1: with their newest versions)
	$(LOCK) --extra command --group local --output-file requirements/run.txt
	$(LOCK) --constraint requirements/run.txt --output-file requirements/function.txt
	$(LOCK) --group streams --constraint requirements/run.txt --output-file requirements/streams.txt
	$(LOCK) --extra command --group local --group cloud --group dev --constraint requirements/run.txt --output-file requirements/dev.txt

	$(subst compile pyproject.toml,compile,$(LOCK)) --group audit --output-file requirements/audit.txt

.PHONY: dependencies
dependencies: .venv/dev ## Write docs/dependencies.md again, after a lock changed (asks the package index)
	$(BIN)/python -m infra.supply.page

.PHONY: sbom
sbom: .venv/dev ## Write what is shipped as lists of parts (SBOM, CycloneDX) into dist/
	$(BIN)/python -m infra.supply.sbom

.PHONY: audit
audit: .venv/dev ## Ask for known vulnerabilities of all locked packages (says so where nobody can be asked)
	@$(BIN)/uv venv --quiet --clear .venv/audit
	@$(BIN)/uv pip install --quiet --python .venv/audit/bin/python --require-hashes -r requirements/audit.txt
	$(BIN)/python -m infra.supply.audit .venv/audit/bin/pip-audit

.PHONY: clean
clean: ## Remove the environment and all caches; your data in .data stays
	rm -rf .venv dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/%: requirements/%.txt localstack/environment.sh
	@localstack/environment.sh $*
