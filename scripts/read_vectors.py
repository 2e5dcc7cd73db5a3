"""Read a file of word vectors once, for all vocabularies: words.parquet and vectors.npy.

Takes GloVe's text form (a word and its numbers a line), plain or as the only .txt member of a
zip, or a wheel that holds vectors as .npy and their words as Parquet. Of a text, words are read,
blanks are counted on every line, and where each line ends is kept; the numbers of a line are read,
and checked, when its word is used (see `seq2report.vectors`).
"""

import argparse
import io
import logging
import re
import zipfile
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import numpy as np
import polars as pl

from seq2report.archives import DAMAGE
from seq2report.command import UserError, replacing, run

HEADER = re.compile(rb"\d+ \d+\s*")  # of word2vec's text form: how many words, dimensions
BLANK, NEWLINE = b" \n"
BLOCK = 1 << 18  # bytes of text that are searched at once: few enough to stay in the cache


def read_vectors(path: Path, folder: Path) -> int:
    """Write words.parquet and vectors.npy, as `seq2report.vectors` has them, into a folder.

    Returns:
        How many words have a vector.

    Raises:
        UserError: a damaged or unknown file, a ragged line, a word twice; where it is no text
            also a NaN or infinity.
    """
    if zipfile.is_zipfile(path):
        try:
            with zipfile.ZipFile(path) as archive:
                words, vectors = _read_zip(archive, path)
        except (*DAMAGE, ValueError, pl.exceptions.PolarsError) as error:
            raise UserError(f"{path}: damaged ({error}); remove it and fetch it again") from error
    else:
        with path.open("rb") as file:
            words, vectors = _read_text(file, str(path)), np.zeros(0, dtype=np.uint8)
    spelled = words["word"]
    if spelled.n_unique() < len(spelled):
        twice = spelled.filter(spelled.is_duplicated())[0]
        raise UserError(f"{path}: the word '{twice}' has more than one vector")
    np.save(folder / "vectors.npy", vectors, allow_pickle=False)
    words.write_parquet(folder / "words.parquet", compression="uncompressed")
    return len(spelled)


def _read_zip(archive: zipfile.ZipFile, path: Path) -> tuple[pl.DataFrame, np.ndarray]:
    def only(ending: str) -> str:
        names = [name for name in archive.namelist() if name.endswith(ending)]
        if len(names) != 1:
            raise UserError(
                f"{path}: expected one {ending} member in it, found {', '.join(names) or 'none'};"
                " if the one you mean is there, name it as 'member' of the source, and fetch takes"
                " it out"
            )
        return names[0]

    if not any(name.endswith(".npy") for name in archive.namelist()):
        text = archive.read(only(".txt"))
        words = _read_text(io.BytesIO(text), f"{path}: {only('.txt')}")
        return words, np.frombuffer(text, dtype=np.uint8)
    with archive.open(only(".npy")) as file:
        vectors = np.lib.format.read_array(file, allow_pickle=False).astype(np.float32, copy=False)
    with archive.open(only(".parquet")) as file:
        frame = pl.read_parquet(file.read())
    columns = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    if len(columns) != 1 or vectors.ndim != 2 or frame.height != len(vectors):
        raise UserError(
            f"{path}: {frame.height} words in {len(columns)} columns of text do not go with"
            f" vectors of shape {vectors.shape}; expected one word a row"
        )
    words = frame[columns[0]]
    if words.null_count():
        raise UserError(f"{path}: row {words.is_null().arg_true()[0]} of its words is empty")
    wrong = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(wrong):
        raise UserError(f"{path}: the vector of '{words[int(wrong[0])]}' holds a NaN or infinity")
    return pl.DataFrame({"word": words}), np.ascontiguousarray(vectors)


def _read_text(file: BinaryIO, where: str) -> pl.DataFrame:
    """Return columns word and end of lines of a word and its numbers, single blanks between."""
    blocks = _blocks(file)
    first = next(blocks, b"")
    dimensions = _count_numbers(first.partition(b"\n")[0], where)
    words, ends, done, lines = [], [], 0, 0
    for block in chain([first], blocks):
        try:
            found, places = _split(block, dimensions)
        except (ValueError, pl.exceptions.PolarsError) as error:
            raise UserError(
                f"{where}: {_first_bad_line(block, lines, dimensions)}, expected a word and"
                f" {dimensions} numbers as in line 1"
            ) from error
        words.append(found)
        ends.append(places + done)
        done += len(block)
        lines += len(found)
    words[0] = words[0].str.strip_prefix("\ufeff")  # a byte order mark
    return pl.DataFrame({"word": pl.concat(words), "end": np.concatenate(ends)})


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    """Yield whole lines, about `BLOCK` bytes of them."""
    while block := file.read(BLOCK):
        yield block + file.readline()


def _count_numbers(line: bytes, where: str) -> int:
    if HEADER.fullmatch(line):
        raise UserError(
            f"{where}: line 1 ('{line.decode().strip()}') is the header of word2vec's text form;"
            " expected a word and its vector: take this line out"
        )
    dimensions = line.count(b" ")
    if dimensions < 2:
        raise UserError(f"{where}: line 1 holds {dimensions} numbers, expected a word and a vector")
    return dimensions


def _split(block: bytes, dimensions: int) -> tuple[pl.Series, np.ndarray]:
    """Return the words of whole lines, (n,) of str, and where each line ends, (n,) int64.

    Raises:
        ValueError: a line has more or fewer blanks than ``dimensions``, or no word.
        PolarsError: a word is not UTF-8.
    """
    text = np.frombuffer(block, dtype=np.uint8)
    ends = np.flatnonzero(text == NEWLINE)
    if not block.endswith(b"\n"):
        ends = np.append(ends, len(block))  # the last line of a file may go without
    starts = np.concatenate([[0], ends[:-1] + 1])
    blank = (text == BLANK).view(np.uint8)
    # Bytes are added up fastest. They count modulo 256, and with so many too many on one line the
    # sum of all would not be right.
    counter = np.uint8 if dimensions < 256 else np.uint32
    ragged = np.add.reduceat(blank, starts, dtype=counter) != dimensions
    if ragged.any() or np.count_nonzero(blank) != dimensions * len(ends):
        raise ValueError("a ragged line")
    words = [block[start : block.find(b" ", start)] for start in starts.tolist()]
    if not all(words):
        raise ValueError("a line without a word")
    return pl.Series(words, dtype=pl.Binary).cast(pl.String), ends


def _first_bad_line(block: bytes, before: int, dimensions: int) -> str:
    for n, line in enumerate(block.removesuffix(b"\n").split(b"\n"), start=before + 1):
        word, *numbers = line.split(b" ")
        if not word.strip(b"\r"):
            return f"line {n} holds no word"
        try:
            place = f"line {n} ('{word.decode()}')"
            list(map(float, numbers))
        except ValueError as error:
            return f"line {n} cannot be read ({error})"
        if len(numbers) != dimensions:
            return f"{place} holds {len(numbers)} numbers"
    return "it cannot be read"


def main(argv: Sequence[str] | None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--file", type=Path, required=True, help="text, zip or wheel")
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    args = parser.parse_args(argv)

    with replacing(args.output) as part:
        part.mkdir()
        logging.info("%d words have a vector", read_vectors(args.file, part))


if __name__ == "__main__":
    run(main)
