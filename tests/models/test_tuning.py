from functools import partial

import keras
import numpy as np
import pytest
from networks import DENSE, MULTIHOT, SEQUENCE, of, variant

from seq2report.models import batches, build, tuning
from seq2report.models import fit as fitting
from seq2report.models.runs import log_loss
from seq2report.models.variant import Input

GIVEN = SEQUENCE | {"dimensions": 5}
TRUTH = np.array([0] * 12 + [1] * 5 + [2])
RNG = np.random.default_rng(1)
DOCUMENTS = of(RNG.integers(1, 30, (18, 6)).tolist())
XLA = [{"SimpleRNN": {"units": 2}}]


def read(documents, given=GIVEN):
    return batches.inputs_of(documents, Input(**given), 30)


def compiled(layers=DENSE, given=GIVEN, **fit):
    chosen = variant(given, layers, **fit)
    keras.utils.set_random_seed(1)
    model = build.build_model(chosen, 30, 3)
    build.compile_model(model, chosen.fit, len(DOCUMENTS))
    return model, chosen.fit


def trained(layers=DENSE, given=GIVEN, **fit):
    model, settings = compiled(layers, given, **fit)
    whole = (DOCUMENTS, TRUTH)
    return model, fitting.fit(model, whole, whole, partial(read, given=given), settings, 1)


def test_the_names_of_layers_that_an_optimizer_leaves_out_are_no_numbers():
    chosen = variant(optimizer={"Muon": {"exclude_layers": ["embedding"], "name": "own"}})
    assert tuning.optimizer_of(chosen.fit, 10).exclude_layers == ["embedding"]


def rates(steps, documents, **fit):
    chosen = variant(optimizer={"Adam": {"learning_rate": 0.5}}, batch_size=10, epochs=5, **fit)
    optimizer = tuning.optimizer_of(chosen.fit, documents)
    found = []
    for step in steps:
        optimizer.iterations.assign(step)
        found.append(float(optimizer.learning_rate))
    return found


def test_the_learning_rate_rises_to_that_of_the_optimizer_and_falls_to_0():
    # 4 batches of 10 in each of 5 epochs; 3 documents of each epoch are left out.
    found = rates([0, 1, 4, 5, 12, 19, 20], 43, warmup=0.2)
    assert found == pytest.approx([0, 0.125, 0.5, 0.5 * 15 / 16, 0.25, 0.5 / 16, 0])


def test_a_warm_up_of_no_batch_only_decays():
    assert rates([0, 10, 20], 43, warmup=0) == pytest.approx([0.5, 0.25, 0])
    assert rates([0, 4, 5], 3, warmup=0.1) == pytest.approx([0.5, 0.1, 0])  # 5 batches of 3


def test_without_warm_up_the_learning_rate_is_constant():
    assert rates([0, 10, 20], 43) == [0.5] * 3


def test_a_training_ends_where_the_learning_rate_is_0():
    model, fitted = trained(batch_size=4, epochs=2, warmup=0.5)
    assert len(fitted.history) == 2
    assert int(model.optimizer.iterations) == 2 * (18 // 4)
    assert float(model.optimizer.learning_rate) == 0


def test_a_second_fit_of_fewer_epochs_has_the_learning_rate_of_the_first():
    model, settings = compiled(batch_size=9, epochs=4, warmup=0.5)  # rises in 2 of 4 epochs
    fitting.refit(model, (DOCUMENTS, TRUTH), read, settings, 1, 2)
    assert int(model.optimizer.iterations) == 4
    assert float(model.optimizer.learning_rate) == pytest.approx(0.001)  # of RMSprop


def test_smoothed_labels_share_a_part_of_the_target():
    loss = tuning.loss_of(variant(label_smoothing=0.3).fit, 3)
    probability = np.array([[0.7, 0.2, 0.1], [0.5, 0.25, 0.25]], dtype="float32")
    target = np.array([[0.8, 0.1, 0.1], [0.1, 0.1, 0.8]])  # 1 - 0.3 + 0.3 / 3 and 0.3 / 3
    expected = -(target * np.log(probability)).sum(axis=1)
    np.testing.assert_allclose(loss(np.array([0, 2]), probability), expected, rtol=1e-6)


@pytest.mark.parametrize(
    "layers", [DENSE, pytest.param(XLA, marks=pytest.mark.workflow)], ids=["dense", "XLA"]
)
def test_only_the_loss_of_training_is_smoothed(layers):
    settings = {"batch_size": 18, "epochs": 1, "warmup": 0.1, "label_smoothing": 0.3}
    p = batches.probabilities(compiled(layers)[0], DOCUMENTS, read)
    _, fitted = trained(layers, **settings, class_weight="balanced")
    counts = 18 / (3 * np.bincount(TRUTH))[TRUTH]
    smoothed = -((0.7 * np.eye(3)[TRUTH] + 0.1) * np.log(p)).sum(axis=1)
    (row,) = fitted.history
    assert row["loss"] == pytest.approx((counts * smoothed).mean(), rel=1e-4)
    assert row["accuracy"] == pytest.approx((p.argmax(axis=1) == TRUTH).mean())
    assert row["val_loss"] == pytest.approx(log_loss(TRUTH, fitted.probability))


@pytest.mark.parametrize("clipping", ["clipnorm", "global_clipnorm"])
def test_clipping_limits_the_norm_of_a_gradient(clipping):
    steps = {}
    before = compiled(DENSE[1:], MULTIHOT)[0].get_weights()
    for limit in ({}, {clipping: 0.01}):
        sgd = {"SGD": {"learning_rate": 1.0} | limit}
        model, _ = trained(DENSE[1:], MULTIHOT, optimizer=sgd, batch_size=18, epochs=1)
        changes = [new - old for new, old in zip(model.get_weights(), before, strict=True)]
        norms = [np.linalg.norm(change) for change in changes]
        steps[bool(limit)] = np.linalg.norm(norms) if "global" in clipping else max(norms)
    assert steps[False] > 0.02
    assert steps[True] == pytest.approx(0.01, rel=1e-3)
