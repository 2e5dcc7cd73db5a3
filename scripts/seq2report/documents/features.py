"""Documents as features: vectors from scikit-learn steps, without the order of the words."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import scipy.sparse

from seq2report.core.command import intact
from seq2report.core.stored import read_table
from seq2report.documents.sequences import Encoded, about


@dataclass(frozen=True)
class Features(Encoded):
    """Documents as features.

    Attributes:
        matrix: (n, features) float32, one compressed sparse row per document, with sorted indices.
    """

    matrix: scipy.sparse.csr_matrix

    def take(self, rows: np.ndarray) -> Self:
        return Features(self.ids[rows], self.split[rows], self.label[rows], self.matrix[rows])


def read_features(path: Path | str) -> Features:
    """Read the output of ``encode_features``: documents.parquet, and features.npz beside it."""
    rows = read_table(path)
    with intact(file := Path(path).with_name("features.npz")):
        return Features(*about(rows), scipy.sparse.load_npz(file))
