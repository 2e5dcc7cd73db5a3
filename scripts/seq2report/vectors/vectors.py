"""Read vectors from the output of `read_vectors` or `train_vectors`: words.parquet and vectors.npy.

vectors.npy has the vectors of the words, (n, dimensions) float32. If they come from a text that was
compressed or in an archive, it has that text, (bytes,) uint8; for a plain text it is empty, and the
source itself is read. words.parquet then has a column end, the position at which each word's line
ends. Finding the lines is much faster than reading their numbers, and most words of a large file
are in no vocabulary.
"""

from pathlib import Path

import numpy as np
import polars as pl

from seq2report.core.command import UserError

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
    spelled = pl.read_parquet(words)
    stored = np.load(vectors, mmap_mode="r", allow_pickle=False)
    if "end" in spelled.columns:
        if not stored.size and source and source.stat().st_size:
            stored = np.memmap(source, dtype=np.uint8, mode="r")
        rest = stored.size - spelled["end"].max()  # the last newline, if any
        fits = stored.dtype == np.uint8 and stored.ndim == 1 and rest in (0, 1)
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
    if "end" not in words.columns:
        return vectors[rows]
    text, ends = memoryview(vectors), words["end"].to_numpy()
    header = bytes(text[: ends[0]]).rfind(b"\n") + 1  # word2vec's line before the first word
    starts = np.concatenate([[header], ends[:-1] + 1])
    blank = bytes(text[header : ends[0]]).rstrip(b"\r").endswith(b" ")  # and at the end of a line
    numbers = []
    for first in range(0, len(rows), ROWS):
        some = rows[first : first + ROWS]
        bounds = zip(starts[some].tolist(), ends[some].tolist(), strict=True)
        lines = [text[start:end] for start, end in bounds]
        lines = [bytes(line).rstrip(b"\r ") for line in lines] if blank else lines
        try:
            numbers.append(_parse(lines))
        except (ValueError, pl.exceptions.PolarsError) as error:
            at, reason = _first_bad(lines)
            row = int(some[at])
            line = f"line {row + 1 + (header > 0)} ('{words['word'][row]}')"
            message = f"{where}: {line} {reason}, expected a word and finite numbers"
            raise UserError(message) from error
    return np.concatenate(numbers)


def _parse(lines: list[memoryview]) -> np.ndarray:
    """Return the numbers of lines with one word and equally many numbers each, float32.

    Raises:
        ValueError: a number is missing, a NaN or infinite.
        PolarsError: it is not a number.
    """
    dimensions = bytes(lines[0]).count(b" ")
    frame = pl.read_csv(
        b"\n".join([*lines, b""]),
        has_header=False,
        separator=" ",
        quote_char=None,
        schema={"word": pl.String} | {f"v{n}": pl.Float32 for n in range(dimensions)},
        columns=range(1, dimensions + 1),
    )
    numbers = np.ascontiguousarray(frame.to_numpy())  # a missing one becomes a NaN
    if not np.isfinite(numbers).all():
        raise ValueError("not finite")
    return numbers


def _first_bad(lines: list[memoryview]) -> tuple[int, str]:
    """Return the index of the first invalid line, and the reason."""
    for at, line in enumerate(lines):
        try:
            numbers = [float(number) for number in bytes(line).rstrip(b"\r").split(b" ")[1:]]
        except ValueError as error:
            return at, f"cannot be read ({error})"
        if not all(abs(number) <= LARGEST for number in numbers):
            return at, "has a NaN or infinity"
    return 0, "or one after it cannot be read"
