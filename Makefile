# make report: a report from a fresh clone; make test: the tests. Both set up .venv first.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: report test test-slow lint format lock clean
report: $(READY)
	$(BIN)/snakemake --cores all
	@echo "The report is results/sample/report/index.html"

test: $(READY)
	$(BIN)/python -m pytest

# With SEQ2REPORT_MIRROR=FOLDER: reads the real archives.
test-slow: $(READY)
	$(BIN)/python -m pytest -m slow

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow

# The lock holds uv too: it installs itself, then everything, each file checked against its hash.
# The certificates are those of the system, as proxies of companies and campuses need it.
$(READY): requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: Python 3.11 or newer is needed, $(PYTHON) is " + sys.version.split()[0] + "; try: make $(MAKECMDGOALS) PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet "$$(grep -o '^uv==[^ ]*' requirements.lock)"
	$(BIN)/uv pip sync --quiet --system-certs --require-hashes --compile-bytecode --python $(BIN)/python requirements.lock
	touch $(READY)

lock: pyproject.toml $(READY)
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
	  --python-version 3.11 --group dev pyproject.toml --output-file requirements.lock

clean:
	rm -rf .venv
