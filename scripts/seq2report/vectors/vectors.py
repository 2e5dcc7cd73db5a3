"""Take vectors out of what `read_vectors` or `train_vectors` wrote: words.parquet, vectors.npy.

vectors.npy holds the vectors, (n, dimensions) float32, row by row those of the words. Of a text
that was compressed or in an archive it holds the text, (bytes,) uint8, and of a plain text nothing:
the file itself is read. words.parquet then has a column end, where the line of each word ends.
Finding the lines takes a small part of the time of reading their numbers, and most words of a large
file are in no vocabulary.
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
    """Return words and vectors for `read_rows`; the vectors are memory-mapped.

    Args:
        words: words.parquet.
        vectors: vectors.npy of the same folder.
        source: the file that `read_vectors` read; None of trained vectors.

    Raises:
        UserError: they do not go together.
    """
    spelled = pl.read_parquet(words)
    stored = np.load(vectors, mmap_mode="r", allow_pickle=False)
    if "end" in spelled.columns:
        if not stored.size and source and source.stat().st_size:
            stored = np.memmap(source, dtype=np.uint8, mode="r")
        rest = stored.size - spelled["end"].max()  # the last newline, if there is one
        fits = stored.dtype == np.uint8 and stored.ndim == 1 and rest in (0, 1)
    else:
        fits = stored.ndim == 2 and spelled.height == len(stored)
    if "word" not in spelled.columns or not fits:
        raise UserError(
            f"{words}: {spelled.height} rows with the columns {', '.join(spelled.columns)} do not"
            f" go with {vectors} and {source}: {stored.dtype} of shape {stored.shape}; expected a"
            " column word and a vector a row: take both files from one run of read_vectors.py, and"
            " the source that it read"
        )
    return spelled, stored


def read_rows(words: pl.DataFrame, vectors: np.ndarray, rows: np.ndarray, where: str) -> np.ndarray:
    """Return the vectors of some words, (rows, dimensions) float32.

    Args:
        words: column word; of a text also end, the place of the line's newline.
        vectors: (n, dimensions) float32, or (bytes,) uint8; may be memory-mapped.
        rows: (rows,) int, one or more of the words.
        where: what a message calls the vectors.

    Raises:
        UserError: a number of one of these lines cannot be read, is a NaN or infinite. Lines that
            are not asked for are not looked at.
    """
    if "end" not in words.columns:
        return vectors[rows]
    text, ends = memoryview(vectors), words["end"].to_numpy()
    header = bytes(text[: ends[0]]).rfind(b"\n") + 1  # word2vec's line before the first word
    starts = np.concatenate([[header], ends[:-1] + 1])
    blank = bytes(text[header : ends[0]]).rstrip(b"\r").endswith(b" ")  # and at the end of a line
    found = []
    for first in range(0, len(rows), ROWS):
        some = rows[first : first + ROWS]
        bounds = zip(starts[some].tolist(), ends[some].tolist(), strict=True)
        lines = [text[start:end] for start, end in bounds]
        lines = [bytes(line).rstrip(b"\r ") for line in lines] if blank else lines
        try:
            found.append(_parse(lines))
        except (ValueError, pl.exceptions.PolarsError) as error:
            at, why = _first_bad(lines)
            row = int(some[at])
            raise UserError(
                f"{where}: line {row + 1 + (header > 0)} ('{words['word'][row]}') {why}, expected a"
                " word and finite numbers"
            ) from error
    return np.concatenate(found)


def _parse(lines: list[memoryview]) -> np.ndarray:
    """Return the numbers of lines, each of them a word and equally many numbers.

    Raises:
        ValueError: a number is missing, a NaN or infinite.
        PolarsError: it is none.
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
    """Return which line cannot be used, and why."""
    for at, line in enumerate(lines):
        try:
            numbers = [float(number) for number in bytes(line).rstrip(b"\r").split(b" ")[1:]]
        except ValueError as error:
            return at, f"cannot be read ({error})"
        if not all(abs(number) <= LARGEST for number in numbers):
            return at, "holds a NaN or infinity"
    return 0, "or one after it cannot be read"
