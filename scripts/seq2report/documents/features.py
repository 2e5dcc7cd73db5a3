"""Documents as features: one vector per document, from scikit-learn steps or an encoder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import scipy.sparse

from seq2report.core.command import intact
from seq2report.core.stored import read_numbers, read_table
from seq2report.documents.sequences import Encoded, about


@dataclass(frozen=True)
class Features(Encoded):
    """Documents as features.

    Attributes:
        matrix: (n, features) float32; from scikit-learn steps, one compressed sparse row per
            document, with sorted indices.
    """

    matrix: scipy.sparse.csr_matrix | np.ndarray

    def take(self, rows: np.ndarray) -> Self:
        return Features(self.ids[rows], self.split[rows], self.label[rows], self.matrix[rows])


def read_features(path: Path | str) -> Features:
    """Read the output of ``encode_features`` or ``encode_sentences``.

    ``path`` is documents.parquet; features.npz or vectors.npy is in the same folder.
    """
    rows = read_table(path)
    if (dense := Path(path).with_name("vectors.npy")).is_file():
        return Features(*about(rows), read_numbers(dense, mapped=True))
    with intact(file := Path(path).with_name("features.npz")):
        return Features(*about(rows), scipy.sparse.load_npz(file))
