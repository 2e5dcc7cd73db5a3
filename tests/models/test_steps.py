import math
import tracemalloc

import numpy as np
import pytest
import scipy.sparse
import scipy.special
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.svm import LinearSVC

from seq2report.models.steps import (
    NaiveBayesSVC,
    NaiveBayesWeights,
    TemperatureScaled,
    best_temperature,
    log_count_ratios,
)


def points(classes, n=200, seed=1):
    """Return points around a corner for each class, which overlap, and the classes' names."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(classes, size=n)
    return np.eye(classes)[truth] + rng.normal(size=(n, classes)), np.array(list("abcd"))[truth]


@pytest.mark.parametrize("classes", [2, 3])
def test_temperature_and_probabilities_are_those_of_scikit_learn(classes):
    x, y = points(classes)
    other_x, other_y = points(classes, seed=2)
    model = TemperatureScaled(LinearSVC(random_state=1)).fit(x, y)
    truth = np.searchsorted(model.classes_, other_y)
    model.temperature = best_temperature(model.decision_function(other_x), truth)
    frozen = FrozenEstimator(model.estimator_)
    expected = CalibratedClassifierCV(frozen, method="temperature", ensemble=False)
    expected.fit(other_x, other_y)
    beta = expected.calibrated_classifiers_[0].calibrators[0].beta_
    ours = 2 if classes == 2 else 1  # scikit-learn takes -d and d where we take 0 and d
    assert ours * model.temperature == pytest.approx(1 / beta, rel=1e-3)
    np.testing.assert_allclose(model.predict_proba(x), expected.predict_proba(x), atol=1e-3)
    assert model.score(x, y) == model.estimator_.score(x, y)


@given(st.integers(2, 4), st.floats(-3, 3), st.integers(0, 2**32 - 1))
def test_decisions_stay_whatever_the_temperature(classes, log_temperature, seed):
    x, y = points(classes, seed=seed)
    plain = LinearSVC(random_state=1).fit(x, y)
    model = TemperatureScaled(LinearSVC(random_state=1), 10**log_temperature).fit(x, y)
    p = model.predict_proba(x)
    np.testing.assert_array_equal(model.classes_[p.argmax(axis=1)], plain.predict(x))
    np.testing.assert_array_equal(model.predict(x), plain.predict(x))
    np.testing.assert_allclose(p.sum(axis=1), 1)
    if classes == 2:
        by_hand = scipy.special.expit(plain.decision_function(x) / model.temperature)
        np.testing.assert_allclose(p[:, 1], by_hand, atol=1e-12)


@given(st.integers(2, 4), st.integers(0, 2**32 - 1), st.floats(-2, 2))
def test_no_other_temperature_has_a_lower_loss_and_it_grows_with_the_decisions(
    classes, seed, log_scale
):
    rng = np.random.default_rng(seed)
    truth = rng.integers(classes, size=50)
    decision = np.eye(classes)[truth] + rng.normal(size=(50, classes))
    decision[0] = 1 - np.eye(classes)[truth[0]]  # one is wrong, so that there is a best one
    found = best_temperature(decision, truth)

    def loss(temperature):
        p = np.exp(decision / temperature)
        return -np.log(p[np.arange(50), truth] / p.sum(axis=1)).mean()

    assert all(loss(found) <= loss(found * factor) for factor in (0.5, 0.98, 1.02, 2.0))
    scale = 10**log_scale
    assert best_temperature(scale * decision, truth) == pytest.approx(scale * found, rel=1e-3)


@pytest.mark.parametrize("n", [1, 10, 1000])
def test_documents_that_are_all_right_do_not_make_it_certain(n):
    temperature = best_temperature(np.full(n, 3.0), np.ones(n, dtype=int))
    assert 1 / (1 + np.exp(-3 / temperature)) == pytest.approx((n + 1) / (n + 2))


def test_decision_values_that_tell_nothing_have_a_temperature_too():
    for truth in ([0, 1, 0, 1], [0, 0, 0, 0]):
        assert 0 < best_temperature(np.zeros(4), np.array(truth)) < np.inf


def test_a_copy_that_is_not_fitted_keeps_the_temperature():
    copy = clone(TemperatureScaled(LinearSVC(C=3), 0.25).fit(*points(2)))
    assert (copy.temperature, copy.estimator.C) == (0.25, 3)
    assert not hasattr(copy, "estimator_")


def test_log_count_ratios_by_hand():
    x = scipy.sparse.csr_array([[2.0, 0, 1], [1, 0, 0], [0, 4, 0]])
    p, q = np.array([4, 1, 2]) / 7, np.array([1, 5, 1]) / 7
    found = log_count_ratios(x, np.array([True, True, False]), 1.0)
    np.testing.assert_allclose(found, np.log(p / q))


def counts(classes, seed=1):
    """Return (60, 12) counts of words, some of which each class prefers, and class names."""
    rng = np.random.default_rng(seed)
    truth = np.arange(60) % classes
    rates = rng.gamma(0.7, size=(classes, 12))
    return rng.poisson(rates[truth]).astype(float), np.array(list("abcd"))[truth]


def by_hand(x, is_of, c, alpha, beta):
    """Return what an NB-SVM decides with, dense, as in the paper."""
    p, q = alpha + x[is_of].sum(axis=0), alpha + x[~is_of].sum(axis=0)
    r = np.log((p / p.sum()) / (q / q.sum()))
    svm = LinearSVC(C=c, random_state=1).fit(x * r, is_of)
    w = svm.coef_[0]
    return (x * r) @ ((1 - beta) * np.abs(w).mean() + beta * w) + svm.intercept_


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize(
    ("c", "alpha", "beta", "kind"),
    [(1, 1, 0.25, np.asarray), (0.1, 0.5, 1, scipy.sparse.csr_array), (1, 2, 0, np.asarray)],
)
def test_an_nb_svm_decides_like_the_dense_computation(classes, c, alpha, beta, kind):
    x, y = counts(classes)
    model = NaiveBayesSVC(c, alpha, beta, random_state=1).fit(kind(x), y)
    against_rest = model.classes_[1:] if classes == 2 else model.classes_
    expected = np.stack([by_hand(x, y == name, c, alpha, beta) for name in against_rest], axis=1)
    assert model.coef_.shape == (len(against_rest), 12)
    assert model.intercept_.shape == (len(against_rest),)
    decision = model.decision_function(kind(x))
    assert decision.shape == ((60,) if classes == 2 else (60, classes))
    np.testing.assert_allclose(decision.reshape(60, -1), expected, atol=1e-3)
    best = (expected[:, 0] > 0).astype(int) if classes == 2 else expected.argmax(axis=1)
    np.testing.assert_array_equal(model.predict(kind(x)), model.classes_[best])


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([[1, 0], [0, -1.0]], ["a", "b"], "one of them is negative"),
        ([[1, 0], [0, 1.0]], ["a", "a"], "needs two classes, but all are"),
    ],
)
def test_what_an_nb_svm_cannot_be_fitted_to_is_refused(x, y, message):
    with pytest.raises(ValueError, match=message):
        NaiveBayesSVC().fit(np.array(x), np.array(y))


@pytest.mark.parametrize("step", [NaiveBayesSVC, NaiveBayesWeights])
@pytest.mark.parametrize("alpha", [0, -0.5, math.inf, math.nan])
def test_naive_bayes_without_a_count_to_add_is_refused(step, alpha):
    x, y = counts(2)
    with pytest.raises(ValueError, match=f"{step.__name__}.alpha: found {alpha}, expected a num"):
        step(alpha=alpha).fit(x, y)


def test_weights_of_negative_features_are_refused():
    x, y = points(2)
    with pytest.raises(ValueError, match="NaiveBayesWeights counts features, but one of them is"):
        NaiveBayesWeights().fit(x, y)


def test_an_nb_svm_stays_sparse():
    rng = np.random.default_rng(1)
    x = scipy.sparse.random_array((300, 200_000), density=1e-4, format="csr", rng=rng)
    tracemalloc.start()
    model = NaiveBayesSVC(random_state=1).fit(x, np.arange(300) % 3)
    model.decision_function(x)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 300 * 200_000 * 8 / 10  # what x would be if it were dense, and a tenth of it
