"""The same commit, configuration and seed give the same figures, whatever the machine does."""

import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from helpers import CALLS, NEWSGROUPS, ROOT, WORDS, call, outputs_of_read, write_tar

import encode
import read
import train_network
import train_pipeline
from seq2report.answers.predictor import load

pytestmark = pytest.mark.reliability("Repeatability")
CORES = sorted(os.sched_getaffinity(0))
# Large enough for TensorFlow and the libraries below NumPy to share it among threads if they may.
NETWORK = {
    "input": WORDS | {"length": 100, "dimensions": 64},
    "layers": [
        {"LSTM": {"units": 64, "return_sequences": True, "recurrent_dropout": 0.2}},
        {"Conv1D": {"filters": 256, "kernel_size": 5, "activation": "relu"}},
        {"GlobalMaxPooling1D": {}},
        {"Dropout": {"rate": 0.3}},
    ],
    "fit": {"optimizer": "adam", "batch_size": 24, "epochs": 2},
}
TFIDF = {"TfidfVectorizer": {"ngram_range": [1, 2]}}
SVD = {"TruncatedSVD": {"n_components": 20}}
SVM = {"pipeline": [TFIDF, SVD, {"LinearSVC": {}}]}
SGD = {"SGDClassifier": {"loss": "log_loss"}}
CBOW = {"method": "cbow", "dimensions": 50, "window": 5, "negative": 5, "epochs": 2}


def asked(tiny: Path) -> dict[str, list]:
    """Return the options, without the output, of each script that computes figures."""
    documents = ["--documents", tiny / "documents.parquet"]
    about = ["--corpus", tiny / "corpus.json", "--seed", 1]
    sequences = tiny / "words/sequences.parquet"
    return {
        "train_network": [*about, "--documents", sequences, "--settings", json.dumps(NETWORK)],
        "train_pipeline": [*about, *documents, "--settings", json.dumps(SVM)],
        "encode_features": [
            *(*documents, "--seed", 1, "--settings", json.dumps({"steps": [TFIDF, SVD]})),
        ],
        "train_vectors": [
            *("--vocabulary", tiny / "words/vocabulary.parquet", "--sequences", sequences),
            *("--seed", 1, "--settings", json.dumps(CBOW)),
        ],
        "encode": [*documents, "--settings", json.dumps({"num_words": 3000, "fit": "train"})],
    }


def start(scripts: dict[str, list], output: Path, cores: list[int]) -> subprocess.Popen:
    """Start a process that calls scripts one after another; each writes a folder of its name."""
    calls = {
        name: [*map(str, arguments), "--output", str(output / name)]
        for name, arguments in scripts.items()
    }
    return subprocess.Popen(
        [sys.executable, "-c", CALLS, json.dumps(calls)],
        env=os.environ | {"PYTHONPATH": str(ROOT / "scripts")},
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def assert_same(found: Path, expected: Path) -> None:
    """Check that what was made is the same but for seconds, peaks and times inside of zips."""
    assert {path.name for path in found.iterdir()} == {path.name for path in expected.iterdir()}
    for path in found.iterdir():
        pair = path, expected / path.name
        if path.suffix == ".parquet":
            assert pl.read_parquet(pair[0]).equals(pl.read_parquet(pair[1])), path.name
        elif path.name == "metrics.json":
            first, second = (json.loads(each.read_text()) for each in pair)
            varies = [key for key in first if "seconds" in key or "peak" in key]
            assert [first.pop(key) for key in varies]
            assert first == {key: value for key, value in second.items() if key not in varies}
        elif path.name == "history.csv":
            assert pl.read_csv(pair[0]).drop("seconds").equals(pl.read_csv(pair[1]).drop("seconds"))
        elif path.suffix in (".npz", ".npy"):
            first, second = (np.load(each) for each in pair)
            for name in first.files if path.suffix == ".npz" else [...]:
                np.testing.assert_array_equal(first[name], second[name])


@pytest.mark.workflow
@pytest.mark.parametrize("kind", ["a network", "all other figures"])
def test_the_same_run_gives_the_same_again_beside_another_job_and_on_one_core(tiny, tmp_path, kind):
    scripts = asked(tiny)
    network = {"train_network": scripts.pop("train_network")}
    chosen = network if kind == "a network" else scripts
    cores = {"beside": CORES, "one": CORES[:1]}
    runs = [start(chosen, tmp_path / name, of_run) for name, of_run in cores.items()]
    for run in runs:
        _, said = run.communicate(timeout=1200)
        assert run.returncode == 0, said
    for name in chosen:
        assert_same(tmp_path / "one" / name, tmp_path / "beside" / name)
    if kind == "a network":
        assert_predicts_the_same(tmp_path / "one/train_network", tiny)


def assert_predicts_the_same(run: Path, tiny: Path) -> None:
    """Check that the stored model predicts as the one did that XLA compiled for the training."""
    texts = pl.read_parquet(tiny / "documents.parquet").filter(split="test")["text"].to_list()
    expected = pl.read_parquet(run / "predictions.parquet")[:, 3:].to_numpy()
    np.testing.assert_allclose(load(run).predict(texts), expected, rtol=0, atol=1e-5)


def test_the_order_of_an_archive_changes_nothing_down_to_predictions(tiny, messages, tmp_path):
    names = sorted(messages, reverse=True)
    archive = write_tar(tmp_path / "other.tar.gz", {name: messages[name] for name in names})
    assert names != list(messages)
    other = tmp_path / "other"
    call(read, archive=archive, settings=NEWSGROUPS, **outputs_of_read(other))
    words = {"num_words": 3000, "fit": "train"}
    call(encode, documents=other / "documents.parquet", settings=words, output=other / "words")
    learned = {"input": WORDS, "layers": [{"Flatten": {}}, {"Dropout": {"rate": 0.2}}]}
    learned["fit"] = NETWORK["fit"]
    for folder, output in ((tiny, tmp_path / "one"), (other, tmp_path / "two")):
        about = {"corpus": folder / "corpus.json", "seed": 1}
        documents, sequences = folder / "documents.parquet", folder / "words/sequences.parquet"
        for script, given, settings in (
            (train_network, sequences, learned),
            (train_pipeline, documents, {"pipeline": [TFIDF, SGD]}),
        ):
            run = output / script.__name__
            call(script, documents=given, settings=settings, output=run, **about)
    for file in ("predictions.parquet", "validation.parquet"):
        for run in ("train_pipeline", "train_network"):
            first, second = (
                pl.read_parquet(tmp_path / each / run / file) for each in ("one", "two")
            )
            assert first.equals(second)


def test_the_versions_that_would_change_a_figure_are_reported_with_it(trained):
    def told(run):
        return json.loads((trained / f"runs/{run}/seed-1/metrics.json").read_text())["versions"]

    installed = {
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "sklearn": version("scikit-learn"),
        "keras": version("keras"),
        # Of which there is a build for the CPU alone, under another name.
        "tensorflow": sys.modules["tensorflow"].__version__,
    }
    network, linear = told("lstm"), told("svm")
    assert network == {name: installed[name] for name in network}
    assert linear == {name: installed[name] for name in linear}
    assert {"python", "numpy", "keras", "tensorflow"} <= network.keys()
    assert {"python", "numpy", "sklearn"} <= linear.keys()
