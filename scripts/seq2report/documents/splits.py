"""Random splits of a corpus, by class and by group if wanted, decided by a seed alone."""

import numpy as np
import polars as pl

from seq2report.core.command import UserError
from seq2report.documents.formats import SPLITS, UNLABELLED

SPLIT = pl.Enum(["", *SPLITS, UNLABELLED])  # empty: not decided


def assign_splits(
    documents: pl.DataFrame,
    seed: int,
    validation: float,
    test: float | None = None,
    stratify: bool = False,
) -> pl.DataFrame:
    """Set the column split: a random share for test, unless it is None, then one for validation.

    The choice depends on ``seed`` and the documents' sorted ids, with ``stratify`` also on their
    classes, and on their groups if there is a column group: no group is in two splits. A corpus
    with its own splits keeps its test documents, and its validation documents if it has some.

    Raises:
        UserError: a split would be empty, or the corpus's own splits divide a group.
    """
    if "group" in documents.columns:
        _check_groups(documents)
    split = documents["split"].cast(pl.String).to_numpy().astype(object)
    rng = np.random.default_rng(seed)
    if test is not None:
        split[split != UNLABELLED] = "train"
    # Each split leaves groups for those after it.
    for name, share, left in (("test", test, 2), ("validation", validation, 1)):
        if share is not None and name not in split:
            rows = np.flatnonzero(split == "train")
            split[rows[_chosen(documents[rows], share, stratify, rng, left)]] = name
    for name in SPLITS:
        if name not in split:
            grouped = "group" in documents.columns
            groups = f" in {documents['group'].n_unique()} groups" if grouped else ""
            raise UserError(
                f"{len(split)} documents{groups} leave no document for {name}; add documents or"
                " change the shares in the corpus's 'split'"
            )
    return documents.with_columns(split=pl.Series(split, dtype=SPLIT))


def _chosen(
    documents: pl.DataFrame, share: float, stratify: bool, rng: np.random.Generator, left: int
) -> np.ndarray:
    """Return the rows of a random share of documents, by their classes or groups or both."""
    if not stratify and "group" not in documents.columns:
        return rng.permutation(documents.height)[: round(share * documents.height)]
    labels = np.zeros(documents.height, np.int64)
    if stratify:
        _, labels = np.unique(documents["label"].cast(pl.String).to_numpy(), return_inverse=True)
    if "group" not in documents.columns:
        return stratified(share, labels, rng)
    return in_groups(share, group_numbers(documents), labels, rng, left)


def group_numbers(documents: pl.DataFrame) -> np.ndarray:
    """Return the number of each document's group, from 0, (n,) int64.

    ``documents`` have the columns id and group. A document without a group is its own group.
    """
    alone = pl.concat_str(pl.lit("\0"), "id")  # no group has such a name
    groups = documents.select(pl.col("group").fill_null(alone)).to_series()
    return np.unique(groups.to_numpy().astype(object), return_inverse=True)[1]


def _check_groups(documents: pl.DataFrame) -> None:
    """Raise `UserError` if a group has documents in two of the corpus's own splits."""
    known = documents.filter(pl.col("split").is_in(SPLITS), pl.col("group").is_not_null())
    groups = known.group_by("group").agg(pl.col("split").unique().cast(pl.String))
    divided = groups.filter(pl.col("split").list.len() > 1).sort("group")
    if divided.height:
        raise UserError(
            f"the group '{divided['group'][0]}' has documents in"
            f" {' and '.join(sorted(divided['split'][0]))}; a group has to be in one split: correct"
            " the column, or remove 'split' or 'group' from the corpus's 'columns'"
        )


def stratified(share: float, classes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Choose a share of the documents, and the same share of each class within one document.

    The share of each class is rounded down. The classes that lost most by rounding contribute one
    more document, up to the share of all documents (largest remainders, Hamilton's method). The
    last document of a class is never chosen: without it the class cannot be learned.

    Returns:
        Rows, int64; round(share × n) of them, or fewer if many classes have one document.
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
    rank = np.arange(len(order)) - first[classes[order]]
    return order[rank < taken[classes[order]]]


def in_groups(
    share: float, groups: np.ndarray, classes: np.ndarray, rng: np.random.Generator, left: int
) -> np.ndarray:
    """Choose whole groups with about a share of the documents, in one pass without a search.

    Groups are visited once, in a random order. A group is chosen if that reduces the deviation and
    the total does not exceed its share. At the end the best remaining group is added if it reduces
    the deviation further or if none was chosen. The deviation is Σ (chosen − share × n)² / n over
    the classes and all documents together.

    Args:
        share: between 0 and 1.
        groups: group numbers from 0, (n,) int.
        classes: class numbers, (n,) int; all 0 if classes have no influence.
        rng: decides the order.
        left: number of groups that must remain.

    Returns:
        Rows of the chosen documents, int64; none if there are no more than ``left`` groups.
    """
    number = int(groups.max(initial=-1)) + 1
    counts = np.zeros((number, int(classes.max(initial=0)) + 1))
    np.add.at(counts, (groups, classes), 1)
    counts = np.column_stack([counts, counts.sum(axis=1)])
    sizes = counts.sum(axis=0).clip(1)
    lack, chosen = share * sizes, np.zeros(number, dtype=bool)
    most, deviation = number - left, (lack**2 / sizes).sum()
    for group in rng.permutation(number):
        if most <= 0 or lack[-1] <= 0:
            break
        rest = lack - counts[group]
        if rest[-1] >= 0 and (cost := (rest**2 / sizes).sum()) < deviation:
            lack, deviation, chosen[group] = rest, cost, True
            most -= 1
    if most > 0:
        costs = np.where(chosen, np.inf, ((lack - counts) ** 2 / sizes).sum(axis=1))
        best = int(costs.argmin())
        if not chosen.any() or costs[best] < deviation:
            chosen[best] = True
    return np.flatnonzero(chosen[groups])
