"""Our statistics compared with statsmodels and scikit-learn, which have code of their own."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import norm
from sklearn.calibration import calibration_curve
from sklearn.metrics import f1_score, jaccard_score
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import DescrStatsW, ttest_ind

from seq2report.answers import metrics, statistics

RIGHT = arrays(float, st.integers(1, 60), elements=st.sampled_from([0.0, 1.0]))
# At the edge of a bin, rounding decides.
BETWEEN = st.floats(0, 1).filter(lambda x: abs(x * statistics.BINS % 1 - 0.5) < 0.5 - 1e-9)
CONFIDENCES = st.lists(BETWEEN, min_size=1, max_size=80).map(np.array)


@given(RIGHT)
def test_the_interval_of_one_seed_is_statsmodels_wilson_interval(right):
    expected = proportion_confint(right.sum(), len(right), method="wilson")
    found = interval_of(right[None])
    assert found == pytest.approx(expected, abs=1e-9)
    assert interval_of(np.tile(right, (3, 1))) == pytest.approx(expected, abs=1e-9)


def fractions(seed, documents=40, seeds=3):
    """Return who was right, (seeds, documents), with fractions as means over the seeds."""
    right = np.random.default_rng(seed).random((seeds, documents)) < 0.7
    return right.astype(float)


def interval_of(right):
    """Return the interval of the accuracy of runs that are right, (seeds, documents)."""
    truth, predicted = np.zeros(right.shape[1], int), np.where(right == 1, 0, 1)
    return metrics.interval("accuracy", truth, predicted, right.mean(axis=1))


@given(RIGHT, st.data())
def test_one_seed_is_tested_by_statsmodels_mcnemar_without_correction(a, data):
    b = data.draw(arrays(float, len(a), elements=st.sampled_from([0.0, 1.0])))
    table = [[np.sum((a == x) & (b == y)) for y in (1, 0)] for x in (1, 0)]
    assume(table[0][1] + table[1][0])  # statsmodels divides by it; ours is 1 there
    (p,) = statistics.paired_tests([(a - b)[None]], np.zeros(2), 1)["p"]
    expected = mcnemar(table, exact=False, correction=False).pvalue
    assert p == pytest.approx(expected, abs=1e-12)


def test_two_variants_with_the_same_answers_do_not_differ():
    (row,) = statistics.paired_tests([np.zeros((1, 9))], np.zeros(2), 1).to_dict("records")
    assert (row["p"], row["low"], row["high"]) == (1, 0, 0)


@pytest.mark.parametrize("seed", range(5))
def test_fractions_are_tested_by_the_variance_around_0_instead_of_the_mean(seed):
    difference = fractions(seed).mean(axis=0) - fractions(seed + 5).mean(axis=0)
    n = len(difference)
    (found,) = statistics.paired_tests([difference[None]], np.zeros(2), 1)["p"]
    # statsmodels' z has n - 1 and the variance around the mean: z² = t² / (1 + t² / n).
    squared = DescrStatsW(difference).ztest_mean()[0] ** 2 * n / (n - 1)
    from_statsmodels = (squared / (1 + squared / n)) ** 0.5
    assert found == pytest.approx(2 * (1 - norm.cdf(from_statsmodels)))


def test_with_many_documents_the_seeds_alone_are_tested_as_by_statsmodels_welch():
    a, b = np.array([0.80, 0.82, 0.81]), np.array([0.79, 0.80, 0.80])
    errors = np.array([statistics.seed_variance(scores) / 3 for scores in (a, b)])
    difference = np.full((1, 1_000_000), a.mean() - b.mean())
    (p,) = statistics.paired_tests([difference], errors, 3)["p"]
    assert p == pytest.approx(ttest_ind(a, b, usevar="unequal")[1], rel=1e-3)


@pytest.mark.parametrize("pairs", [1, 2, 10, 66])
def test_holm_is_that_of_statsmodels(pairs):
    p = np.random.default_rng(pairs).random(pairs).round(1) ** 4  # with ties
    expected = multipletests(p, method="holm")[1]
    assert statistics.holm(p) == pytest.approx(expected, abs=1e-12)


@given(CONFIDENCES, st.randoms(use_true_random=False))
def test_bins_are_those_of_scikit_learn(confidence, random):
    right = np.array([random.random() < 0.5 for _ in confidence])
    edges = {"n_bins": statistics.BINS, "strategy": "uniform"}
    accuracy, mean = calibration_curve(right, confidence, **edges)
    bins = statistics.reliability(confidence, right)
    assert bins["accuracy"].to_numpy() == pytest.approx(accuracy)
    assert bins["confidence"].to_numpy() == pytest.approx(mean)
    documents = np.histogram(confidence, np.linspace(0, 1, statistics.BINS + 1))[0]
    weights = documents[documents > 0] / len(confidence)
    expected = np.sum(weights * np.abs(accuracy - mean))
    assert statistics.expected_calibration_error(bins) == pytest.approx(expected)


@given(RIGHT)
def test_the_interval_of_one_class_is_wilsons_of_its_recall_or_jaccard_index(right):
    truth, predicted = np.zeros(len(right), int), np.where(right == 1, 0, 1)
    low, high = proportion_confint(right.sum(), len(right), method="wilson")
    recall = np.array([right.mean()])
    found = metrics.interval("balanced_accuracy", truth, predicted[None], recall)
    assert found == pytest.approx((low, high), abs=1e-9)
    of_class = {"labels": [0], "average": "macro", "zero_division": 0}
    assert jaccard_score(truth, predicted, **of_class) == pytest.approx(right.mean())
    f1 = np.array([f1_score(truth, predicted, **of_class)])
    found = metrics.interval("macro_f1", truth, predicted[None], f1)
    assert found == pytest.approx((2 * low / (1 + low), 2 * high / (1 + high)), abs=1e-9)
