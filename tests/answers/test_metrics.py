import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from sklearn.metrics import f1_score, recall_score

from seq2report.answers import metrics, statistics
from seq2report.models.runs import METRICS

OF_CLASSES = ["balanced_accuracy", "macro_f1"]


def score(metric, truth, predicted):
    of = recall_score if metric == "balanced_accuracy" else f1_score
    present = {"labels": np.unique(truth), "average": "macro", "zero_division": 0}
    return (truth == predicted).mean() if metric == "accuracy" else of(truth, predicted, **present)


@st.composite
def answers(draw):
    """Class numbers of documents, and those that some variants answer, in one run or with more."""
    n, runs = draw(st.integers(1, 12)), draw(st.lists(st.integers(1, 3), min_size=2, max_size=4))
    codes = st.integers(0, 3)
    predicted = [draw(arrays(int, (number, n), elements=codes)) for number in runs]
    return draw(arrays(int, n, elements=codes)), predicted


@given(answers(), st.sampled_from(METRICS))
def test_differences_by_document_add_up_to_that_of_the_metric(drawn, metric):
    truth, predicted = drawn
    scores = [np.mean([score(metric, truth, run) for run in runs]) for runs in predicted]
    for n, away in enumerate(metrics.differences(metric, truth, predicted)):
        expected = scores[n] - np.array(scores[n + 1 :])
        np.testing.assert_allclose(away.mean(axis=1), expected, atol=1e-9)


@pytest.mark.parametrize("metric", METRICS)
def test_a_document_with_the_same_answers_has_no_difference(metric):
    truth, a, b = np.array([0, 0, 1, 1]), np.array([[0, 1, 1, 0]]), np.array([[0, 0, 1, 0]])
    (away,) = metrics.differences(metric, truth, [a, b])
    assert (away[0] != 0).tolist() == [False, True, False, False]


def scores(metric, truth, predicted):
    """Return `score` of each row of ``predicted``: scikit-learn takes a millisecond for one."""
    of_class = []
    for each in np.unique(truth):
        true, found = truth == each, predicted == each
        right, all_true = (true & found).sum(axis=1), true.sum()
        total = 2 * all_true if metric == "balanced_accuracy" else all_true + found.sum(axis=1)
        of_class.append(2 * right / total)
    return np.mean(of_class, axis=0)


@pytest.mark.parametrize("metric", OF_CLASSES)
def test_the_test_of_two_variants_is_that_of_permuted_answers(metric):
    rng = np.random.default_rng(1)
    truth = np.repeat([0, 1, 2], [180, 90, 30])
    a, b = (
        np.where(rng.random(300) < level, truth, rng.integers(0, 3, 300)) for level in (0.8, 0.7)
    )
    differences = metrics.differences(metric, truth, [a[None], b[None]])
    (p,) = statistics.paired_tests(differences, np.zeros(2), 1)["p"]
    of_both = [score(metric, truth, a), score(metric, truth, b)]
    assert scores(metric, truth, np.stack([a, b])) == pytest.approx(of_both)
    swap = rng.random((1000, 300)) < 0.5
    one, other = np.where(swap, b, a), np.where(swap, a, b)
    permuted = scores(metric, truth, one) - scores(metric, truth, other)
    reached = (abs(permuted) >= abs(of_both[0] - of_both[1]) - 1e-12).sum()
    assert p == pytest.approx(reached / 1000, abs=0.02)


@pytest.mark.parametrize("metric", OF_CLASSES)
def test_few_documents_of_a_class_make_no_difference_significant(metric):
    truth = np.repeat([0, 1], [1000, 3])
    none = np.zeros((1, 1003), int)
    differences = metrics.differences(metric, truth, [truth[None], none])
    (p,) = statistics.paired_tests(differences, np.zeros(2), 1)["p"]
    assert p > 0.05  # three documents, all from one side: 2 × 0.5³ = 0.25 by the exact test


def accuracy_interval(right):
    """Return the interval of the accuracy of runs that are right, (seeds, documents) bool."""
    truth, predicted = np.zeros(right.shape[1], int), np.where(right, 0, 1)
    return metrics.interval("accuracy", truth, predicted, right.mean(axis=1))


def test_the_interval_of_two_seeds_by_hand():
    right = np.array([[1, 1, 0, 1, 1, 0, 1, 1], [1, 1, 1, 1, 1, 0, 1, 1]], bool)
    low, high = accuracy_interval(right)
    of = [stats.binomtest(k, 8).proportion_ci(method="wilson") for k in (6, 7)]
    z, seeds = stats.norm.ppf(0.975), (0.125 / 2) ** 2  # variance of 6/8 and 7/8, divided by 2
    for found, sign, away in (
        (low, -1, (6 / 8 - of[0].low, 7 / 8 - of[1].low)),
        (high, 1, (of[0].high - 6 / 8, of[1].high - 7 / 8)),
    ):
        documents = (away[0] ** 2 + away[1] ** 2) / 2 / z**2
        freedom = (documents + seeds) ** 2 / seeds**2
        half = stats.t(freedom).ppf(0.975) * np.sqrt(documents + seeds)
        assert found == pytest.approx(min(13 / 16 + sign * half, 1))


def test_a_wrong_answer_of_one_seed_does_not_make_the_interval_shorter():
    all_right = np.ones((5, 20), bool)
    one_wrong = all_right.copy()
    one_wrong[0, 0] = False
    assert accuracy_interval(one_wrong)[0] < accuracy_interval(all_right)[0]


@pytest.mark.parametrize(("accuracy", "documents"), [(0.7, 500), (0.97, 50)])
def test_the_interval_covers_other_documents_and_other_seeds(accuracy, documents):
    rng, covered, documents_alone = np.random.default_rng(1), 0, 0
    deviation = min(0.05, (1 - accuracy) / 3)
    for _ in range(400):  # each seed has a level of its own
        levels = np.clip(accuracy + deviation * rng.normal(size=5), 0, 1)
        right = rng.random((5, documents)) < levels[:, None]
        low, high = accuracy_interval(right)
        covered += low <= accuracy <= high
        low, high = accuracy_interval(right[:1])
        documents_alone += low <= accuracy <= high
    assert covered / 400 >= 0.93
    assert documents_alone < covered


@given(st.integers(1, 4), st.integers(1, 12), st.data())
def test_an_interval_is_a_range_of_shares_around_the_accuracy(seeds, documents, data):
    answers = st.lists(st.booleans(), min_size=documents, max_size=documents)
    right = np.array(data.draw(st.lists(answers, min_size=seeds, max_size=seeds)))
    low, high = accuracy_interval(right)
    assert 0 <= low <= right.mean() + 1e-12
    assert right.mean() - 1e-12 <= high <= 1


def test_the_interval_of_a_balanced_accuracy_is_made_of_those_of_wilson():
    truth = np.repeat([0, 1], [90, 10])
    predicted = np.concatenate([np.zeros(81, int), np.ones(9, int), np.ones(10, int)])
    low, high = metrics.interval("balanced_accuracy", truth, predicted[None], np.array([0.95]))
    of = [stats.binomtest(k, n).proportion_ci(method="wilson") for k, n in ((81, 90), (10, 10))]
    below, above = 0.9 - of[0].low, 1 - of[1].low
    assert low == pytest.approx(0.95 - np.hypot(below, above) / 2)
    assert high == pytest.approx(0.95 + (of[0].high - 0.9) / 2)


@pytest.mark.parametrize("metric", OF_CLASSES)
def test_the_interval_of_a_mean_over_classes_covers_other_documents(metric):
    rng, covered = np.random.default_rng(1), 0
    sizes, confusion = np.array([0.9, 0.07, 0.03]), np.full((3, 3), 0.1) + 0.7 * np.eye(3)
    joint = sizes[:, None] * confusion
    f1 = 2 * np.diag(joint) / (joint.sum(axis=0) + sizes)
    expected = f1.mean() if metric == "macro_f1" else 0.8
    for _ in range(300):
        truth = rng.choice(3, 600, p=sizes)
        answer = (rng.random((600, 1)) > confusion.cumsum(axis=1)[truth]).sum(axis=1)
        found = np.array([score(metric, truth, answer)])
        low, high = metrics.interval(metric, truth, answer[None], found)
        covered += low <= expected <= high
    assert 0.9 <= covered / 300 <= 0.99


@pytest.mark.parametrize("metric", METRICS)
def test_all_right_has_an_interval_and_seeds_widen_it(metric):
    truth = np.repeat([0, 1, 3], [20, 3, 2])  # no document is of class 2
    low, high = metrics.interval(metric, truth, truth[None], np.ones(1))
    assert high == 1
    assert 0.5 < low < 0.95
    other = np.where(np.arange(25) < 5, 2, truth)
    runs = np.array([truth, other])
    wide = metrics.interval(metric, truth, runs, np.array([score(metric, truth, r) for r in runs]))
    assert wide[0] < low


def authors(rng, correct=0.85, number=50, texts=20):
    """Return the answers of a model that finds some authors easier than others, and the authors."""
    easy = rng.beta(4 * correct, 4 * (1 - correct), number)  # documents of one correlate by 0.2
    author = np.repeat(np.arange(number), texts)
    return (rng.random(number * texts) >= easy[author]).astype(int)[None], author


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy"])
def test_the_interval_and_the_test_allow_for_documents_of_one_group(metric):
    rng, truth, covered, found = np.random.default_rng(1), np.zeros(1000, int), 0, 0
    for _ in range(200):
        (one, author), (other, _) = authors(rng), authors(rng)
        low, high = metrics.interval(metric, truth, one, 1 - one.mean(axis=1), author)
        covered += low <= 0.85 <= high
        differences = metrics.differences(metric, truth, [one, other])
        found += statistics.paired_tests(differences, np.zeros(2), 1, 1, author)["p"][0] < 0.05
    assert covered / 200 >= 0.9  # without the authors 0.6
    assert found / 200 <= 0.1  # 0.4


@pytest.mark.parametrize("metric", METRICS)
def test_documents_that_are_their_own_groups_change_nothing(metric):
    rng = np.random.default_rng(1)
    truth, alone = np.repeat([0, 1], [800, 200]), rng.permutation(1000)
    a, b = (np.where(rng.random((1, 1000)) < p, truth, 1 - truth) for p in (0.8, 0.75))
    at = np.array([score(metric, truth, a[0])])
    expected = metrics.interval(metric, truth, a, at)
    assert metrics.interval(metric, truth, a, at, alone) == pytest.approx(expected, abs=1e-4)
    tests = [
        statistics.paired_tests(metrics.differences(metric, truth, [a, b]), np.zeros(2), 1, 1, g)
        for g in (None, alone)
    ]
    assert tests[0].iloc[0].to_dict() == pytest.approx(tests[1].iloc[0].to_dict())


def test_few_groups_can_show_no_difference():
    rng, truth = np.random.default_rng(1), np.zeros(400, int)
    pair = [(rng.random((1, 400)) < 0.1).astype(int) for _ in range(2)]
    least = {}
    for number in (4, 20, 400):
        groups, differences = np.arange(400) % number, metrics.differences("accuracy", truth, pair)
        test = statistics.paired_tests(differences, np.zeros(2), 1, 1, groups).iloc[0]
        least[number] = test["detectable"]
    assert np.isnan(least[4])
    assert least[400] < least[20] < 0.2


def test_one_group_says_nothing_of_others():
    truth, one = np.zeros(40, int), np.repeat([[0, 1]], [38, 2], axis=1)
    low, high = metrics.interval("accuracy", truth, one, np.array([0.95]), truth)
    assert low < 0.5
    assert high == 1
    differences = metrics.differences("accuracy", truth, [one, 1 - one])
    assert statistics.paired_tests(differences, np.zeros(2), 1, 1, truth)["p"][0] > 0.3


@pytest.mark.parametrize(("metric", "sizes"), [("balanced_accuracy", 20), ("macro_f1", 50)])
def test_a_detectable_difference_holds_for_classes_of_different_sizes(metric, sizes):
    rng, truth = np.random.default_rng(1), np.repeat([0, 1], [1000 - sizes, sizes])

    def tested(more):
        """Return a test if one model alone is right on ``more`` of the documents."""
        chance = rng.random(1000)
        first, second = (chance < 0.01 + more), (chance >= 0.01 + more) & (chance < 0.02 + more)
        pair = [np.where(right | (chance >= 0.02 + more), truth, 1 - truth)[None] for right in
                (first, second)]  # fmt: skip
        kappa = metrics.unevenness(metric, truth)
        return statistics.paired_tests(
            metrics.differences(metric, truth, pair), np.zeros(2), 1, kappa
        ).iloc[0]

    least = np.median([tested(0)["detectable"] for _ in range(40)])
    share = least / np.mean([tested(least)["difference"] for _ in range(100)])
    found = np.mean([tested(least * share)["p"] < 0.05 for _ in range(200)])
    assert 0.7 < found < 0.95
