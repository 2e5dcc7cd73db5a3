"""Similarity of word vectors in their full space: neighbours, movement, analogies."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

NEIGHBOURS = 8


def unit_rows(matrix: np.ndarray) -> np.ndarray:
    """Scale rows to length 1, (n, d); rows of zeros (words without a vector) are unchanged."""
    norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.divide(matrix, norms, out=np.zeros_like(matrix), where=norms > 0)


def nearest(matrix: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the `NEIGHBOURS` rows nearest by cosine to each of ``rows``, and their cosines.

    Rows of zeros (words without a vector) are never neighbours.
    """
    unit = unit_rows(matrix)
    cosine = unit[rows] @ unit.T
    cosine[:, ~matrix.any(axis=1)] = -np.inf
    cosine[np.arange(len(rows)), rows] = -np.inf
    best = np.argsort(-cosine, axis=1)[:, :NEIGHBOURS]
    return best, np.take_along_axis(cosine, best, axis=1)


def same_class(vectors: np.ndarray, labels: np.ndarray, rows: np.ndarray) -> float:
    """Return the share of ``rows`` whose nearest vector by cosine has the same label.

    The result is NaN without rows or with fewer than two vectors, (n, d) float32.
    """
    if not len(rows) or len(vectors) < 2:
        return np.nan
    best, _ = nearest(vectors, rows)
    return float((labels[best[:, 0]] == labels[rows]).mean())


def neighbours_of_class(vectors: np.ndarray, labels: np.ndarray, number: int) -> np.ndarray:
    """Return the share of the nearest ``number`` vectors by cosine with the same label, (n,).

    ``number`` is at most `NEIGHBOURS` and smaller than the number of vectors, (n, d) float32.
    """
    best, _ = nearest(vectors, np.arange(len(vectors)))
    return (labels[best[:, :number]] == labels[:, None]).mean(axis=1)


def cosines(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return the cosine between the same rows of two matrices, (n,), within -1 and 1."""
    return np.clip((unit_rows(before) * unit_rows(after)).sum(axis=1), -1, 1)


def solve(unit: np.ndarray, a: int, b: int, c: int) -> tuple[np.ndarray, np.ndarray]:
    """Rank the answers to "a is to b as c is to what?" by their cosine with b − a + c.

    The words a, b and c themselves are excluded (3CosAdd: Mikolov, Yih and Zweig 2013, "Linguistic
    regularities in continuous space word representations").

    Args:
        unit: rows of length 1, (n, d); a, b and c are rows of it.

    Returns:
        Rows, the best first, (n - 3,) int if the three differ, and their cosines.
    """
    wanted = unit[b] - unit[a] + unit[c]
    length = np.linalg.norm(wanted)
    cosine = unit @ wanted / (length if length else 1)
    order = np.argsort(-cosine, kind="stable")
    order = order[~np.isin(order, (a, b, c))]
    return order, cosine[order]


def list_neighbours(words: Sequence[str], vectors: np.ndarray, rows: np.ndarray) -> pd.DataFrame:
    """Return columns word, rank (from 1), neighbour, cosine: the nearest of ``words`` by cosine.

    ``vectors`` is (n, d) float32; ``rows`` are those of the query words.
    """
    best, cosine = nearest(vectors, rows)
    neighbours = [
        (words[row], rank + 1, words[other], float(value))
        for row, others, values in zip(rows, best, cosine, strict=True)
        for rank, (other, value) in enumerate(zip(others, values, strict=True))
        if np.isfinite(value)  # with few words, the query itself would come last
    ]
    return pd.DataFrame(neighbours, columns=["word", "rank", "neighbour", "cosine"])
