import json
import math

import keras
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

from seq2report.core.command import write_json
from seq2report.models.runs import (
    HISTORY_COLUMNS,
    class_scores,
    environment,
    log_loss,
    scores,
    with_features,
    write_run,
)

CLASSES = ["a", "b", "c"]
TRUTH = np.array([0, 0, 1, 1])  # no document of class c
TEST = pl.DataFrame({"id": ["1", "2", "3", "4"], "label": ["a", "a", "b", "b"]})
P = np.array([[0.5, 0.3, 0.2], [0.2, 0.6, 0.2], [0.1, 0.8, 0.1], [0.1, 0.2, 0.7]])


def test_scores_by_hand():
    found = scores(TRUTH, np.array([0, 1, 1, 2]), P)
    assert found["accuracy"] == 2 / 4
    # F1 of a: precision 1, recall 1/2; of b: 1/2 and 1/2; no document is of c
    assert found["macro_f1"] == pytest.approx((2 / 3 + 1 / 2) / 2)
    expected = -(math.log(0.5) + math.log(0.2) + math.log(0.8) + math.log(0.2)) / 4
    assert found["loss"] == pytest.approx(expected)


PAIRS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1)


@given(PAIRS, st.integers(0, 2**32 - 1))
def test_scores_are_those_of_scikit_learn(pairs, seed):
    truth, predicted = np.array(pairs).T
    p = np.random.default_rng(seed).dirichlet(np.full(3, 0.02), size=len(pairs))
    found = scores(truth, predicted, p)
    present = np.unique(truth)
    *expected, support = sklearn.metrics.precision_recall_fscore_support(
        truth, predicted, labels=present, zero_division=0
    )
    table = pd.DataFrame(class_scores(truth, predicted, 3))
    np.testing.assert_array_equal(table.loc[present, ["precision", "recall", "f1"]].T, expected)
    np.testing.assert_array_equal(table.loc[present, "documents"], support)
    assert table.drop(index=present).isna().sum(axis=1).eq(3).all()
    expected = sklearn.metrics.f1_score(
        truth, predicted, labels=present, average="macro", zero_division=0
    )
    assert found["macro_f1"] == pytest.approx(expected)
    expected = sklearn.metrics.recall_score(
        truth, predicted, labels=present, average="macro", zero_division=0
    )
    assert found["balanced_accuracy"] == pytest.approx(expected)
    assert found["accuracy"] == sklearn.metrics.accuracy_score(truth, predicted)
    loss = sklearn.metrics.log_loss(truth, p / p.sum(axis=1, keepdims=True), labels=range(3))
    assert found["loss"] == pytest.approx(loss)


def test_a_class_that_no_document_is_given_counts_with_an_f1_of_zero():
    found = scores(TRUTH, np.zeros(4, int), P)
    assert found["macro_f1"] == pytest.approx((2 / 3) / 2)


@pytest.mark.reliability("Bad corpora")
def test_a_class_without_documents_leaves_a_perfect_model_perfect():
    assert scores(TRUTH, TRUTH, P)["macro_f1"] == 1


def test_a_certain_mistake_has_a_finite_loss():
    found = scores(TRUTH, np.ones(4, int), np.tile([0.0, 1.0, 0.0], (4, 1)))
    assert 10 < found["loss"] < 100


def test_float32_rows_that_nearly_sum_to_one_are_taken_without_a_warning(recwarn):
    p = np.random.default_rng(1).dirichlet(np.ones(3), size=4).astype("float32") * np.float32(
        1.00001
    )
    scores(TRUTH, np.zeros(4, int), p)
    assert not recwarn.list


def test_the_environment_says_what_a_figure_hangs_on():
    found = environment()
    assert set(found) == {"cpu_seconds", "peak_memory_mb", "versions", "machine", "seq2report"}
    assert found["cpu_seconds"] > 0
    assert found["versions"]["numpy"] == np.__version__
    assert {"python", "sklearn"} <= set(found["versions"])  # which this file has loaded
    assert 10 < found["peak_memory_mb"] < 100_000


def test_a_run_folder_holds_history_predictions_and_metrics(tmp_path):
    epoch = dict(zip(HISTORY_COLUMNS, [1, 0.5, 0.6, 0.7, 0.8, 0.8, 0.8, 9.0, True], strict=True))
    facts = {"seed": 3, "kind": "network"}
    metrics = write_run(tmp_path, (TEST, P), None, CLASSES, [epoch], facts)
    assert json.loads((tmp_path / "metrics.json").read_text()) == metrics
    assert (metrics["seed"], metrics["accuracy"], metrics["test_documents"]) == (3, 0.5, 4)
    assert pd.read_csv(tmp_path / "history.csv").to_dict("records") == [epoch]
    predictions = pd.read_parquet(tmp_path / "predictions.parquet")
    assert predictions.columns.tolist() == ["id", "label", "predicted", "p_a", "p_b", "p_c"]
    assert predictions["predicted"].tolist() == ["a", "b", "b", "c"]
    np.testing.assert_allclose(predictions.filter(like="p_"), P, rtol=1e-6)


def test_validation_documents_are_told_like_the_test_documents(tmp_path):
    validation = (TEST[1:3].with_columns(id=pl.Series(["8", "9"])), P[1:3])
    metrics = write_run(tmp_path, (TEST, P), validation, CLASSES, [], {})
    assert (metrics["accuracy"], metrics["val_accuracy"]) == (2 / 4, 1 / 2)
    assert metrics["val_loss"] == pytest.approx(-(math.log(0.2) + math.log(0.8)) / 2)
    assert metrics["test_documents"] == 4
    test, watched = (
        pd.read_parquet(tmp_path / f"{name}.parquet") for name in ("predictions", "validation")
    )
    assert watched.columns.tolist() == test.columns.tolist()
    assert watched["id"].tolist() == ["8", "9"]
    pd.testing.assert_frame_equal(
        watched.drop(columns="id"), test[1:3].drop(columns="id").reset_index(drop=True)
    )


def test_without_validation_documents_there_is_no_file_and_no_figure(tmp_path):
    metrics = write_run(tmp_path, (TEST, P), None, CLASSES, [], {})
    assert metrics["val_accuracy"] is metrics["val_loss"] is None
    assert not (tmp_path / "validation.parquet").exists()


def test_labels_may_be_categories_in_an_order_of_their_own(tmp_path):
    turned = pl.Enum(["b", "c", "a"])
    metrics = write_run(tmp_path, (TEST.cast({"label": turned}), P), None, CLASSES, [], {})
    assert metrics["accuracy"] == 2 / 4
    labels = pd.read_parquet(tmp_path / "predictions.parquet")["label"]
    assert labels.tolist() == TEST["label"].to_list()


def test_a_model_without_epochs_has_a_history_with_columns_and_no_rows(tmp_path):
    write_run(tmp_path, (TEST, P), None, CLASSES, [], {})
    history = pd.read_csv(tmp_path / "history.csv")
    assert (len(history), history.columns.tolist()) == (0, HISTORY_COLUMNS)


def test_log_loss_is_that_of_keras():
    p = np.array([[0.2, 0.8], [1.0, 1e-6], [0.5, 0.5]], dtype="float32")
    truth = np.array([1, 1, 0])
    expected = keras.losses.SparseCategoricalCrossentropy()(truth, p)
    assert log_loss(truth, p) == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize(("about", "parameters"), [({"parameters": 40}, (45, 42)), ({}, (5, 2))])
def test_a_run_on_features_includes_their_time_and_encoder(about, parameters, tmp_path):
    each = {"seconds": 0.5, "cpu_seconds": 0.25}
    fit = {"seconds": 3.0, "cpu_seconds": 2.0}
    write_json(tmp_path / "cost.json", {"fit": fit, "document": each})
    write_json(tmp_path / "features.json", about)
    facts = {"fitted_documents": 10, "parameters": 5, "frozen_parameters": 2}
    facts |= dict.fromkeys(["fit_seconds", "fit_cpu_seconds"], 1.0)
    facts |= dict.fromkeys(["predict_seconds", "predict_cpu_seconds"], 1.0)
    found = with_features(facts, tmp_path, 4)
    assert (found["parameters"], found["frozen_parameters"]) == parameters
    assert (found["fit_seconds"], found["fit_cpu_seconds"]) == (9.0, 5.5)
    assert (found["features_seconds"], found["features_cpu_seconds"]) == (8.0, 4.5)
    assert (found["predict_seconds"], found["predict_cpu_seconds"]) == (3.0, 2.0)
