"""Read vectors from the output of `read_vectors` or `train_vectors`: words.parquet and vectors.npy.

vectors.npy has the vectors of the words, (n, dimensions) float32. If they come from a text that was
compressed or in an archive, it has that text, (bytes,) uint8; for a plain text it is empty, and the
source itself is read. words.parquet then has the columns start and end, the position of the numbers
of each word; for word2vec's binary form, start and numbers, how many float32 there are. Finding the
numbers is much faster than reading them, and most words of a large file are in no vocabulary.
"""

from pathlib import Path

import numpy as np
import polars as pl

from seq2report.core.command import UserError
from seq2report.core.stored import read_numbers, read_table

LARGEST = float(np.finfo(np.float32).max)
ROWS = 1 << 15  # lines whose numbers are read at once; bounds the memory


def open_vectors(
    words: Path, vectors: Path, source: Path | None
) -> tuple[pl.DataFrame, np.ndarray]:
    """Return words and memory-mapped vectors for `read_rows`.

    ``source`` is the file that `read_vectors` read; None for trained vectors.

    Raises:
        UserError: the files do not belong together.
    """
    spelled = read_table(words)
    stored = read_numbers(vectors, mapped=True)
    if "start" in spelled.columns:
        if not stored.size and source and source.stat().st_size:
            stored = np.memmap(source, dtype=np.uint8, mode="r")
        size = pl.read_parquet_metadata(words).get("bytes")
        fits = stored.dtype == np.uint8 and size == str(stored.size)
    else:
        fits = stored.ndim == 2 and spelled.height == len(stored)
    if "word" not in spelled.columns or not fits:
        raise UserError(
            f"{words}: {spelled.height} rows with the columns {', '.join(spelled.columns)} do not"
            f" fit {vectors} and {source}: {stored.dtype} of shape {stored.shape}; expected a"
            " column word and one vector per row: use both files of one run of read_vectors.py, and"
            " the source that it read"
        )
    return spelled, stored


def read_rows(words: pl.DataFrame, vectors: np.ndarray, rows: np.ndarray, where: str) -> np.ndarray:
    """Return the vectors of some words, (rows, dimensions) float32.

    Args:
        words: column word; for a text also end, the position of the line's newline.
        vectors: (n, dimensions) float32, or (bytes,) uint8; may be memory-mapped.
        rows: row numbers of ``words``, (rows,) int, one or more.
        where: the name of the vectors in messages.

    Raises:
        UserError: a number in these lines cannot be read, is a NaN or infinite.
    """
    if "start" not in words.columns:
        return vectors[rows]
    starts, text = words["start"].to_numpy()[rows], memoryview(vectors)
    if "numbers" in words.columns:
        size = 4 * words["numbers"][0]
        found = b"".join(text[start : start + size] for start in starts.tolist())
        numbers = np.frombuffer(found, "<f4").reshape(len(rows), -1)
        wrong = np.flatnonzero(~np.isfinite(numbers).all(axis=1))
        if len(wrong):
            word = words["word"][int(rows[wrong[0]])]
            raise UserError(f"{where}: the vector of '{word}' has a NaN or infinity")
        return numbers
    numbers, ends = [], words["end"].to_numpy()[rows]
    dimensions = len(bytes(text[starts[0] : ends[0]]).split())
    for first in range(0, len(rows), ROWS):
        some = slice(first, first + ROWS)
        bounds = zip(starts[some].tolist(), ends[some].tolist(), strict=True)
        lines = [text[start:end] for start, end in bounds]
        try:
            numbers.append(_parse(lines, dimensions))
        except ValueError as error:
            at, reason = error.args
            number = bytes(text[: starts[first + at]]).count(b"\n") + 1
            line = f"line {number} ('{words['word'][int(rows[first + at])]}')"
            message = f"{where}: {line} {reason}, expected a word and {dimensions} finite numbers"
            raise UserError(message) from error
    return np.concatenate(numbers)


def _parse(lines: list[memoryview], dimensions: int) -> np.ndarray:
    """Return the numbers of lines, (lines, dimensions) float32.

    Raises:
        ValueError: the index of the first invalid line, and the reason.
    """
    gap = b"\t" if b"\t" in bytes(lines[0]) else b" "
    try:
        frame = pl.read_csv(
            b"\n".join([*lines, b""]),
            has_header=False,
            separator=gap.decode(),
            quote_char=None,
            schema={f"v{n}": pl.Float32 for n in range(dimensions)},
        )
        numbers = np.ascontiguousarray(frame.to_numpy())  # a missing one becomes a NaN
        if len(numbers) == len(lines) and np.isfinite(numbers).all():
            return numbers
    except pl.exceptions.PolarsError:
        pass  # more than one blank between two numbers, or no number
    return np.array([_numbers(at, bytes(line), dimensions) for at, line in enumerate(lines)], "f4")


def _numbers(at: int, line: bytes, dimensions: int) -> list[float]:
    """Return the numbers of a line; see `_parse`."""
    try:
        numbers = [float(number) for number in line.split()]
    except ValueError as error:
        raise ValueError(at, f"cannot be read ({error})") from error
    if len(numbers) != dimensions:
        raise ValueError(at, f"has {len(numbers)} numbers")
    if not all(abs(number) <= LARGEST for number in numbers):
        raise ValueError(at, "has a NaN or infinity")
    return numbers
