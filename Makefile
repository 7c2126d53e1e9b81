# Two commands do all the set-up: `make run` opens the app, `make test` runs every test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MODEL ?= starter

.PHONY: run test check install install-test screenshots clean

run: install
	$(BIN)/verso models pull $(MODEL)
	$(BIN)/verso models tune $(MODEL)
	$(BIN)/verso serve

# Two processes for what needs neither the page nor a real model: those want the machine.
test: install-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile -m "not browser and not model"
	$(BIN)/python -m pytest -m "browser or model"

install: $(VENV)/installed
install-test: $(VENV)/installed-test

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Verso needs Python 3.11 or newer.")'
	$(PYTHON) -m venv $(VENV)

# A stamp file stands for what pyproject.toml asks for, so a second run installs nothing.
$(VENV)/installed: pyproject.toml tools/build_llama.py translator/engines/gguf_cpu.py | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[page]'
	$(BIN)/python tools/build_llama.py
	touch $@

$(VENV)/installed-test: $(VENV)/installed tools/install_test_packages.sh
	tools/install_test_packages.sh
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[page,train,dev]'
	touch $@

screenshots: install-test
	$(BIN)/python tools/screenshots.py

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
