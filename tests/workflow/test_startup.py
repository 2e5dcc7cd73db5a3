"""Loading TensorFlow takes seconds a process: only what trains or predicts with Keras does it."""

import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import nbformat
import numpy as np
import polars as pl
import pytest
import yaml
from helpers import CALLS, NEWSGROUPS, ROOT, links, to_make
from pretrained import DATA

from seq2report.models.pretrained import read_checkpoint
from seq2report.models.variant import KINDS

# Every Python process below writes down who asks for Keras or TensorFlow, and is refused.
WATCH = """
import os, sys
from pathlib import Path

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name in ("keras", "tensorflow"):
            with Path(os.environ["ASKED"]).open("a") as file:
                file.write(f"{sys.argv[0]}: {name}\\n")
            raise ModuleNotFoundError(f"{name} is kept out", name=name)

sys.meta_path.insert(0, Watch())
"""
HELP = """
import importlib, sys
for name in sys.argv[1:]:
    try:
        importlib.import_module(name).main(["--help"])
    except SystemExit as end:
        assert end.code == 0
    loaded = {"tensorflow", "keras", "sklearn", "gensim", "scipy.stats"} & set(sys.modules)
    assert not loaded, f"{name} --help loads {loaded}"
"""
# One script per line, in the order of the workflow; `values` has what stands in braces.
STEPS = """
fetch --source {source} --output tiny.tar.gz --receipt receipt.json
read --archive tiny.tar.gz --settings {news} {corpus} {documents}
check_sizes {corpus} --sizes '["all"]' --output sizes.json
encode {documents} --settings {words} --output words
encode_pieces {documents} --encoder encoder/encoder.json --output pieces
read_vectors --file {vectors} --output vectors
embed --vocabulary words/vocabulary.parquet {of_vectors} --output glove
train_vectors {encoded} --settings {cbow} --seed 1 --output trained
encode_features {documents} --settings {features} --seed 1 --output features
train_pipeline {corpus} {documents} --settings {svm} --seed 1 --output runs/svm/seed-1
choose --runs runs/svm/seed-1 --by val_accuracy --seed 1 --output runs/chosen/seed-1
train_ensemble --runs {runs} --method vote --seed 1 --output runs/both/seed-1
read_predictions {corpus} {documents} --table own.csv --settings {own} --seed 1 \
 --output runs/own/seed-1
evaluate_duplicates {documents} --duplicates duplicates.parquet --output tables/a/duplicates
evaluate_corpus {corpus} {documents} {encoded} --encoding words/encoding.json --readers [] \
 --title A --coverage glove/coverage.json --missing glove/missing.parquet --output tables/a/corpus
evaluate_embeddings {documents} {encoded} --matrix glove before glove/matrix.npy \
 --analogies {root}/reports/analogies.yaml --output tables/a/embeddings
evaluate_documents {documents} --features sentences/documents.parquet {runs} \
 --output tables/a/documents
evaluate_labels {documents} --runs {runs} --output tables/a/labels
evaluate_runs {corpus} {documents} --titles {titles} --runs {runs} --circumstances {circumstances} \
 --confidence 0.9 --duplicates duplicates.parquet --output tables/a/runs
evaluate_sizes {corpus} {documents} --sizes sizes.json --titles {titles} --runs {runs} \
 --metric accuracy --output tables/a/sizes
evaluate_answers {documents} --runs {runs} --output tables/a/answers
evaluate_published {corpus} --published {root}/reports/published.yaml \
 --variants tables/a/runs/variants.parquet --output tables/a/published
evaluate_lecture --lecture {root}/reports/lecture.yaml --published {root}/reports/published.yaml \
 --root tables --vectors {{}} --receipts receipt.json --output tables/lecture-figures \
 --tables tables/a/corpus/classes.parquet tables/a/corpus/corpus.parquet \
 tables/a/corpus/coverage.parquet tables/a/runs/runs.parquet
lesson_one_hot {of_vectors} --seed 1 --output tables/lesson-one_hot
render --pages {pages} --links {links} --template {root}/reports/template/index.html.j2
render_summary --page page.html --output summary.html
evaluate_workflow --snakefile Snakefile --config config.json --benchmarks benchmarks \
 --corpora {folder}/corpus.json --receipts receipt.json --citations {root}/reports/citations.yaml \
 --output tables/made
"""
NETWORKS = {  # the scripts that train, build or use one, whatever their arguments are
    *("check", "read_encoder", "encode_sentences", "train_network", "lesson_cbow"),
    *("lesson_inside_lstm", "lesson_number_sequence", "lesson_several_features"),
    *("lesson_shapes", "lesson_vanishing_gradient"),
}
SNAKEMAKE = 'print("rule read:\\n    benchmark: benchmarks/read/a.tsv")'  # its dry run
CONFIG = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """A function: run Python on arguments in a folder, and return who asked for Keras in it."""
    folder = tmp_path_factory.mktemp("watched")
    (folder / "site").mkdir()
    (folder / "site/sitecustomize.py").write_text(WATCH)
    path = os.pathsep.join(map(str, (folder / "site", ROOT / "scripts")))
    environment = os.environ | {"PYTHONPATH": path, "ASKED": str(folder / "asked")}

    def execute(*arguments: object) -> str:
        (folder / "asked").write_text("")
        command = [sys.executable, *map(str, arguments)]
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stderr
        return (folder / "asked").read_text()

    execute.folder = folder
    return execute


def test_what_keeps_tensorflow_out_sees_who_asks_for_it(watched):
    ask = "try:\n    import tensorflow.nn\nexcept ModuleNotFoundError:\n    pass"
    assert watched("-c", ask) == "-c: tensorflow\n"


def test_no_script_loads_what_it_learns_with_to_explain_its_options(watched):
    scripts = sorted(path.stem for path in (ROOT / "scripts").glob("*.py"))
    assert {"train_network", "train_pipeline", "lesson_shapes", "render"} <= set(scripts)
    assert watched("-c", HELP, *scripts) == ""


def values(folder: Path, archive: Path, vectors: Path) -> dict[str, object]:
    """Return what stands in braces in `STEPS`: arguments, JSON or text for one, a list for more."""
    cbow = {"method": "cbow", "dimensions": 5, "window": 2, "negative": 2, "epochs": 1}
    page = to_make(folder / "notebook.ipynb", Path("page.html"))
    return {
        "root": str(ROOT),
        "folder": str(folder),
        "source": {"file": "tiny.tar.gz", "from": [{"url": archive.as_uri()}]},
        "news": NEWSGROUPS,
        "corpus": ["--corpus", "corpus.json"],
        "documents": ["--documents", "documents.parquet"],
        "words": {"num_words": 3000, "fit": "train"},
        "encoded": [
            *("--vocabulary", "words/vocabulary.parquet"),
            *("--sequences", "words/sequences.parquet"),
        ],
        "vectors": str(vectors),
        "of_vectors": [
            *("--words", "vectors/words.parquet", "--vectors", "vectors/vectors.npy"),
            *("--source", str(vectors)),
        ],
        "cbow": cbow,
        "features": {"steps": [{"TfidfVectorizer": {}}, {"NaiveBayesWeights": {}}]},
        "svm": {"pipeline": [{"TfidfVectorizer": {}}, {"LinearSVC": {}}]},
        "own": {"predictions": {"source": "own"}},
        "runs": ["runs/svm/seed-1", "runs/chosen/seed-1"],
        "titles": {"svm": "An SVM", "chosen": "The chosen one"},
        "circumstances": {"corpus": "A", "split": "random", "header": "cut"},
        "pages": f"[{json.dumps(page)}]",
        "links": json.dumps(links("page.html")),
    }


def steps(texts: dict[str, object]) -> dict[str, list[str]]:
    """Return the arguments of each script that trains no network, in the order of the workflow."""

    def written(value: object) -> str:
        value = json.dumps(value) if isinstance(value, dict) else value
        return shlex.quote(value) if isinstance(value, str) else shlex.join(value)

    text = {name: written(value) for name, value in texts.items()}
    commands = [shlex.split(line.format_map(text)) for line in STEPS.strip().splitlines()]
    return {script: arguments for script, *arguments in commands}


def scripts_of_rules() -> set[str]:
    """Return the scripts that the rules and the plan run."""
    rules = "".join(path.read_text() for path in sorted((ROOT / "workflow/rules").glob("*.smk")))
    named = re.findall(r'script_files\("(\w+)"|SCRIPTS / "(\w+)\.py"', rules)
    lessons = {path.stem for path in (ROOT / "scripts").glob("lesson_*.py")}
    return {*map("".join, named), *(kind.script for kind in KINDS.values()), *lessons}


def prepare(folder: Path, documents: pl.DataFrame) -> None:
    """Write what the steps read that none of them writes."""
    modules = [path.stem for path in (ROOT / "scripts/seq2report/report").glob("[!_]*.py")]
    cell = f"from seq2report.report import {', '.join(modules)}\nhtml.heading('A page', 1)"
    parameters = nbformat.v4.new_code_cell("", metadata={"tags": ["parameters"]})
    cells = [parameters, nbformat.v4.new_code_cell(cell)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "notebook.ipynb")
    for name in ("encoder", "sentences", "benchmarks/read"):
        (folder / name).mkdir(parents=True)
    checkpoint = read_checkpoint(DATA / "bert_plain")
    checkpoint.tokenizer.save(str(folder / "encoder/tokenizer.json"))
    about = {"architecture": asdict(checkpoint.architecture), "length": 16, "pooling": "mean"}
    (folder / "encoder/encoder.json").write_text(json.dumps(about))
    documents.select("id", "split", "label").write_parquet(folder / "sentences/documents.parquet")
    random = np.random.default_rng(1).normal(size=(documents.height, 4))
    np.save(folder / "sentences/vectors.npy", random.astype("float32"))
    answered = documents.filter(pl.col("split").is_in(["test", "validation"]))
    answered.select("id", "label").write_csv(folder / "own.csv")
    (folder / "snakemake.py").write_text(SNAKEMAKE)
    (folder / "benchmarks/read/a.tsv").write_text("s\tmax_rss\tcpu_time\n1.5\t100\t1\n")
    compare = CONFIG["compare"] | {"corpora": [folder.name]}
    config = CONFIG | {"compare": compare, "corpora": {folder.name: NEWSGROUPS}}
    (folder / "config.json").write_text(json.dumps(config))


@pytest.mark.workflow
def test_what_trains_no_network_never_asks_for_tensorflow(
    watched, tiny, tiny_archive, tiny_vectors
):
    prepare(watched.folder, pl.read_parquet(tiny / "documents.parquet"))
    scripts = steps(values(watched.folder, tiny_archive, tiny_vectors))
    assert sorted([*scripts, *NETWORKS]) == sorted(scripts_of_rules())
    # In one process: pandas and scikit-learn are loaded once.
    assert watched("-c", CALLS, json.dumps(scripts)) == ""
    assert "A page" in (watched.folder / "summary.html").read_text("utf-8")
