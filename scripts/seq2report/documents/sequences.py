"""Encoded documents: word ids stay in a file, and selecting documents does not copy them."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl

from seq2report.core.command import damaged
from seq2report.core.stored import read_numbers, read_table

AT_ONCE = 1 << 22  # word ids that a loop over documents holds in memory


@dataclass(frozen=True)
class Encoded(ABC):
    """Encoded documents, in the order of the corpus.

    Attributes:
        ids: document ids, n str.
        split: train, validation, test or unlabelled, n categories.
        label: class names, n categories, null where unlabelled.
    """

    ids: pl.Series
    split: pl.Series
    label: pl.Series

    def __len__(self) -> int:
        return len(self.ids)

    @abstractmethod
    def take(self, rows: np.ndarray) -> Self:
        """Return the documents of these rows, in this order."""

    def of_split(self, *splits: str) -> Self:
        """Return the documents of one or several splits, in their order."""
        return self.take(np.flatnonzero(self.split.is_in(splits)))

    def classes(self, names: list[str]) -> np.ndarray:
        """Return the index of each label in ``names``, (n,) int64; no label may be null."""
        return self.label.cast(pl.Enum(names)).to_physical().cast(pl.Int64).to_numpy()


@dataclass(frozen=True)
class Sequences(Encoded):
    """Documents as word ids.

    Attributes:
        tokens: word ids, (total,) int32, each at least 1; also those of other documents.
        starts: index in ``tokens`` of the first word of each document, (n,) int64.
        lengths: number of word ids of each document, (n,) int64.
    """

    tokens: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray

    def take(self, rows: np.ndarray) -> Self:
        names = ("ids", "split", "label", "starts", "lengths")
        return replace(self, **{name: getattr(self, name)[rows] for name in names})

    def flat(self) -> np.ndarray:
        """Return a copy of the word ids of these documents, concatenated, int32."""
        return self.tokens[ranges(self.starts, self.lengths)]

    def batches(self) -> Iterator["Sequences"]:
        """Yield the documents in their order, about `AT_ONCE` word ids at a time."""
        batch = (np.cumsum(self.lengths) - self.lengths) // AT_ONCE
        for rows in np.split(np.arange(len(batch)), np.flatnonzero(np.diff(batch)) + 1):
            yield self.take(rows)


def read_sequences(path: Path | str) -> Sequences:
    """Read the output of ``encode``: sequences.parquet, and tokens.npy beside it."""
    rows = read_table(path, columns=["id", "split", "label", "length"])
    lengths = rows["length"].cast(pl.Int64).to_numpy()
    tokens = read_numbers(file := Path(path).with_name("tokens.npy"), mapped=True)
    if len(tokens) != lengths.sum():
        raise damaged(file, f"it has {len(tokens)} word ids, {path} has {lengths.sum()}")
    return Sequences(*about(rows), tokens, np.cumsum(lengths) - lengths, lengths)


def about(rows: pl.DataFrame) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Return ids, split and label of documents, the last two as categories."""
    return rows["id"], *(rows[name].cast(pl.Categorical) for name in ("split", "label"))


def ranges(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return ``start, … start + length - 1`` of each pair, concatenated, int64."""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - (ends - lengths), lengths)


def pad(sequences: Sequences, length: int, padding: str, truncating: str) -> np.ndarray:
    """Return word ids as an (n, length) int32 matrix, as ``keras.utils.pad_sequences`` does.

    ``padding`` and ``truncating`` are "pre" or "post": where zeros are added and words removed.
    """
    kept = np.minimum(sequences.lengths, length)
    first = sequences.starts + (sequences.lengths - kept if truncating == "pre" else 0)
    matrix = np.zeros((len(kept), length), dtype=np.int32)
    column = (length - kept) if padding == "pre" else np.zeros_like(kept)
    at_once = max(1, AT_ONCE // length)
    for start in range(0, len(kept), at_once):
        rows = slice(start, start + at_once)
        row = np.repeat(np.arange(start, start + len(kept[rows])), kept[rows])
        ids = sequences.tokens[ranges(first[rows], kept[rows])]
        matrix[row, ranges(column[rows], kept[rows])] = ids
    return matrix
