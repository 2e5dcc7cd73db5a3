"""Runs of three documents' classes whose answers are known, and their tables."""

import json

import numpy as np
import polars as pl

import evaluate_runs
from seq2report.models.runs import HISTORY_COLUMNS, write_run

CLASSES = ["a", "b", "c"]  # no test document is of class c
LABELS = ["a"] * 6 + ["b"] * 4
GIVEN = {  # variant, seed: the class that each document is given
    ("svm", 1): "aaaaabbbbb",  # 9 right
    ("svm", 2): "aaaaaabbbb",  # 10 right
    ("lstm", 1): "aaabbbbbbb",  # 7 right
    ("lstm", 2): "aaaaaaaaaa",  # 6 right
    ("lecture", 1): "aaaaaabbbb",  # 10 right, seen to be
    ("lecture", 2): "aaaaaabbbb",
}
KINDS = {"svm": "pipeline", "lstm": "network", "lecture": "network"}
TITLES = {"svm": "An SVM", "lstm": "An LSTM", "lecture": "As on the slides"}
CIRCUMSTANCES = {"corpus": "Tiny", "split": "random 80/20, seed 7", "header": "cut"}
IDS = [str(n) for n in range(10)]


def write(folder, variant, seed, given, ids=IDS):
    """Write a run whose answers are sure by 0.8, and by 0.95 of document 0."""
    run = folder / variant / f"seed-{seed}"
    run.mkdir(parents=True)
    numbers = [int(n) for n in ids]
    sure = np.where(np.array(numbers) == 0, 0.95, 0.8)
    is_given = np.array([[c == given[n] for c in CLASSES] for n in numbers])
    probability = np.where(is_given, sure[:, None], (1 - sure[:, None]) / 2)
    epochs = range(1, 3) if KINDS[variant] == "network" else []
    history = [dict.fromkeys(HISTORY_COLUMNS, 0.5 * seed) | {"epoch": n} for n in epochs]
    facts = {
        "kind": KINDS[variant],
        "seed": seed,
        "fitted_documents": 20,
        "parameters": 30,
        "frozen_parameters": 10,
        "document_shape": "9 × 5",
        "fit_seconds": 2.0 * seed,
        "fit_cpu_seconds": 4.0 * seed * (10 if variant == "lstm" else 1),
        "predict_seconds": 0.5,  # beside other jobs
        "predict_cpu_seconds": (0.01 if variant == "lstm" else 0.04) * seed,
        "device": "CPU",
    }
    if variant == "lstm":  # a linear model says nothing of these
        facts |= {"computed_by": "GPU, XLA", "cudnn_lost": "GRU (unroll: true)"}
    if variant == "lecture":  # a linear model says nothing of a protocol
        facts["protocol"] = "lecture"
    test = pl.DataFrame({"id": ids, "label": [LABELS[n] for n in numbers]})
    write_run(run, (test, probability), (test, probability), CLASSES, history, facts)
    return str(run)


def evaluate(folder, runs, duplicates=("0", "9"), near=("3",), groups=None):
    documents = {"id": IDS} | ({"group": groups} if groups else {})
    pl.DataFrame(documents).write_parquet(folder / "documents.parquet")
    (folder / "corpus.json").write_text(json.dumps({"classes": CLASSES}))
    rows = [*((name, True) for name in duplicates), *((name, False) for name in near)]
    pl.DataFrame(rows, {"id": pl.String, "exact": pl.Boolean}, orient="row").write_parquet(
        folder / "d.parquet"
    )
    evaluate_runs.main(
        [
            *("--corpus", str(folder / "corpus.json")),
            *("--documents", str(folder / "documents.parquet")),
            *("--circumstances", json.dumps(CIRCUMSTANCES)),
            *("--titles", json.dumps(TITLES), "--duplicates", str(folder / "d.parquet")),
            *("--runs", *runs, "--confidence", "0.9", "--output", str(folder / "tables")),
        ]
    )
    return folder / "tables"
