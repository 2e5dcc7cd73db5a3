"""Intervals and paired differences of the metric by which variants are ranked.

The metric is accuracy, or the mean over the classes with test documents of their recall (balanced
accuracy) or of their F1 (macro-F1). Arguments are class numbers: ``truth`` (n,) of the n test
documents, and ``predicted`` (seeds, n) of a variant.
"""

from collections.abc import Iterator
from itertools import product

import numpy as np
from scipy.special import ndtri, stdtrit

from seq2report.answers.statistics import LEVEL, group_sums, seed_variance


def interval(
    metric: str,
    truth: np.ndarray,
    predicted: np.ndarray,
    scores: np.ndarray,
    groups: np.ndarray | None = None,
) -> tuple[float, float]:
    """Return a 95% interval of a variant's metric on other documents and from other seeds.

    The squared standard error is that of other documents, the mean over the runs of `class_errors`,
    plus the variance over S seeds, divided by S. The terms overlap, so the interval is
    conservative. It is Student's, clipped to 0 and 1, with the degrees of freedom of Satterthwaite
    (1946) from S - 1, as in `statistics.paired_tests`, and from the number of groups of documents
    minus 1. With one seed, or seeds with equal scores, the variance over seeds is unknown, and the
    interval is for the documents alone: for an accuracy without groups, that of Wilson (1927).
    Unlike that of a bootstrap, it does not shrink to nothing if all answers are right.

    ``scores`` are the metric of each seed, (S,), and ``groups`` as in `statistics.paired_tests`.
    """
    if metric == "accuracy":  # the recall of all documents as one class
        truth, predicted = np.zeros_like(truth), (predicted != truth).astype(int)
    mean, limits = float(np.mean(scores)), []
    seeds, errors = seed_variance(scores) / len(scores), 0.0
    for run in predicted:
        errors = errors + class_errors(metric, truth, run, groups) / len(predicted)
    others = max(len(np.unique(groups)) - 1, 1) if groups is not None else np.inf
    for sign, documents in zip((-1, 1), errors, strict=True):
        error = documents + seeds
        unsure = documents**2 / others + (seeds**2 / (len(scores) - 1) if seeds else 0)
        freedom = error**2 / unsure if unsure else np.inf
        limits.append(mean + sign * stdtrit(freedom, (1 + LEVEL) / 2) * error**0.5)
    return max(limits[0], 0.0), min(limits[1], 1.0)


def class_errors(
    metric: str, truth: np.ndarray, predicted: np.ndarray, groups: np.ndarray | None = None
) -> np.ndarray:
    """Return the squared standard errors of a mean over classes below and above it, (2,).

    A recall is the share of right documents among those of the class. F1 is 2 J / (1 + J), with J
    the share of right documents among those whose class or answer it is, so its limits are those of
    J, transformed. The limits of a class are those of Wilson (1927); they are combined by the
    method of variance estimates recovery (Zou and Donner 2008, Construction of confidence limits
    about effect measures, Statistics in Medicine 27). With a_c the distance from the score of class
    c to its limit, the squared distance of the mean is Σ a_c a_d r_cd / K² over the K classes with
    documents (Zou 2008, On the estimation of additive interaction, American Journal of Epidemiology
    168). The correlation r_cd of two scores is that of their influence functions (Takahashi et al.
    2022, Confidence interval for micro-averaged F1 and macro-averaged F1 scores, Applied
    Intelligence 52): a wrong answer lowers the F1 of two classes. With ``groups``, the influences
    of the documents of a group are added up; the result is at least that without groups.
    """
    is_f1, hit = metric == "macro_f1", predicted == truth
    classes = int(max(truth.max(), predicted.max())) + 1
    documents, answers = (np.bincount(codes, minlength=classes) for codes in (truth, predicted))
    right = np.bincount(truth[hit], minlength=classes)
    total = documents + (answers - right if is_f1 else 0)
    score = _score(right / np.maximum(total, 1), is_f1)
    own = np.where(hit, (1 + is_f1) * (1 - score[truth]), -score[truth])
    other = np.where(hit | (not is_f1), 0, -score[predicted])
    size = np.bincount(truth, own**2, classes) + np.bincount(predicted, other**2, classes)
    z, errors = ndtri((1 + LEVEL) / 2), []
    for sign in (-1, 1):
        centre, half = (
            right + z**2 / 2,
            z * np.sqrt(right * (1 - right / np.maximum(total, 1)) + z**2 / 4),
        )
        limit = np.clip((centre + sign * half) / (total + z**2), 0, 1)
        away = np.where(documents > 0, np.abs(_score(limit, is_f1) - score), 0)
        scale = np.divide(away, np.sqrt(size), out=np.zeros(classes), where=size > 0)
        joint = scale[truth] * own + scale[predicted] * other
        spread = max((joint**2).sum(), (group_sums(joint, groups) ** 2).sum())
        squares = spread + (away[size == 0] ** 2).sum()
        errors.append(squares / (z * np.count_nonzero(documents)) ** 2)
    return np.array(errors)


def _score(share: np.ndarray, is_f1: bool) -> np.ndarray:
    return 2 * share / (1 + share) if is_f1 else share


def influences(metric: str, truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Return the influence of each test document on a variant's metric, the mean over its seeds.

    The covariance of two metrics on other test documents is the sum of the products of these
    influences, divided by n². A right answer counts 1 for an accuracy; for the means over classes,
    the terms are those of `class_errors`.

    Returns:
        (n,) float64, with the mean 0.
    """
    if metric == "accuracy":
        shares = (predicted == truth).mean(axis=0)
        return shares - shares.mean()
    return np.mean([_class_influences(metric == "macro_f1", truth, run) for run in predicted], 0)


def _class_influences(is_f1: bool, truth: np.ndarray, run: np.ndarray) -> np.ndarray:
    classes, hit = int(max(truth.max(), run.max())) + 1, run == truth
    documents, answers = (np.bincount(codes, minlength=classes) for codes in (truth, run))
    right = np.bincount(truth[hit], minlength=classes)
    size = documents + answers if is_f1 else documents
    score = (1 + is_f1) * right / np.maximum(size, 1)
    weight = np.divide(1, size, out=np.zeros(classes), where=documents > 0)
    change = ((1 + is_f1) * hit - score[truth]) * weight[truth]
    if is_f1:
        change = change - score[run] * weight[run]
    return change * len(truth) / np.count_nonzero(documents)


def differences(
    metric: str, truth: np.ndarray, predicted: list[np.ndarray]
) -> Iterator[np.ndarray]:
    """Yield, for each variant except the last, its difference from each later one, by document.

    Their mean over documents is the difference of the metric, and they change their sign if the
    two variants swap their answers for a document, so that `statistics.paired_tests` is the normal
    approximation of the permutation test that swaps answers (Yeh 2000, More accurate tests for the
    statistical significance of result differences). A right answer counts 1 for an accuracy, and
    n / (K n_c) for a balanced accuracy, with n_c of the n documents in its class, one of K. For
    macro-F1, see `_f1_differences`.

    Args:
        predicted: of each variant.

    Yields:
        (later variants, n), at most as many as there are variants.
    """
    if metric == "macro_f1":
        yield from _f1_differences(truth, predicted)
        return
    shares = np.array([(runs == truth).mean(axis=0) for runs in predicted])
    if metric == "balanced_accuracy":
        documents = np.bincount(truth)
        shares *= len(truth) / (np.count_nonzero(documents) * documents[truth])
    for first in range(len(shares) - 1):
        yield shares[first] - shares[first + 1 :]


def unevenness(metric: str, truth: np.ndarray) -> float:
    """Return κ: a true difference D of two variants adds κnD to the squares of `differences`.

    For a balanced accuracy whose difference is the same in all K classes, κ = n/K² Σ 1/n_c, with
    n_c of the n documents in a class. Otherwise κ is 1: so it is for an accuracy, and in
    simulations about so for a macro-F1, in which the answers for large classes count, too.
    """
    if metric != "balanced_accuracy":
        return 1.0
    documents = np.unique(truth, return_counts=True)[1]
    return float(len(truth) * (1 / documents).sum() / len(documents) ** 2)


def _f1_differences(truth: np.ndarray, predicted: list[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield the differences for macro-F1, means over the seeds.

    F1 of a class is N / D, with N twice its right answers and D its documents plus its answers.
    For the same seed of two variants a and b, F_a - F_b = (N_a - N_b - F (D_a - D_b)) / D with the
    means F and D of both; N and D are sums over documents. If one has fewer runs, each run of a is
    compared with each of b.
    """
    classes = max(int(codes.max()) for codes in (truth, *predicted)) + 1
    documents = np.bincount(truth, minlength=classes)
    factor = len(truth) / np.count_nonzero(documents)

    def facts(run: np.ndarray) -> tuple[np.ndarray, ...]:
        hit, size = run == truth, documents + np.bincount(run, minlength=classes)
        f1 = 2 * np.bincount(truth[hit], minlength=classes) / np.maximum(size, 1)
        return run, hit.astype(int), f1, size

    def difference(a: tuple[np.ndarray, ...], b: tuple[np.ndarray, ...]) -> np.ndarray:
        (run_a, hit_a, f1_a, size_a), (run_b, hit_b, f1_b, size_b) = a, b
        size = np.where(documents > 0, (size_a + size_b) / 2, np.inf)
        lost = (f1_a + f1_b) / 2 / size
        return factor * (2 * (hit_a - hit_b) / size[truth] - lost[run_a] + lost[run_b])

    def mean(first: list, later: list) -> np.ndarray:
        same = len(first) == len(later)
        pairs = zip(first, later, strict=True) if same else product(first, later)
        return np.mean([difference(a, b) for a, b in pairs], axis=0)

    counted = [[facts(run) for run in runs] for runs in predicted]
    for n, first in enumerate(counted[:-1]):
        yield np.array([mean(first, later) for later in counted[n + 1 :]])
