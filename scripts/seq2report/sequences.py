"""Encoded documents in memory: ids of all documents in one flat array, rows cut from it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq


@dataclass(frozen=True)
class Sequences:
    """Documents as word ids, in the order of the corpus.

    Attributes:
        ids: document ids, (n,) of str.
        split: "train", "validation", "test" or "unlabelled", (n,) of str.
        label: class names, (n,) of str, None where unlabelled.
        tokens: word ids of all documents, one after the other, (total,) int32, each at least 1.
        offsets: document i is ``tokens[offsets[i]:offsets[i + 1]]``, (n + 1,) int64.
    """

    ids: np.ndarray
    split: np.ndarray
    label: np.ndarray
    tokens: np.ndarray
    offsets: np.ndarray

    def part(self, *splits: str) -> "Sequences":
        """Return the documents of one split, or of several, in their order."""
        rows = np.flatnonzero(np.isin(self.split, splits))
        lengths = np.diff(self.offsets)[rows]
        source = ranges(self.offsets[rows], lengths)
        return Sequences(
            self.ids[rows],
            self.split[rows],
            self.label[rows],
            self.tokens[source],
            np.concatenate([[0], np.cumsum(lengths)]),
        )


def read_sequences(path: Path | str) -> Sequences:
    """Read what ``encode`` wrote: columns id, split, label and tokens (a list of word ids)."""
    table = pq.read_table(path).combine_chunks()
    tokens = table["tokens"].combine_chunks()
    return Sequences(
        *(table[name].to_numpy() for name in ("id", "split", "label")),
        tokens.values.to_numpy().astype(np.int32, copy=False),
        tokens.offsets.to_numpy().astype(np.int64),
    )


def ranges(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return ``start, … start + length - 1`` of each pair, one after the other, int64."""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - (ends - lengths), lengths)


def pad(sequences: Sequences, length: int, padding: str, truncating: str) -> np.ndarray:
    """Return word ids as an (n, length) int32 matrix, 0 where a document is shorter.

    ``padding`` and ``truncating`` are "pre" or "post" and mean what they mean in
    ``keras.utils.pad_sequences``: the side on which zeros are put, and on which words are cut.
    """
    whole = np.diff(sequences.offsets)
    kept = np.minimum(whole, length)
    first = sequences.offsets[:-1] + (whole - kept if truncating == "pre" else 0)
    matrix = np.zeros((len(kept), length), dtype=np.int32)
    column = (length - kept) if padding == "pre" else np.zeros_like(kept)
    row = np.repeat(np.arange(len(kept)), kept)
    matrix[row, ranges(column, kept)] = sequences.tokens[ranges(first, kept)]
    return matrix
