# Every command sets up what it needs; a second call installs nothing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DUCKDB1 := duckdb>=1.5,<2
# In the order of tests/conftest.py, not by the number of tests in a file.
TESTS := --numprocesses auto --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help report load serve sql spark test test-duckdb1 test-dbt2 test-spark test-spark-all test-sequences test-contract test-kills test-load lint format bench docs timezones sample lock

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

report: $(VENV)/.ready ## Build and write output/store_report.csv
	@$(BIN)/python -m api report

load: $(VENV)/.ready ## Bring the lake up to date with the inputs, without a build
	@$(BIN)/python -m loader load

serve: $(VENV)/.ready ## Start the API on STORE_UPTIME_HOST:STORE_UPTIME_PORT
	@$(BIN)/python -m api serve

sql: $(VENV)/.ready ## Open a read-only DuckDB shell on the newest release
	@$(BIN)/python -m api sql

spark: $(VENV)/.ready $(VENV)-spark/.ready ## Build on Apache Spark, publish that and write the report; needs Java 17
	@$(BIN)/python -m loader load
	@$(VENV)-spark/bin/dbt build --target spark
	@$(BIN)/python -m api publish

test: $(VENV)/.ready ## Run all tests, dbt's among them
	$(BIN)/pytest $(TESTS)

test-duckdb1: $(VENV)-duckdb1/.ready ## Run all tests with DuckDB 1.5, in an environment of its own
	$(VENV)-duckdb1/bin/pytest $(TESTS)

test-dbt2: $(VENV)-dbt2/.ready ## Build by dbt 2, in an environment of its own, and compare every mart
	$(BIN)/pytest tests/dbt2

test-spark: $(VENV)/.ready $(VENV)-spark/.ready ## Build the sample on Spark, too, and compare every mart
	$(BIN)/pytest tests/spark/test_meaning.py tests/spark/test_marts.py

test-spark-all: $(VENV)/.ready $(VENV)-spark/.ready ## Do so with generated inputs, on a cluster that fails, and with odd folders
	$(BIN)/pytest tests/spark

test-sequences: $(VENV)/.ready ## Change inputs, load and build at random, 20 times, and compare with fresh builds
	STORE_UPTIME_TEST_SEEDS=0-19 STORE_UPTIME_TEST_STEPS=7 $(BIN)/pytest tests/pipeline/test_incremental.py tests/loader/test_load.py

test-contract: $(VENV)/.ready ## Send 10,000 requests and hold the answers against the API's schema
	STORE_UPTIME_CONTRACT_EXAMPLES=280 $(BIN)/pytest tests/api/test_contract.py

test-kills: $(VENV)/.ready ## Kill the service or its build 100 times and see that nothing is lost
	STORE_UPTIME_KILLS=100 $(BIN)/pytest tests/api/test_kills.py

test-load: $(VENV)/.ready ## Hold answers beside builds against those of an idle service
	STORE_UPTIME_LOAD_BUILDS=5 $(BIN)/pytest -s tests/api/test_load.py

lint: $(VENV)/.ready ## Check the style of Python and SQL
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/sqlfluff lint --processes 2 models tests/sql

format: $(VENV)/.ready ## Put the style right where that is mechanical
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/sqlfluff fix --processes 2 models tests/sql

bench: $(VENV)/.ready ## Measure speed and memory, beside plain SQL and BASE=commit; writes benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks.run $(if $(BASE),--base $(BASE))

docs: $(VENV)/.ready ## Write target/static_index.html, the models' documentation
	$(BIN)/dbt docs generate --static

timezones: $(VENV)/.ready ## Renew the zone rules in seeds/ from the pinned package tzdata
	$(BIN)/python tests/generate/timezone_offsets.py

sample: $(VENV)/.ready ## Renew the sample inputs in seeds/
	$(BIN)/python tests/generate/sample.py

lock: ## Renew requirements.lock and spark/requirements.lock (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --group dev pyproject.toml \
		--generate-hashes --no-header --no-annotate --upgrade --output-file requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 spark/pyproject.toml \
		--generate-hashes --no-header --no-annotate --upgrade --output-file spark/requirements.lock

$(VENV)-dbt2/.ready: $(VENV)/.ready tests/dbt2/requirements.lock tests/dbt2/set_up.py
	@echo "Setting up $(VENV)-dbt2 …"
	@$(PYTHON) -m venv $(VENV)-dbt2
	@$(VENV)-dbt2/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
		-r tests/dbt2/requirements.lock
	@$(BIN)/python tests/dbt2/set_up.py $(VENV)-dbt2
	@touch $@

$(VENV)-spark/.ready: spark/requirements.lock spark/set_up.py
	@echo "Setting up $(VENV)-spark …"
	@$(PYTHON) -m venv $(VENV)-spark
	@$(VENV)-spark/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
		-r spark/requirements.lock
	@$(PYTHON) spark/set_up.py $(VENV)-spark
	@touch $@

# The lock is complete, so pip resolves nothing.
%/.ready: requirements.lock
	@echo "Setting up $* …"
	@$(PYTHON) -m venv $*
	@$*/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(if $(findstring duckdb1,$*),$*/bin/pip install --quiet --disable-pip-version-check --no-deps '$(DUCKDB1)')
	@touch $@
