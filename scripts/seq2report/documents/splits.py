"""Random parts of a corpus that know of classes and of groups, decided by a generator alone."""

import numpy as np


def stratified(share: float, classes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Choose a share of the documents, and the same share of each class within one document.

    Of each class the whole part of its share is chosen; what is missing from the share of all
    comes from the classes that lost most by this (largest remainders, Hamilton's method). The last
    document of a class is never chosen: a class that is not left cannot be learned.

    Args:
        share: between 0 and 1.
        classes: class numbers, (n,) int.
        rng: decides which ones.

    Returns:
        Places of the chosen documents, int64; round(share × n) of them, or fewer where many classes
        have one document.
    """
    sizes = np.bincount(classes)
    wanted = share * sizes
    taken = np.floor(wanted).astype(np.int64)
    open_ = taken < np.minimum(np.ceil(wanted).astype(np.int64), sizes - 1)
    by_loss = np.argsort(taken - wanted, kind="stable")
    more = by_loss[open_[by_loss]][: max(0, round(share * len(classes)) - taken.sum())]
    taken[more] += 1
    order = rng.permutation(len(classes))
    order = order[np.argsort(classes[order], kind="stable")]
    first = np.cumsum(sizes) - sizes
    place = np.arange(len(order)) - first[classes[order]]
    return order[place < taken[classes[order]]]


def in_groups(
    share: float, groups: np.ndarray, classes: np.ndarray, rng: np.random.Generator, left: int
) -> np.ndarray:
    """Choose whole groups that hold a share of the documents, as near as can be without a search.

    Groups are looked at once, in a random order. One is chosen where the parts come nearer to their
    shares by it and all documents together do not pass theirs; at the end one more, the best, where
    it brings them nearer still or where none was chosen. How far the parts are from their shares is
    Σ (chosen − share × n)² / n over the classes and all documents together.

    Args:
        share: between 0 and 1.
        groups: group numbers from 0 on, (n,) int.
        classes: class numbers, (n,) int; all 0 where classes play no part.
        rng: decides the order.
        left: so many groups are not chosen.

    Returns:
        Places of the chosen documents, int64; none where there are no more than ``left`` groups.
    """
    number = int(groups.max(initial=-1)) + 1
    counts = np.zeros((number, int(classes.max(initial=0)) + 1))
    np.add.at(counts, (groups, classes), 1)
    counts = np.column_stack([counts, counts.sum(axis=1)])
    sizes = counts.sum(axis=0).clip(1)
    lack, chosen = share * sizes, np.zeros(number, dtype=bool)
    most, far = number - left, (lack**2 / sizes).sum()
    for group in rng.permutation(number):
        if most <= 0 or lack[-1] <= 0:
            break
        rest = lack - counts[group]
        if rest[-1] >= 0 and (cost := (rest**2 / sizes).sum()) < far:
            lack, far, chosen[group] = rest, cost, True
            most -= 1
    if most > 0:
        costs = np.where(chosen, np.inf, ((lack - counts) ** 2 / sizes).sum(axis=1))
        best = int(costs.argmin())
        if not chosen.any() or costs[best] < far:
            chosen[best] = True
    return np.flatnonzero(chosen[groups])
