"""Word vectors in their full space: which are near by cosine, what moved, which analogies hold."""

import numpy as np

NEIGHBOURS = 8


def unit_rows(matrix: np.ndarray) -> np.ndarray:
    """Return rows of length 1, (n, d); a row of zeros (a word without a vector) stays as it is."""
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
    """Return for which share of ``rows`` the nearest vector by cosine has the same label.

    Args:
        vectors: (n, d) float32.
        labels: (n,) of str.
        rows: (m,) int; without any, or without another vector, the share is not a number.
    """
    if not len(rows) or len(vectors) < 2:
        return np.nan
    best, _ = nearest(vectors, rows)
    return float((labels[best[:, 0]] == labels[rows]).mean())


def cosines(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return the cosine between the same rows of two matrices, (n,), within -1 and 1."""
    return np.clip((unit_rows(before) * unit_rows(after)).sum(axis=1), -1, 1)


def solve(unit: np.ndarray, a: int, b: int, c: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the answers to "a is to b as c is to what?", the best first, and their cosines.

    The cosine with b − a + c, none of these three being an answer (3CosAdd: Mikolov, Yih and Zweig
    2013, "Linguistic regularities in continuous space word representations").

    Args:
        unit: rows of length 1, (n, d).
        a: row of a word, and so are the others.
        b: the same.
        c: the same.

    Returns:
        Rows, (n - 3,) int where the three differ, and cosines.
    """
    wanted = unit[b] - unit[a] + unit[c]
    length = np.linalg.norm(wanted)
    cosine = unit @ wanted / (length if length else 1)
    order = np.argsort(-cosine, kind="stable")
    order = order[~np.isin(order, (a, b, c))]
    return order, cosine[order]
