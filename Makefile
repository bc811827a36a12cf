# make setup   .venv with everything, .venv/bin/crmdesk     make package       a .deb in dist/
# make demo    the demo company, calls ring by themselves   make package-test  unpack it and play the demo
# make test    all tests                                    make bench         every benchmark, short form
# make lint    style, types, direction of imports           make screenshots   every screen into out/screens
# make faults  the fault tests (short)                      make faults-long   the same for longer

PYTHON_VENV := .venv/bin/python
PATHS := crmdesk tests benchmarks
WORKERS ?= 2

# Compiling all tests anew takes each worker 14 seconds of CPU.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint format bench faults faults-long package package-test screenshots lock clean

help:
	@sed -n '1,/^$$/s/^# //p' Makefile

setup:
	@scripts/setup.sh

demo: setup
	@scripts/demo.sh

# In the order of the folders, whose last files are short: no worker is left alone with a long one.
test: setup
	QT_QPA_PLATFORM=$${QT_QPA_PLATFORM:-offscreen} \
		$(PYTHON_VENV) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

lint: setup
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy $(PATHS)
	.venv/bin/lint-imports --no-logo

format: setup
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

bench: setup
	@scripts/bench.sh

faults: setup
	$(PYTHON_VENV) -m pytest tests/faults --timeout 600
	$(PYTHON_VENV) -m tests.faults.sync_run --seconds 60

faults-long: setup
	$(PYTHON_VENV) benchmarks/store.py --saves 50 --kills 100
	for seed in 1 2 3 4 5 6 7 8 9 10; do $(PYTHON_VENV) -m tests.faults.sync_run --seconds 120 --seed $$seed || exit 1; done

package: setup
	packaging/build_deb.sh

package-test: setup
	packaging/test_deb.sh

screenshots: setup
	rm -rf out/screens
	QT_QPA_PLATFORM=offscreen .venv/bin/crmdesk demo --headless out/screens

lock: setup
	scripts/lock.sh

clean:
	rm -rf build dist out .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find crmdesk tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
