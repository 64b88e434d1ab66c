# `make demo` trains a small GAN and shows an image; `make check` tests what takes a minute;
# `make test` tests everything; `make lint` looks at style and types. CONTRIBUTING.md says more.
# Virtual environments are made with venv and pip, and pip's configuration is honored.
# Installations are editable: after a `git pull` the new code runs.

PYTHON ?= python3
DEMO := .venv-demo
DEV := .venv
BACKEND ?= jax
OLDEST := .venv-oldest-$(BACKEND)

.PHONY: demo check test test-faults coverage test-wheel readme test-oldest lint docs clean

demo: $(DEMO)/installed
	@$(DEMO)/bin/ganzoo train dcgan-digits --backend jax

check: $(DEV)/installed
	@$(DEV)/bin/python tests/run.py --check

coverage: $(DEV)/installed
	@$(DEV)/bin/python tests/run.py --coverage

test: $(DEV)/installed
	@$(DEV)/bin/python tests/run.py

# Kills, interrupts and damage, many times over: some hours; pieces: tests/faults.py --help
test-faults: $(DEV)/installed
	@$(DEV)/bin/python tests/faults.py

# The wheel in an environment of its own, with the dependencies that it names and no others
test-wheel: $(DEV)/installed
	rm -rf build/wheel
	$(DEV)/bin/python -m build --wheel --no-isolation --outdir build/wheel
	$(PYTHON) -m venv build/wheel/venv
	build/wheel/venv/bin/python -m pip install --quiet "$$(ls build/wheel/*.whl)[jax]"
	cd build/wheel && GANZOO_HOME=home venv/bin/ganzoo doctor
	cd build/wheel && GANZOO_HOME=home venv/bin/ganzoo sample dcgan-digits -n 4 --out digits.png

# The README from top to bottom in the environment of the wheel: some minutes
readme: test-wheel
	$(PYTHON) tests/readme.py build/wheel/venv/bin

# The oldest versions that pyproject.toml allows, with one backend
test-oldest:
	$(PYTHON) -m venv $(OLDEST)
	$(OLDEST)/bin/python -m pip install --quiet $$($(PYTHON) tests/oldest.py $(BACKEND)) pytest hypothesis
	$(OLDEST)/bin/python -m pip install --quiet --no-deps --editable .
	$(OLDEST)/bin/python tests/run.py --only $(BACKEND) tests/gan tests/layers tests/end_to_end

# The site in build/site, from README and docs/; every tutorial is executed as a notebook
docs: $(DEV)/installed
	$(DEV)/bin/python -m pip install --quiet --editable '.[docs]'
	$(DEV)/bin/jupytext --quiet --to ipynb --set-kernel python3 docs/tutorials/*.md
	$(DEV)/bin/sphinx-build --quiet --fail-on-warning --keep-going -c docs . build/site

lint: $(DEV)/installed
	$(DEV)/bin/ruff check .
	$(DEV)/bin/ruff format --check .
	$(DEV)/bin/basedpyright --pythonpath $(DEV)/bin/python

$(DEMO)/installed: pyproject.toml
	$(PYTHON) -m venv $(DEMO)
	$(DEMO)/bin/python -m pip install --quiet --editable '.[jax]'
	@touch $@

# torch first and pinned, so that a configured CPU build is taken and nothing replaces it
$(DEV)/installed: pyproject.toml
	$(PYTHON) -m venv $(DEV)
	$(DEV)/bin/python -m pip install --quiet torch==2.13.0
	$(DEV)/bin/python -m pip install --quiet jax==0.10.2 tensorflow-cpu==2.21.0 keras==3.15.1
	$(DEV)/bin/python -m pip install --quiet --editable '.[dev]'
	$(DEV)/bin/python -m pip install --quiet --no-deps torch-fidelity==0.4.0  # wants torchvision
	@touch $@

clean:
	rm -rf $(DEMO) $(DEV) .venv-oldest-* build dist
