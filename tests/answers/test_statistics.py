import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from sklearn.metrics import brier_score_loss

from seq2report.answers import statistics

SHARES = st.floats(0, 1)


@st.composite
def right_answers(draw, variants=(1, 4), seeds=(1, 4)):
    """Draw who was right: (variants, seeds, documents) of 0 and 1."""
    shape = (
        draw(st.integers(*variants)),
        draw(st.integers(*seeds)),
        draw(st.integers(1, 30)),
    )
    return draw(arrays(float, shape, elements=st.sampled_from([0.0, 1.0])))


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def compared(right):
    """Return the paired tests of (variants, seeds, documents)."""
    seeds = right.shape[1]
    errors = [statistics.seed_variance(each.mean(axis=1)) / seeds for each in right]
    return paired(right.mean(axis=1), np.array(errors), seeds)


def paired(shares, errors, seeds):
    """Return the paired tests of the shares of the seeds that are right, (variants, documents)."""
    differences = (shares[first] - shares[first + 1 :] for first in range(len(shares) - 1))
    return statistics.paired_tests(differences, errors, seeds)


@given(right_answers(variants=(2, 2), seeds=(1, 1)))
def test_with_one_seed_a_pair_is_tested_by_mcnemar(right):
    (a,), (b,) = right.astype(bool)
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    (row,) = compared(right).to_dict("records")
    if only_a + only_b == 0:
        assert row["p"] == 1
    else:
        statistic = (only_a - only_b) ** 2 / (only_a + only_b)
        assert row["p"] == pytest.approx(stats.chi2.sf(statistic, 1))
    assert row["difference"] == pytest.approx((only_a - only_b) / len(a))


@given(right_answers(variants=(2, 4)))
def test_the_interval_of_a_difference_leaves_out_zero_where_p_is_small(right):
    for row in compared(right).to_dict("records"):
        if abs(row["p"] - 0.05) > 1e-9:
            assert (row["low"] * row["high"] > 0) == (row["p"] < 0.05)
        assert row["low"] <= row["difference"] <= row["high"]


@given(right_answers(variants=(2, 4)))
def test_every_pair_is_tested_once_and_alike_from_both_sides(right):
    tests = compared(right)
    pairs = [(a, b) for a in range(len(right)) for b in range(a + 1, len(right))]
    assert list(zip(tests["a"], tests["b"], strict=True)) == pairs
    turned = compared(right[::-1])
    assert sorted(tests["p"]) == pytest.approx(sorted(turned["p"]))
    assert sorted(tests["difference"]) == pytest.approx(sorted(-turned["difference"]))


def test_chance_among_seeds_makes_a_difference_less_sure():
    rng = np.random.default_rng(1)
    a, b = rng.random((2, 1, 1000)) < np.array([0.8, 0.7])[:, None, None]
    steady = np.array([np.repeat(a, 2, axis=0), np.repeat(b, 2, axis=0)]).astype(float)
    (same,) = compared(steady)["p"]
    assert same == pytest.approx(compared(np.array([a, b]).astype(float))["p"][0])
    errors = np.array([0.05**2 / 2, 0.03**2 / 2])
    (unsure,) = paired(steady.mean(axis=1), errors, 2)["p"]
    away = steady.mean(axis=1)[0] - steady.mean(axis=1)[1]
    z2 = away.sum() ** 2 / ((away**2).sum() + 1000**2 * (0.05**2 + 0.03**2) / 2)
    freedom = ((away**2).sum() / 1000**2 + errors.sum()) ** 2 / (errors**2).sum()
    assert unsure == pytest.approx(2 * stats.t.sf(z2**0.5, freedom))
    assert unsure > 100 * same


def test_one_run_of_fixed_answers_changes_no_other_test_and_has_no_variance_over_seeds():
    rng = np.random.default_rng(1)
    shares = (rng.random((3, 3, 500)) < np.array([0.8, 0.75, 0.7])[:, None, None]).mean(axis=1)
    shares[2] = shares[2] > 0.5
    errors = np.array([0.01, 0.02, 0]) ** 2 / 3
    (alone,) = paired(shares[:2], errors[:2], 3).to_dict("records")
    first, _, second = paired(shares, errors, np.array([3, 3, 1])).to_dict("records")
    assert {k: v for k, v in first.items() if k not in ("p_holm", "detectable")} == pytest.approx(
        {k: v for k, v in alone.items() if k not in ("p_holm", "detectable")}
    )
    away = shares[1] - shares[2]
    spread2 = (away**2).sum() / 500**2 + errors[1]
    freedom = spread2**2 / (errors[1] ** 2 / 2)  # Welch–Satterthwaite, of three seeds
    assert second["p"] == pytest.approx(2 * stats.t.sf(abs(away.mean()) / spread2**0.5, freedom))


def test_level_variants_are_seldom_told_apart_however_their_seeds_differ():
    rng = np.random.default_rng(1)
    found = []
    for _ in range(300):
        accuracies = rng.normal(0.75, 0.01, (2, 3))
        found += compared(rng.random((2, 3, 20_000)) < accuracies[..., None])["p"].tolist()
    assert np.mean(np.array(found) < 0.05) < 0.1


def test_one_variant_has_no_pairs():
    assert compared(np.ones((1, 2, 5))).empty


def test_holm_by_hand():
    # sorted: 0.01 × 4, 0.02 × 3 = 0.06, 0.03 × 2 = 0.06, 0.04 × 1 → not below 0.06
    found = statistics.holm(np.array([0.04, 0.01, 0.03, 0.02]))
    assert found == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert statistics.holm(np.array([0.3, 0.6])) == pytest.approx([0.6, 0.6])


@given(arrays(float, st.integers(0, 20), elements=SHARES))
def test_holm_is_monotone_and_never_less_than_p_nor_more_than_1(p):
    corrected = statistics.holm(p)
    assert (corrected >= p).all()
    assert (corrected <= 1).all()
    assert (np.diff(corrected[np.argsort(p)]) >= 0).all()
    if len(p):
        assert corrected.min() == min(p.min() * len(p), 1)


@given(
    arrays(float, st.tuples(st.integers(1, 9), st.integers(2, 4)), elements=st.floats(0.01, 1)),
    st.data(),
)
def test_the_brier_score_is_that_of_scikit_learn(raw, data):
    probability = (raw / raw.sum(axis=1, keepdims=True)).astype(np.float32)
    classes = raw.shape[1]
    truth = data.draw(arrays(int, len(raw), elements=st.integers(0, classes - 1)))
    expected = brier_score_loss(truth, probability, labels=range(classes), scale_by_half=False)
    before = probability.copy()
    assert statistics.brier(probability, truth).mean() == pytest.approx(expected, abs=1e-5)
    assert (probability == before).all()


def test_wrong_and_sure_has_a_brier_score_of_2():
    assert statistics.brier(np.array([[1.0, 0.0]] * 2), np.array([0, 1])).tolist() == [0, 2]


def test_bins_hold_their_upper_edge():
    bins = statistics.reliability(np.array([1.0, 0.99, 6 / 15, 0.0]), np.array([1, 0, 1, 0]))
    assert bins.to_dict("list") == {
        "bin": [1, 6, 15],
        "confidence": [0, 0.4, 0.995],
        "accuracy": [0, 1, 0.5],
        "documents": [1, 1, 2],
    }
    # |0 - 0| × 1 + |1 - 0.4| × 1 + |0.5 - 0.995| × 2, over 4 documents
    assert statistics.expected_calibration_error(bins) == pytest.approx((0.6 + 0.99) / 4)


def test_bins_with_few_documents_are_joined_with_their_neighbours():
    documents = [3, 9, 1, 12, 4, 4, 20, 1]
    confidence, accuracy = np.linspace(0.1, 0.9, 8), np.array([0, 1, 0, 0.5, 1, 0.5, 0.9, 0])
    columns = {"confidence": confidence, "accuracy": accuracy, "documents": documents}
    table = statistics.merged(pd.DataFrame(columns), seeds=1)
    assert table["documents"].tolist() == [12, 13, 29]
    assert table["accuracy"].tolist() == pytest.approx([9 / 12, 6 / 13, 24 / 29])
    assert table["confidence"][0] == pytest.approx((3 * confidence[0] + 9 * confidence[1]) / 12)
    assert table[["low", "high"]].iloc[0].tolist() == pytest.approx(statistics.wilson(9, 12))
    few = statistics.merged(pd.DataFrame(columns).head(2), seeds=2)
    assert few["documents"].tolist() == [12]  # answers for six documents
    assert few[["low", "high"]].iloc[0].tolist() == pytest.approx(statistics.wilson(4, 6))


@pytest.mark.parametrize("shown", [2, 8, 80])  # documents with other answers
@pytest.mark.parametrize("pairs", [1, 45])
def test_a_detectable_difference_is_found_as_often_as_it_promises(shown, pairs):
    """The documents of which one variant alone is right come to those with other answers."""
    rng, n = np.random.default_rng(1), 400
    given = np.repeat([-1.0, 1.0, 0.0], [shown // 2, shown // 2, n - shown])
    table = statistics.paired_tests([given[None]], np.zeros(2), 1)
    if pairs > 1:
        same = [np.tile(given, (9 - first, 1)) for first in range(9)]
        table = statistics.paired_tests(same, np.zeros(10), 1)
    assert len(table) == pairs
    least = table["detectable"][0]
    odds = [shown / 2 / n, 1 - shown / n - least, shown / 2 / n + least]
    away = rng.choice([-1.0, 0.0, 1.0], (2000, n), p=odds)
    signs = np.stack([(away > 0).sum(axis=1), (away < 0).sum(axis=1)])  # which decide p
    _, kinds, times = np.unique(signs, axis=1, return_index=True, return_counts=True)
    p = [statistics.paired_tests([away[[kind]]], np.zeros(2), 1)["p"][0] for kind in kinds]
    found = np.average(np.array(p) * pairs < 0.05, weights=times)
    assert statistics.POWER - 0.03 < found < statistics.POWER + 0.12


@st.composite
def sure_and_right(draw):
    n = draw(st.integers(1, 40))
    sure = draw(arrays(np.float32, n, elements=st.sampled_from([0.2, 0.5, 0.5001, 0.9, 1.0])))
    return sure, draw(arrays(bool, n))


@given(sure_and_right())
def test_bins_hold_every_document_and_the_error_is_a_share(drawn):
    sure, right = drawn
    bins = statistics.reliability(sure, right)
    assert bins["documents"].sum() == len(sure)
    assert np.average(bins["accuracy"], weights=bins["documents"]) == pytest.approx(right.mean())
    assert 0 <= statistics.expected_calibration_error(bins) <= 1
    assert (bins["confidence"] <= bins["bin"] / 15 + 1e-6).all()
    assert (bins["confidence"] > (bins["bin"] - 1) / 15 - 1e-6).all()


def test_the_documents_that_a_model_is_surest_of_are_answered_first():
    sure, right = np.array([0.5, 0.9, 0.7, 0.8]), np.array([0, 1, 0, 1])
    found = statistics.selective_accuracy(sure, right, np.array([0.01, 0.25, 0.5, 0.75, 1]))
    assert found == pytest.approx([1, 1, 1, 2 / 3, 1 / 2])


@pytest.mark.reliability("Repeatability")
@given(sure_and_right(), st.randoms())
def test_the_order_of_documents_is_no_matter_and_all_of_them_are_the_accuracy(drawn, random):
    sure, right = drawn
    order = random.sample(range(len(sure)), len(sure))
    coverage = np.arange(1, 21) / 20
    found = statistics.selective_accuracy(sure, right, coverage)
    assert found == pytest.approx(
        statistics.selective_accuracy(sure[order], right[order], coverage)
    )
    assert found[-1] == pytest.approx(right.mean())


POINTS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12)


@given(POINTS)
def test_what_stands_on_the_front_is_not_dominated_and_all_else_is(points):
    cost, accuracy = np.array(points).T
    front = statistics.pareto(cost, accuracy)
    for n, (c, a) in enumerate(points):
        dominated = any(c2 <= c and a2 >= a and (c2, a2) != (c, a) for c2, a2 in points)
        assert front[n] == (not dominated)
    assert front[accuracy == accuracy.max()].any()
    assert front[cost == cost.min()].any()
