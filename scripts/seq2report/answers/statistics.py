"""Intervals, paired tests and calibration of runs on the same test documents: functions of arrays.

Two things are random: the choice of test documents and the seeds of training. Intervals and tests
cover both if there are two seeds or more.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtr, stdtrit  # as scipy.stats, which loads slowly

LEVEL = 0.95  # of every interval
BINS = 15  # of the confidence, the number of Guo et al. (2017)
FEWEST = 10  # documents of a bin that is drawn
POWER = 0.8  # probability that a detectable difference is found


def wilson(correct: int, n: int) -> tuple[float, float]:
    """Return the 95% interval of Wilson (1927) of a share, ``correct`` of ``n``.

    Raises:
        ValueError: ``correct`` is not between 0 and ``n``.
    """
    if not 0 <= correct <= n:
        raise ValueError(f"found {correct} of {n}, expected a share between 0 and 1")
    z, share = ndtri((1 + LEVEL) / 2), correct / n
    centre, size = 2 * correct + z**2, 2 * (n + z**2)
    half = z * (4 * n * share * (1 - share) + z**2) ** 0.5
    low = (centre - half) / size if correct else 0.0
    return float(low), float((centre + half) / size if correct < n else 1.0)


def seed_variance(accuracies: np.ndarray) -> float:
    """Return the sample variance over seeds (n - 1 in the denominator), 0 with one seed."""
    return float(np.var(accuracies, ddof=1)) if len(accuracies) > 1 else 0.0


def group_sums(values: np.ndarray, groups: np.ndarray | None) -> np.ndarray:
    """Return the sums over the documents of each group, (…, groups), of ``values``, (…, n).

    Sums over groups are independent, documents of a group are not (Liang and Zeger 1986,
    Longitudinal data analysis using generalized linear models, Biometrika 73). ``groups`` are
    numbers from 0, (n,); with None, each document is its own group.
    """
    if groups is None:
        return values
    return np.apply_along_axis(lambda row: np.bincount(groups, row), -1, values)


# Longer than other functions: the formula is documented where it is computed.
def paired_tests(
    differences: Iterable[np.ndarray],
    seed_errors: np.ndarray,
    seeds: np.ndarray | int,
    unevenness: float = 1.0,
    groups: np.ndarray | None = None,
) -> pd.DataFrame:
    """Return a paired test of each pair of variants.

    With d_i the difference of a pair in document i of n,

        z² = (Σ d_i)² / (Σ d_i² + n² (error_a + error_b)).

    With one seed and accuracies, d_i is -1, 0 or 1 and the errors are 0: z² is the statistic of
    McNemar (1947), (b - c)² / (b + c), without continuity correction. As there, the variance of
    documents is that around 0, which the hypothesis of no difference implies; Student's paired test
    takes the one around their mean, which is smaller. More seeds add their variance. p is
    two-sided, of Student's distribution with

        (Σ d_i² / n² + error_a + error_b)² / (error_a² / (S_a - 1) + error_b² / (S_b - 1))

    degrees of freedom (Satterthwaite 1946), or of the normal distribution if the errors are 0; p is
    1 if all d_i are 0. A variant with one run has the error 0: nothing is known of other runs, and
    the test is about this one. With groups of documents, such as those of one author, Σ d_i² is
    the sum over the groups of the squares of `group_sums`. p_holm is corrected over all pairs. The
    interval is the difference ± the quantile times the same denominator over n: it excludes 0
    exactly if p < 0.05, uncorrected.

    The detectable difference D is the smallest true one that p_holm < 0.05 finds with a probability
    of `POWER` at least: q times the denominator over n, with q the sum of two quantiles, at
    1 - 0.05/2m for m pairs (the first step of Holm) and at `POWER` (Bloom 1995, Minimum detectable
    effects, Evaluation Review 19(5)). A true difference D comes with nD documents more of which one
    variant alone is right, so that Σ d_i² grows by κnD; the result is the D for which this holds. κ
    is the ``unevenness``, times the factor by which groups change Σ d_i². With groups of n_g
    documents, the squares grow by D² Σ n_g (n_g - 1) as well. D is missing if all d_i are 0, and if
    it would be above 1, as with few groups.

    Args:
        differences: `metrics.differences` by document, for each variant except the last one.
        seed_errors: variance of each metric over its S seeds, divided by S, (variants,).
        seeds: S of each variant, (variants,), or of all.
        unevenness: that of the classes, see `metrics.unevenness`.
        groups: number of each document's group, from 0, (n,).

    Returns:
        One row per pair a < b: columns a and b (numbers of variants), difference (metric of a
        minus that of b), low, high, p, p_holm, detectable.
    """
    a, b = np.triu_indices(len(seed_errors), 1)
    total, squares, alone, n = *np.empty((3, len(a))), 1
    for first, away in enumerate(differences):  # one variant at a time, which needs little memory
        n = away.shape[1]
        total[a == first] = away.sum(axis=1)
        for squared, sums in ((alone, away), (squares, group_sums(away, groups))):
            squared[a == first] = np.einsum("bi,bi->b", sums, sums)
    squares = np.maximum(squares, alone)  # of groups that are more alike by chance, too
    spread = np.sqrt(squares + n**2 * (seed_errors[a] + seed_errors[b]))
    z = np.divide(total, spread, out=np.zeros_like(total), where=spread > 0)
    share = seed_errors**2 / np.maximum(np.asarray(seeds) - 1, 1)
    variance, freedom = share[a] + share[b], np.full(len(a), np.inf)
    np.divide((spread / n) ** 4, variance, out=freedom, where=variance > 0)
    p = 2 * stdtr(freedom, -np.abs(z))
    half, difference = stdtrit(freedom, (1 + LEVEL) / 2) * spread / n, total / n
    columns = {"a": a, "b": b, "difference": difference}
    columns |= {"low": difference - half, "high": difference + half, "p": p, "p_holm": holm(p)}
    levels = (1 - (1 - LEVEL) / (2 * max(len(a), 1)), POWER)
    q = sum(stdtrit(freedom, level) for level in levels)
    kappa = unevenness * np.divide(squares, alone, out=np.ones_like(alone), where=alone > 0)
    # n D = q √(spread² + κ n D + D² Σ n_g (n_g - 1))
    alike = 0 if groups is None else (np.bincount(groups) ** 2).sum() - n
    room = np.where(n**2 > q**2 * alike, 1 - q**2 * alike / n**2, np.nan)
    least = q * (kappa * q + np.sqrt((kappa * q) ** 2 + 4 * room * spread**2)) / (2 * n * room)
    found = (spread > 0) & ((least <= 1) | (groups is None))
    columns["detectable"] = np.where(found, least, np.nan)
    return pd.DataFrame(columns)


def holm(p: np.ndarray) -> np.ndarray:
    """Return p values corrected by the step-down procedure of Holm (1979).

    The smallest of n is multiplied by n, the next one by n - 1, and so on; the results are made
    monotone and at most 1.
    """
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(stepped, 1)
    return corrected


def brier(probability: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the score of Brier (1950) of each document: squared errors summed over the classes.

    0 is best, 2 is worst. ``probability`` is (n, classes), ``truth`` class numbers, (n,).
    """
    squares = np.einsum("ic,ic->i", probability, probability, dtype=np.float64)
    return squares - 2.0 * probability[np.arange(len(truth)), truth] + 1


def reliability(confidence: np.ndarray, right: np.ndarray) -> pd.DataFrame:
    """Return the accuracy of a model by confidence, in `BINS` bins of equal width.

    Bin m of M holds the confidences above (m - 1)/M up to m/M (Guo et al. 2017, On calibration of
    modern neural networks).

    Args:
        confidence: largest probability of each document, (n,).
        right: whether that class is the true one, (n,).

    Returns:
        One row per non-empty bin: bin (from 1), mean confidence, accuracy, documents.
    """
    bins = np.clip(np.ceil(confidence * BINS), 1, BINS).astype(int)
    documents = np.bincount(bins, minlength=BINS + 1)
    filled = documents.nonzero()[0]

    def mean(values: np.ndarray) -> np.ndarray:
        return np.bincount(bins, weights=values)[filled] / documents[filled]

    columns = {"bin": filled, "confidence": mean(confidence), "accuracy": mean(right)}
    return pd.DataFrame(columns | {"documents": documents[filled]})


def merged(bins: pd.DataFrame, seeds: int) -> pd.DataFrame:
    """Return the bins of `reliability` with neighbours joined, for a picture.

    Each has the answers for at least `FEWEST` documents, if there are so many, and the interval of
    `wilson`; the ``seeds`` answers for a document count as one.

    Returns:
        One row per bin: mean confidence, accuracy, documents (answers), low, high.
    """
    groups, filled = [], FEWEST * seeds
    for documents in bins["documents"]:
        is_new = filled >= FEWEST * seeds
        filled = documents + (0 if is_new else filled)
        groups.append(is_new + (groups[-1] if groups else 0))
    groups = np.array(groups)
    if filled < FEWEST * seeds and groups[-1] > 1:
        groups[groups == groups[-1]] -= 1  # the last ones are too few
    totals = bins[["confidence", "accuracy"]].mul(bins["documents"], axis=0)
    totals = totals.assign(documents=bins["documents"]).groupby(groups).sum()
    means = totals[["confidence", "accuracy"]].div(totals["documents"], axis=0)
    table = means.assign(documents=totals["documents"]).reset_index(drop=True)
    units = np.maximum(table["documents"] // seeds, 1)
    right = (table["accuracy"] * units).round().astype(int)
    table[["low", "high"]] = [wilson(*row) for row in zip(right, units, strict=True)]
    return table


def expected_calibration_error(bins: pd.DataFrame) -> float:
    """Return the expected calibration error (Guo et al. 2017) of the bins of `reliability`."""
    away = (bins["accuracy"] - bins["confidence"]).abs()
    return float(np.average(away, weights=bins["documents"]))


def selective_accuracy(
    confidence: np.ndarray, right: np.ndarray, coverage: np.ndarray
) -> np.ndarray:
    """Return the accuracy on the most confident documents, for each coverage (above 0, up to 1).

    Documents with the same confidence count with their mean accuracy. At least one document is
    used. ``confidence`` and ``right`` are as in `reliability`.
    """
    _, level, ties = np.unique(-confidence, return_inverse=True, return_counts=True)
    means = np.bincount(level, weights=right) / ties
    running = np.cumsum(np.repeat(means, ties))
    taken = np.maximum(np.rint(np.asarray(coverage) * len(right)).astype(int), 1)
    return running[taken - 1] / taken


def pareto(cost: np.ndarray, accuracy: np.ndarray) -> np.ndarray:
    """Return which rows are on the Pareto front of low cost, (n,), and high accuracy, (n,)."""
    no_worse = (accuracy[:, None] >= accuracy) & (cost[:, None] <= cost)
    better = (accuracy[:, None] > accuracy) | (cost[:, None] < cost)
    return ~(no_worse & better).any(axis=0)
