"""Crossings and power laws of curves by number of labels."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from seq2report.answers import metrics
from seq2report.answers.sizes import PowerLaw, crossing_interval, last_crossing, power_law
from seq2report.models.runs import scores

SIZES = np.array([50, 150, 450, 1350, 4050])


@given(st.floats(51, 4000), st.floats(0.001, 1))
def test_lines_cross_where_they_do_on_the_logarithmic_axis(point, slope):
    lead = slope * (np.log(SIZES) - math.log(point))
    assert last_crossing(SIZES, lead) == pytest.approx(point)
    assert last_crossing(SIZES, -lead) == np.inf


@given(arrays(float, 5, elements=st.floats(-1, 1)))
def test_after_the_last_crossing_a_curve_is_ahead(lead):
    point = last_crossing(SIZES, lead)
    assert (lead[point * (1 + 1e-12) < SIZES] > 0).all()
    assert (point == 0) == (lead > 0).all()
    assert (point == np.inf) == (lead[-1] <= 0)
    if 0 < point < np.inf:
        assert lead[point * (1 + 1e-12) >= SIZES][-1] <= 1e-9


def test_many_curves_cross_at_once():
    leads = np.array([[-1, 1, -1, 1, 1], [1, 1, 1, 1, 1], [1, 1, 1, 1, -1]])
    found = last_crossing(SIZES, leads)
    assert found.tolist() == [pytest.approx(math.sqrt(450 * 1350)), 0, np.inf]


def test_the_interval_of_a_crossing_shrinks_to_it():
    lead = np.log(SIZES) - math.log(300)
    assert crossing_interval(SIZES, lead, np.zeros((5, 5))) == pytest.approx((300, 300))


def test_an_end_outside_of_the_sizes_is_missing():
    lead = np.array([-1e-3, -1e-3, 0.1, 0.2, 0.3])
    low, high = crossing_interval(SIZES, lead, 1e-4 * np.eye(5))
    assert math.isnan(low)
    assert 150 < high < 450


def test_the_interval_of_a_crossing_covers_it():
    random, truth = np.random.default_rng(3), 0.1 * (np.log(SIZES) - math.log(500))
    covariance, covered = 0.01**2 * (np.eye(5) + 0.5), 0
    for _ in range(200):
        lead = random.multivariate_normal(truth, covariance)
        low, high = crossing_interval(SIZES, lead, covariance)
        covered += low <= 500 <= high
    assert 180 <= covered <= 198


@given(st.floats(0.05, 1), st.floats(0.01, 5))
def test_a_power_law_is_recovered_and_its_gain_follows(exponent, factor):
    errors = factor * SIZES**-exponent
    law = power_law(SIZES, errors)
    assert (law.sizes, law.exponent) == (5, pytest.approx(-exponent))
    expected = errors[-1] * (1 - 2**-exponent)
    assert law.gain(errors[-1], (1, 1)) == pytest.approx((expected, expected, expected))
    assert law.gain(errors[-1], (0.5, 2)) == pytest.approx((expected, expected / 2, expected * 2))
    assert law.gain(errors[-1], (0, 2))[1] == 0


def test_the_gain_has_the_uncertainty_of_the_exponent_and_of_the_error():
    law = PowerLaw(sizes=5, exponent=-0.5, low=-0.7, high=-0.3)
    gain, low, high = law.gain(0.1, (1, 1))
    limits = [0.1 * (1 - 2**n) for n in (-0.5, -0.3, -0.7)]
    assert (gain, low, high) == pytest.approx(tuple(limits))
    wide = law.gain(0.1, (0.5, 2))
    assert wide[1] < min(low, gain / 2)
    assert wide[2] > max(high, gain * 2)


def test_no_law_fits_curves_of_other_forms():
    more = 50 * 2 ** np.arange(9)
    assert power_law(SIZES, np.full(5, 0.3)) is None  # more labels bring nothing
    assert power_law(SIZES, np.array([0.3, 0.2, 0.3, 0.2, 0.3])) is None
    assert power_law(SIZES[:3], 2.0 * SIZES[:3] ** -0.5) is None  # a line through two points
    assert power_law(SIZES, np.array([0.3, 0.2, 0.1, 0.05, 0])) is None
    floor = 0.1 + 2.0 * more**-0.9  # an error that no label removes
    law = power_law(more, floor)
    assert law is None or law.sizes < 9


def test_sizes_at_which_errors_are_those_of_guessing_are_left_out():
    sizes = 50 * 3 ** np.arange(8)
    errors = np.r_[[0.5] * 4, 0.5 * 3.0 ** (-0.4 * np.arange(1, 5))]
    noise = np.exp(np.random.default_rng(1).normal(0, 0.01, 8))
    law = power_law(sizes, errors * noise)
    assert law.sizes < 7  # the line of the last six is not significantly curved
    assert law.low <= -0.4 <= law.high


def test_the_interval_of_an_exponent_covers_it():
    random, found = np.random.default_rng(5), []
    for _ in range(400):
        law = power_law(SIZES, 2 * SIZES**-0.4 * np.exp(random.normal(0, 0.03, 5)))
        if law and law.sizes == 5:
            found.append(law.low <= -0.4 <= law.high)
    assert len(found) > 350
    assert np.mean(found) == pytest.approx(0.95, abs=0.03)


def weighted(metric, truth, run, weights):
    """Return a metric of documents that count as many times as their weights."""
    right = np.average(truth == run, weights=weights)
    if metric == "accuracy":
        return right
    values = []
    for name in np.unique(truth):
        hit = weights[(truth == name) & (run == name)].sum()
        documents, answers = weights[truth == name].sum(), weights[run == name].sum()
        both = 2 * hit / (documents + answers)
        values.append(both if metric == "macro_f1" else hit / documents)
    return np.mean(values)


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy", "macro_f1"])
def test_influences_are_the_derivatives_by_the_weight_of_a_document(metric):
    random = np.random.default_rng(2)
    truth = random.integers(0, 3, 60)
    predicted = np.where(random.random((2, 60)) < 0.6, truth, random.integers(0, 4, (2, 60)))
    found, ones = metrics.influences(metric, truth, predicted), np.ones(60)
    assert found.mean() == pytest.approx(0, abs=1e-12)
    for n in (0, 7, 31):
        expected = np.mean(
            [
                weighted(metric, truth, run, ones + 1e-6 * (np.arange(60) == n))
                - weighted(metric, truth, run, ones)
                for run in predicted
            ]
        )
        assert found[n] / 60 == pytest.approx(expected / 1e-6, abs=1e-6)
    one = scores(truth, predicted[0], np.eye(4)[predicted[0]])[metric]
    assert weighted(metric, truth, predicted[0], ones) == pytest.approx(one)
