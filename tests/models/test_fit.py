from functools import partial

import keras
import numpy as np
import polars as pl
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from networks import DENSE, SEQUENCE, of, variant
from sklearn.metrics import balanced_accuracy_score, f1_score
from sklearn.utils.class_weight import compute_class_weight

from seq2report.core.command import UserError
from seq2report.documents.features import Features
from seq2report.models import batches, build
from seq2report.models import fit as fitting
from seq2report.models.runs import METRICS, log_loss
from seq2report.models.variant import Input

READ = partial(batches.inputs_of, settings=Input(**SEQUENCE), num_words=0)


@pytest.fixture(scope="module")
def task():
    """Documents of random words; the class is whether word 1 stands in them."""
    rng = np.random.default_rng(1)
    x = rng.integers(2, 30, size=(60, 20)).astype("int32")
    x[::2, 5] = 1
    y = (x == 1).any(axis=1).astype(int)
    return (of(x[:40].tolist()), y[:40]), (of(x[40:].tolist()), y[40:])


def train(task, seed=1, metric="accuracy", **fit):
    keras.utils.set_random_seed(seed)
    chosen = variant(SEQUENCE | {"dimensions": 5}, **fit)
    model = build.build_model(chosen, 30, 2)
    build.compile_model(model, chosen.fit)
    return model, fitting.fit(model, *task, READ, chosen.fit, seed, metric=metric)


@pytest.fixture(scope="module")
def default(task):
    """What `train` returns for seed 1 and the default settings."""
    return train(task)


def test_the_weights_kept_are_those_of_the_epoch_with_the_best_validation_accuracy(task):
    model, fitted = train(task, epochs=30, patience=2, optimizer={"Adam": {"learning_rate": 0.1}})
    epochs = [(-row["val_accuracy"], row["val_loss"], row["epoch"]) for row in fitted.history]
    assert fitted.best_epoch == min(epochs)[2] == len(epochs) - 2 < 28
    assert [row["epoch"] for row in fitted.history if row["kept"]] == [fitted.best_epoch]
    _, (x, y) = task
    np.testing.assert_array_equal(fitted.probability, batches.probabilities(model, x, READ))
    kept = log_loss(y, fitted.probability)
    assert kept == pytest.approx(min(epochs)[1], rel=1e-5)


@pytest.mark.parametrize("metric", METRICS)
def test_the_best_epoch_is_that_of_the_metric(task, metric):
    few = np.flatnonzero(task[1][1] == 0)[:2]  # validation documents of a class that is rare
    rows = np.sort(np.concatenate([few, np.flatnonzero(task[1][1] == 1)]))
    watched = task[1][0].take(rows), task[1][1][rows]
    _, fitted = train((task[0], watched), metric=metric, epochs=6, patience=6)
    epochs = [(-row[f"val_{metric}"], row["val_loss"], row["epoch"]) for row in fitted.history]
    assert fitted.best_epoch == min(epochs)[2]
    y, predicted = watched[1], fitted.probability.argmax(axis=1)
    expected = {
        "accuracy": (y == predicted).mean(),
        "balanced_accuracy": balanced_accuracy_score(y, predicted),
        "macro_f1": f1_score(y, predicted, average="macro", zero_division=0),
    }
    assert -min(epochs)[0] == pytest.approx(expected[metric])


def test_without_patience_all_epochs_run_and_the_last_is_kept(task):
    _, fitted = train(task, epochs=4, optimizer={"Adam": {"learning_rate": 0.5}})
    assert len(fitted.history) == fitted.best_epoch == 4


@pytest.mark.reliability("Repeatability")
def test_the_same_seed_gives_the_same_figures_and_another_seed_others(task, default):
    first, again, other = default, *(train(task, seed) for seed in (1, 2))
    for a, b in zip(first[0].get_weights(), again[0].get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert first[1].history[-1]["loss"] != other[1].history[-1]["loss"]


def test_a_loss_that_is_no_number_ends_in_advice(task):
    with pytest.raises(UserError, match=r"epoch 1: try a lower learning rate"):
        train(task, optimizer={"SGD": {"learning_rate": 1e30}})


def test_fewer_documents_than_a_batch(task):
    _, fitted = train(task, batch_size=1000, epochs=1)
    assert len(fitted.history) == 1


def test_a_network_is_fitted_again_without_patience_for_all_epochs(task, default):
    (x, y), _ = task
    keras.utils.set_random_seed(1)
    chosen = variant(SEQUENCE | {"dimensions": 5})
    model = build.build_model(chosen, 30, 2)
    build.compile_model(model, chosen.fit)
    fitting.refit(model, (x, y), READ, chosen.fit, 1, 3)
    for found, expected in zip(model.get_weights(), default[0].get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)  # `fit` with 3 epochs, on the same documents


def test_a_loss_that_is_no_number_ends_the_second_fit_too(task):
    chosen = variant(SEQUENCE | {"dimensions": 5}, optimizer={"SGD": {"learning_rate": 1e30}})
    model = build.build_model(chosen, 30, 2)
    build.compile_model(model, chosen.fit)
    with pytest.raises(UserError, match=r"epoch 1: try a lower learning rate"):
        fitting.refit(model, task[0], READ, chosen.fit, 1, 3)


@given(st.lists(st.integers(0, 4), min_size=1))
def test_balanced_weights_are_those_of_scikit_learn(labels):
    truth = np.array(labels)
    present = np.unique(truth)
    expected = compute_class_weight("balanced", classes=present, y=truth)
    found = fitting.balanced(truth, 6)
    assert list(found) == list(range(6))
    np.testing.assert_allclose([found[each] for each in present], expected)
    assert all(found[each] == 1 for each in set(range(6)) - set(present.tolist()))


SPARSE = {"form": "features", "features": "ngrams"}


@pytest.mark.parametrize(
    ("given", "layers"),
    [(SEQUENCE | {"dimensions": 5}, DENSE), (SPARSE, [])],
    ids=["dense", "sparse"],  # test_tuning.py has a network that XLA compiles
)
def test_documents_of_a_rare_class_count_more_in_the_loss_where_classes_are_balanced(given, layers):
    truth = np.array([0] * 12 + [1] * 3 + [2])
    rng = np.random.default_rng(1)
    if given is SPARSE:
        read = partial(batches.inputs_of, settings=Input(**given), num_words=9)
        matrix = scipy.sparse.random_array((16, 9), density=0.5, rng=rng, dtype=np.float32)
        names = pl.Series(map(str, range(16)))
        documents = Features(names, names, names, matrix.tocsr())
    else:
        read, documents = READ, of(rng.integers(1, 9, (16, 4)).tolist())
    losses = {}
    for weight in ({}, {"class_weight": "balanced"}):
        chosen = variant(given, layers, epochs=1, batch_size=16, **weight)
        keras.utils.set_random_seed(1)
        model = build.build_model(chosen, 9, 3)
        build.compile_model(model, chosen.fit)
        p = batches.probabilities(model, documents, read)[np.arange(16), truth]
        together = (documents, truth)
        history = fitting.fit(model, together, together, read, chosen.fit, 1).history
        losses[bool(weight)] = (history[0]["loss"], -np.log(p))
    counts = 16 / (3 * np.bincount(truth))[truth]
    assert losses[False][0] == pytest.approx(losses[False][1].mean(), rel=1e-4)
    assert losses[True][0] == pytest.approx((counts * losses[True][1]).mean(), rel=1e-4)
    assert losses[True][0] != pytest.approx(losses[False][0], rel=1e-2)
