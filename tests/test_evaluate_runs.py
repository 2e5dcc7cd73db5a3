import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.metrics import precision_recall_fscore_support

import evaluate_runs
from seq2report.runs import HISTORY_COLUMNS, write_run

CLASSES = ["a", "b", "c"]  # no test document is of class c
LABELS = ["a"] * 6 + ["b"] * 4
GIVEN = {  # variant, seed: the class that each document is given
    ("svm", 1): "aaaaabbbbb",  # 9 right
    ("svm", 2): "aaaaaabbbb",  # 10 right
    ("lstm", 1): "aaabbbbbbb",  # 7 right
    ("lstm", 2): "aaaaaaaaaa",  # 6 right
}
TITLES = {"svm": "An SVM", "lstm": "An LSTM"}


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """The folder of tables made of four runs: a linear model and a network, two seeds each."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "corpus.json").write_text(json.dumps({"classes": CLASSES}))
    test = pl.DataFrame({"id": [str(n) for n in range(10)], "label": LABELS})
    runs = []
    for (variant, seed), given in reversed(GIVEN.items()):
        run = folder / variant / f"seed-{seed}"
        run.mkdir(parents=True)
        probability = np.array([[0.8 if c == g else 0.1 for c in CLASSES] for g in given])
        epochs = range(1, 3) if variant == "lstm" else []
        history = [dict.fromkeys(HISTORY_COLUMNS, 0.5 * seed) | {"epoch": n} for n in epochs]
        facts = {
            "kind": "network" if variant == "lstm" else "linear",
            "seed": seed,
            "fitted_documents": 20,
            "parameters": 30,
            "document_shape": "9 × 5",
            "fit_seconds": 2.0 * seed,
            "fit_cpu_seconds": 4.0 * seed,
            "device": "CPU",
        }
        write_run(run, (test, probability), (test, probability), CLASSES, history, facts)
        runs.append(str(run))
    evaluate_runs.main(
        [
            *("--corpus", str(folder / "corpus.json"), "--titles", json.dumps(TITLES)),
            *("--runs", *runs, "--output", str(folder / "tables")),
        ]
    )
    return folder / "tables"


def test_the_epochs_of_a_run_are_told_at_the_tenth_at_best_and_at_last():
    accuracy = [0.3] * 9 + [0.5, 0.8, 0.7]
    seconds = [30.0] + [2.0] * 11
    history = pd.DataFrame({"epoch": range(1, 13), "val_accuracy": accuracy, "seconds": seconds})
    told = evaluate_runs.curve(history)
    assert list(told.values()) == [0.5, 0.8, 0.7, 2.0]
    assert np.isnan(evaluate_runs.curve(history[:9])["val_accuracy_at_10"])
    assert np.isnan(list(evaluate_runs.curve(history[:0]).values())).all()


def read(tables, name):
    return pd.read_parquet(tables / f"{name}.parquet")


def test_csv_and_parquet_hold_the_same(tables):
    names = {"runs", "variants", "history", "confusion", "per_class"}
    assert {path.name for path in tables.iterdir()} == {
        f"{name}.{ending}" for name in names for ending in ("csv", "parquet")
    }
    for name in names:
        found = pd.read_csv(tables / f"{name}.csv")
        pd.testing.assert_frame_equal(found, read(tables, name), check_dtype=False)


def test_a_row_a_run(tables):
    runs = read(tables, "runs").set_index(["variant", "seed"])
    assert runs["accuracy"].to_dict() == {
        ("svm", 1): 0.9,
        ("svm", 2): 1.0,
        ("lstm", 1): 0.7,
        ("lstm", 2): 0.6,
    }
    assert runs.loc["lstm", "title"].eq("An LSTM").all()
    assert runs["numpy_version"].eq(np.__version__).all()


def test_a_row_a_variant_with_means_over_seeds_best_first(tables):
    svm, lstm = read(tables, "variants").to_dict("records")
    assert (svm["variant"], svm["title"], svm["kind"]) == ("svm", "An SVM", "linear")
    assert (lstm["variant"], lstm["kind"], lstm["runs"]) == ("lstm", "network", 2)
    assert svm["accuracy"] == pytest.approx(0.95)
    assert svm["accuracy_sd"] == pytest.approx(0.05 * 2**0.5)  # n - 1 = 1 in the denominator
    assert svm["fit_seconds"] == pytest.approx(3.0)
    assert svm["fit_cpu_seconds"] == pytest.approx(6.0)
    assert (svm["test_documents"], svm["parameters"], svm["fitted_documents"]) == (10, 30, 20)


def test_the_members_of_an_ensemble_are_one_cell_each_way(tmp_path):
    test = pl.DataFrame({"id": ["1", "2"], "label": ["a", "b"]})
    run = tmp_path / "both/seed-1"
    run.mkdir(parents=True)
    facts = {"seed": 1, "members": ["svm", "lstm"], "weights": [1.5, 0.25]}
    write_run(run, test, np.eye(3)[:2], CLASSES, [], facts)
    row = evaluate_runs.read_run(run, {"both": "Both"})["runs"].iloc[0]
    assert (row["members"], row["weights"]) == ("svm, lstm", "1.5, 0.25")


def summary_of(accuracies, documents):
    seeds = len(accuracies)
    same = ["macro_f1", "loss", "fit_seconds", "fit_cpu_seconds", "peak_memory_mb"]
    same += ["parameters", "document_shape", "fitted_documents"]
    rows = pd.DataFrame({"accuracy": accuracies, "test_documents": [documents] * seeds})
    rows = rows.assign(
        variant="v", title="V", kind="linear", device="CPU", **dict.fromkeys(same, 1)
    )
    return evaluate_runs.summarise(rows).iloc[0]


def test_the_interval_is_that_of_wilson():
    row = summary_of([0.8, 1.0], 10)  # 9 of 10 right, z = 1.95996
    z2 = 1.959964**2
    centre, half = (0.9 + z2 / 20) / (1 + z2 / 10), (0.9 * 0.1 / 10 + z2 / 400) ** 0.5
    half *= z2**0.5 / (1 + z2 / 10)
    assert (row["low"], row["high"]) == pytest.approx((centre - half, centre + half), rel=1e-5)
    assert (row["low"], row["high"]) == pytest.approx((0.5958, 0.9821), abs=1e-4)


def test_one_seed_has_no_deviation_and_all_right_has_an_interval():
    row = summary_of([1.0], 20)
    assert np.isnan(row["accuracy_sd"])
    assert row["high"] == 1
    assert 0.8 < row["low"] < 0.9


def test_confusion_counts_every_pair_of_classes_over_all_seeds(tables):
    confusion = read(tables, "confusion")
    assert len(confusion) == 2 * len(CLASSES) ** 2
    counts = confusion.set_index(["variant", "label", "predicted"])["documents"]
    assert counts.groupby("variant").sum().to_dict() == {"svm": 20, "lstm": 20}
    assert counts["svm"].to_dict() == {
        **{("a", "a"): 11, ("a", "b"): 1, ("a", "c"): 0},
        **{("b", "a"): 0, ("b", "b"): 8, ("b", "c"): 0},
        **{("c", "a"): 0, ("c", "b"): 0, ("c", "c"): 0},
    }


def test_figures_of_each_class_are_those_of_scikit_learn_over_all_seeds(tables):
    table = read(tables, "per_class").set_index("variant")
    for variant in TITLES:
        given = [g for (name, _), run in GIVEN.items() if name == variant for g in run]
        expected = precision_recall_fscore_support(
            LABELS * 2, given, labels=CLASSES, zero_division=0
        )
        rows = table.loc[variant]
        assert rows["label"].tolist() == CLASSES
        for name, values in zip(("precision", "recall", "f1"), expected, strict=False):
            np.testing.assert_allclose(rows[name], values)
        assert rows["documents"].tolist() == [6, 4, 0]


def test_only_models_with_epochs_have_a_history(tables):
    history = read(tables, "history")
    assert history["variant"].unique().tolist() == ["lstm"]
    assert sorted(zip(history["seed"], history["epoch"], strict=True)) == [
        (1, 1),
        (1, 2),
        (2, 1),
        (2, 2),
    ]
    assert history["loss"].tolist() == (history["seed"] * 0.5).tolist()
