"""Subsets of the labelled documents of a corpus, to train on fewer labels.

Labelled documents are the training and validation documents. A subset has both in the proportion of
the corpus, and all test documents stay.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from seq2report.core.command import UserError

DRAWN = ("train", "validation")


def drawn(split: pl.Series, label: pl.Series, corpus: dict, size: float, seed: int) -> np.ndarray:
    """Return the rows of the test documents and of a subset of the labelled ones, sorted, int64.

    The content digest of the corpus, ``seed`` and ``size`` decide the subset. It contains the
    smaller subsets of the same seed, and the classes have about their shares in the corpus.

    Args:
        split: of documents that are sorted by id, as in the corpus.
        label: of the same documents.
        corpus: content of corpus.json.
        size: as in `numbers`.

    Raises:
        UserError: the corpus does not have such a subset.
    """
    rows = [np.flatnonzero((split == "test").to_numpy())]
    for number, count in enumerate(numbers(size, corpus["counts"])):
        of_split = np.flatnonzero((split == DRAWN[number]).to_numpy())
        names = label[of_split].cast(pl.String).cast(pl.Enum(corpus["classes"]))
        random = np.random.default_rng([int(corpus["digest"], 16), seed, number])
        order = ranked(names.to_physical().cast(pl.Int64).to_numpy(), random)
        rows.append(of_split[order[:count]])
    return np.sort(np.concatenate(rows))


def ranked(classes: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return an order of documents in which every beginning is stratified.

    One document of each class comes first, those of large classes before the others. Then the
    classes take turns as in the method of Webster: document r of the n documents of a class, r from
    0, is at (r + 1/2) / n.

    Args:
        classes: class numbers, (n,) int64.
        random: decides which documents of a class come first.

    Returns:
        Rows, (n,) int64.
    """
    sizes = np.bincount(classes)
    order = random.permutation(len(classes))
    order = order[np.argsort(classes[order], kind="stable")]
    own = classes[order]
    rank = np.arange(len(order)) - (np.cumsum(sizes) - sizes)[own]
    turn = np.where(rank == 0, -sizes[own], (rank + 0.5) / sizes[own])
    return order[np.argsort(turn, kind="stable")]


def numbers(size: float, counts: Sequence[dict]) -> tuple[int, int]:
    """Return the numbers of training and validation documents of a subset.

    An integer ``size`` is the number of documents. A share is rounded to a number of documents, and
    has at least `fewest` documents, so that it fits every corpus. There is at least one validation
    document.

    Args:
        counts: rows with split, label and documents, of corpus.json.

    Raises:
        UserError: the number is too small or too large for this corpus.
    """
    train, validation = totals(counts)
    least, total = fewest(counts), train + validation
    if isinstance(size, float):
        size = max(round(size * total), least)
    elif size < least:
        raise UserError(
            f"found {size}, expected at least {least}: one training document of each of its"
            f" {_classes(counts)} classes, and validation documents in the proportion of the corpus"
        )
    elif size >= total:
        raise UserError(
            f"found {size}, but it has {total:,} labelled documents (training and validation);"
            " write 'all' for all of them, or a share such as 0.5, which fits every corpus"
        )
    watched = _watched(size, train, validation)
    return size - watched, watched


def fewest(counts: Sequence[dict]) -> int:
    """Return the smallest size that has a training document of each class."""
    train, validation = totals(counts)
    sizes = range(_classes(counts) + 1, train + validation)
    enough = (n for n in sizes if n - _watched(n, train, validation) >= _classes(counts))
    return next(enough, train + validation)


def size_mistakes(
    corpus: str, sizes: Sequence[float | str], counts: Sequence[dict]
) -> Iterator[str]:
    """Yield a message for each size that a corpus, given by its name, does not have."""
    where, found = f"compare.labels.sizes, corpus {corpus}", {}
    for size in (size for size in sizes if size != "all"):
        try:
            total = sum(numbers(size, counts))
        except UserError as error:
            yield f"{where}: {error}"
            continue
        if (other := found.setdefault(total, size)) != size and int in (type(size), type(other)):
            yield f"{where}: {other} and {size} are both {total} documents; remove one"


def totals(counts: Sequence[dict]) -> tuple[int, int]:
    """Return the numbers of training and validation documents."""
    train, validation = (
        sum(row["documents"] for row in counts if row["split"] == name) for name in DRAWN
    )
    return train, validation


def _classes(counts: Sequence[dict]) -> int:
    return sum(row["split"] == "train" for row in counts)


def _watched(size: int, train: int, validation: int) -> int:
    """Return the number of validation documents: their share, rounded, but at least one."""
    total = train + validation
    return max(1, (2 * size * validation + total) // (2 * total))
