"""Loading TensorFlow takes seconds a process: only what trains or predicts with Keras does it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import polars as pl
import pytest
from helpers import CALLS, NEWSGROUPS, ROOT, links, to_make

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
SETTINGS = {"num_words": 3000, "fit": "train"}
VECTORS = {"method": "cbow", "dimensions": 5, "window": 2, "negative": 2, "epochs": 1}
SVM = {"pipeline": [{"TfidfVectorizer": {}}, {"LinearSVC": {}}]}
FEATURES = {"steps": [{"TfidfVectorizer": {}}, {"NaiveBayesWeights": {}}]}


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


def steps(archive: Path, vectors: Path, notebook: Path) -> dict[str, list]:
    """Return the arguments of each script that trains no network, in the order of the workflow."""
    as_json, words = json.dumps, "words/vocabulary.parquet"
    read = ["--words", "vectors/words.parquet", "--vectors", "vectors/vectors.npy"]
    read += ["--source", vectors]
    documents = ["--corpus", "corpus.json", "--documents", "documents.parquet"]
    encoded = ["--vocabulary", words, "--sequences", "words/sequences.parquet"]
    tables = ["corpus/classes", "corpus/corpus", "corpus/coverage", "runs/runs"]
    return {
        "read": ["--archive", archive, "--settings", as_json(NEWSGROUPS), *documents],
        "encode": [*documents[2:], "--settings", as_json(SETTINGS), "--output", "words"],
        "read_vectors": ["--file", vectors, "--output", "vectors"],
        "embed": ["--vocabulary", words, *read, "--output", "glove"],
        "train_vectors": [
            *(*encoded, "--settings", as_json(VECTORS), "--seed", 1, "--output", "trained"),
        ],
        "encode_features": [
            *(*documents[2:], "--settings", as_json(FEATURES), "--seed", 1),
            *("--output", "features"),
        ],
        "train_pipeline": [
            *(*documents, "--settings", as_json(SVM), "--seed", 1, "--output", "runs/svm/seed-1"),
        ],
        "evaluate_corpus": [
            *(*documents, *encoded, "--encoding", "words/encoding.json", "--readers", "[]"),
            *("--title", "A"),
            *("--coverage", "glove/coverage.json", "--missing", "glove/missing.parquet"),
            *("--output", "tables/a/corpus"),
        ],
        "evaluate_embeddings": [
            *(*documents[2:], *encoded, "--matrix", "glove", "before", "glove/matrix.npy"),
            *("--analogies", ROOT / "reports/analogies.yaml", "--output", "tables/a/embeddings"),
        ],
        "evaluate_runs": [
            *(*documents[:2], "--titles", '{"svm": "An SVM"}', "--runs", "runs/svm/seed-1"),
            *("--circumstances", '{"corpus": "A", "split": "random", "header": "cut"}'),
            *(
                "--confidence",
                0.9,
                "--duplicates",
                "duplicates.parquet",
                "--output",
                "tables/a/runs",
            ),
        ],
        "evaluate_answers": [
            *(*documents[2:], "--runs", "runs/svm/seed-1", "--output", "tables/a/answers"),
        ],
        "evaluate_lecture": [
            *("--lecture", ROOT / "reports/lecture.yaml", "--root", "tables"),
            *("--published", ROOT / "reports/published.yaml", "--vectors", "{}"),
            *("--receipts", "receipt.json"),
            *("--tables", *(f"tables/a/{name}.parquet" for name in tables)),
            *("--output", "tables/lecture-figures"),
        ],
        "lesson_one_hot": [*read, "--seed", 1, "--output", "tables/lesson-one_hot"],
        "render": [
            *("--pages", as_json([to_make(notebook, Path("page.html"))])),
            *("--links", as_json(links("page.html"))),
            *("--template", ROOT / "reports/template/index.html.j2"),
        ],
    }


@pytest.mark.workflow
def test_what_trains_no_network_never_asks_for_tensorflow(watched, tiny_archive, tiny_vectors):
    folder = ROOT / "scripts/seq2report/report"
    modules = [path.stem for path in folder.glob("*.py") if path.stem != "__init__"]
    cell = f"from seq2report.report import {', '.join(modules)}\nhtml.heading('A page', 1)"
    parameters = nbformat.v4.new_code_cell("", metadata={"tags": ["parameters"]})
    cells = [parameters, nbformat.v4.new_code_cell(cell)]
    notebook = watched.folder / "notebook.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), notebook)
    none = pl.DataFrame(schema={"id": pl.String, "exact": pl.Boolean})
    none.write_parquet(watched.folder / "duplicates.parquet")
    (watched.folder / "receipt.json").write_text('{"file": "a.tar"}')
    # In one process: pandas and scikit-learn are loaded once.
    scripts = steps(tiny_archive, tiny_vectors, notebook)
    scripts = {name: list(map(str, arguments)) for name, arguments in scripts.items()}
    assert watched("-c", CALLS, json.dumps(scripts)) == ""
    assert "A page" in (watched.folder / "page.html").read_text("utf-8")
