# Each target does its own set-up: a virtual environment in .venv, versions pinned by constraints.txt (torch's CPU build).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TASK ?= digits
ARGS ?=

.PHONY: fit test lint docs shots kernels benchmarks hostile kills tuning stumble clean

$(VENV)/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check torch==2.13.0 -c constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]' -c constraints.txt
	touch $@

fit: $(VENV)/ready        ## train a real network on real data: make fit, make fit TASK=FILE.py:NAME ARGS="--steps 500"
	$(BIN)/surefoot fit $(TASK) $(ARGS)

test: $(VENV)/ready       ## what CI runs: style, types, tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

lint: $(VENV)/ready       ## put style right
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/ready       ## the site, in site/: a page for every rule, schedule, penalty and check, and the guides
	$(BIN)/mkdocs build --quiet --strict

shots: $(VENV)/ready      ## the pictures of the page in docs/pictures (it needs Chromium and trains for two minutes)
	$(BIN)/python docs/writer/page_shots.py

kernels: $(VENV)/ready    ## write the committed kernels and formulas anew after a rule has changed
	$(BIN)/python -m surefoot.backends.emit
	$(BIN)/python -m surefoot.backends.symbolic

benchmarks: $(VENV)/ready ## the tables that the README quotes (about ten minutes on a quiet machine)
	$(BIN)/python benchmarks/start.py
	$(BIN)/python benchmarks/threads.py
	$(BIN)/python benchmarks/steps.py --json benchmarks/results_steps.json
	$(BIN)/python benchmarks/steps.py --whole --json benchmarks/results_whole.json
	$(BIN)/python benchmarks/cost_of_statistics.py --json benchmarks/results_statistics.json
	$(BIN)/python benchmarks/digits.py --json benchmarks/results_digits.json

kills: $(VENV)/ready       ## kills runs at a hundred random moments and lets them go on (half an hour)
	SUREFOOT_DEATHS=100 SUREFOOT_SEED=$$(date +%s) $(BIN)/python -m pytest tests/fitting/test_deaths.py

hostile: $(VENV)/ready    ## many more examples of hostile input than the tests try (about half an hour)
	SUREFOOT_HOSTILE=3000 $(BIN)/python -m pytest tests/hostile

tuning: $(VENV)/ready     ## fit against tuned grids and untuned peers (hours; what is done already is skipped)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -r benchmarks/tuning/requirements.txt
	$(BIN)/python -m benchmarks.tuning --workers 2
	$(BIN)/python -m benchmarks.tuning.report

stumble: $(VENV)/ready    ## the doctor on planted faults and as many healthy runs (an hour; what is done already is skipped)
	$(BIN)/python -m benchmarks.stumble

clean:
	rm -rf $(VENV) runs site
