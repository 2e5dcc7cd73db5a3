"""Documents as features: one vector per document, from scikit-learn steps or an encoder."""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from zipfile import ZIP_STORED, ZipFile

import numpy as np
import scipy.sparse

from seq2report.core.command import intact
from seq2report.core.stored import read_numbers, read_table
from seq2report.documents.sequences import Encoded, about, ranges


class SparseFile:
    """A matrix of compressed sparse rows in an ``.npz`` file, not compressed.

    Its rows are read from the file when they are selected, and no others are in memory: not even
    as mapped pages, which count as memory of the process.

    Raises:
        ValueError: the file is damaged, or has another content.
    """

    def __init__(self, file: Path) -> None:
        self._file, self._arrays = file, {}
        with ZipFile(file) as archive, file.open("rb") as content:
            if member := archive.testzip():
                raise ValueError(f"its member {member} has another checksum")
            for name in ("data", "indices", "indptr", "shape"):
                member = archive.getinfo(f"{name}.npy")
                if member.compress_type != ZIP_STORED:
                    raise ValueError(f"found compressed {name}, expected it as it is")
                content.seek(member.header_offset)
                # A name and extra fields follow 30 bytes, which end with the two lengths.
                content.seek(sum(struct.unpack("<26x2H", content.read(30))), 1)
                np.lib.format.read_magic(content)
                shape, _, dtype = np.lib.format.read_array_header_1_0(content)
                if dtype.kind not in "fi":
                    raise ValueError(f"found {dtype} in {name}, expected numbers")
                self._arrays[name] = dtype, "r", content.tell(), shape
        self.shape = tuple(self._mapped("shape").tolist())
        self._starts = np.array(self._mapped("indptr"))

    def _mapped(self, name: str) -> np.ndarray:
        return np.memmap(self._file, *self._arrays[name])

    def __getitem__(self, rows: np.ndarray) -> scipy.sparse.csr_matrix:
        starts, lengths = self._starts[rows], np.diff(self._starts)[rows]
        places, ends = ranges(starts, lengths), np.append(0, np.cumsum(lengths))
        data, indices = (self._mapped(name)[places] for name in ("data", "indices"))
        return scipy.sparse.csr_matrix((data, indices, ends), (len(rows), self.shape[1]))


@dataclass(frozen=True)
class Features(Encoded):
    """Documents as features.

    Attributes:
        stored: (documents, features) float32, the rows of these documents and of others; from
            scikit-learn steps, compressed sparse rows with sorted indices.
        rows: row in ``stored`` of each document, (n,); None: all, in their order.
    """

    stored: scipy.sparse.csr_matrix | SparseFile | np.ndarray
    rows: np.ndarray | None = None

    @property
    def width(self) -> int:
        """The number of features."""
        return self.stored.shape[1]

    @property
    def matrix(self) -> scipy.sparse.csr_matrix | np.ndarray:
        """A copy of the features of these documents, (n, features) float32."""
        return self.stored[np.arange(len(self)) if self.rows is None else self.rows]

    def take(self, rows: np.ndarray) -> Self:
        known = (self.ids[rows], self.split[rows], self.label[rows])
        return Features(*known, self.stored, rows if self.rows is None else self.rows[rows])


def read_features(path: Path | str) -> Features:
    """Read the output of ``encode_features`` or ``encode_sentences``.

    ``path`` is documents.parquet; features.npz or vectors.npy is in the same folder.
    """
    rows = read_table(path)
    if (dense := Path(path).with_name("vectors.npy")).is_file():
        return Features(*about(rows), read_numbers(dense, mapped=True))
    with intact(file := Path(path).with_name("features.npz")):
        return Features(*about(rows), SparseFile(file))
