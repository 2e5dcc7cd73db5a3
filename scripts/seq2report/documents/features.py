"""Documents as features: what scikit-learn steps make of their texts, without the words' order."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl
import scipy.sparse

from seq2report.documents.sequences import Encoded, about


@dataclass(frozen=True)
class Features(Encoded):
    """Documents as features.

    Attributes:
        matrix: (n, features) float32, a compressed sparse row a document, its indices sorted.
    """

    matrix: scipy.sparse.csr_matrix

    def take(self, rows: np.ndarray) -> Self:
        return Features(self.ids[rows], self.split[rows], self.label[rows], self.matrix[rows])


def read_features(path: Path | str) -> Features:
    """Read what ``encode_features`` wrote: a Parquet file, and features.npz beside it."""
    rows = pl.read_parquet(path)
    return Features(*about(rows), scipy.sparse.load_npz(Path(path).with_name("features.npz")))
