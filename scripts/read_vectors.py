"""Read pretrained word vectors once: words.parquet and vectors.npy, row by row the same words.

Takes GloVe's text form (a word and its numbers a line), plain or as the only .txt member of a
zip, or a wheel that holds vectors as .npy and their words as Parquet.
"""

import argparse
import logging
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from seq2report.archives import DAMAGE
from seq2report.command import UserError, replacing, run

HEADER = re.compile(rb"\d+ \d+\s*")  # of word2vec's text form: how many words, dimensions


def read_vectors(path: Path) -> tuple[pl.Series, np.ndarray]:
    """Return words, (n,) of str, and vectors, (n, dimensions) float32.

    Raises:
        UserError: a damaged or unknown file, a ragged line, a number that is none, a word twice.
    """
    if zipfile.is_zipfile(path):
        try:
            with zipfile.ZipFile(path) as archive:
                words, vectors = _read_zip(archive, path)
        except (*DAMAGE, ValueError, pl.exceptions.PolarsError) as error:
            raise UserError(f"{path}: damaged ({error}); remove it and fetch it again") from error
    else:
        words, vectors = parse_text(path.read_bytes(), str(path))
    wrong = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(wrong):
        raise UserError(f"{path}: the vector of '{words[int(wrong[0])]}' holds a NaN or infinity")
    twice = words.is_duplicated().arg_true()
    if len(twice):
        raise UserError(f"{path}: the word '{words[twice[0]]}' has more than one vector")
    return words, vectors


def _read_zip(archive: zipfile.ZipFile, path: Path) -> tuple[pl.Series, np.ndarray]:
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
        return parse_text(archive.read(only(".txt")), f"{path}: {only('.txt')}")
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
    return words, vectors


def parse_text(content: bytes, where: str) -> tuple[pl.Series, np.ndarray]:
    """Parse lines of a word and its numbers, separated by single blanks; see `read_vectors`."""
    first = content[: content.find(b"\n") if b"\n" in content else None]
    if HEADER.fullmatch(first):
        raise UserError(
            f"{where}: line 1 ('{first.decode().strip()}') is the header of word2vec's text form;"
            " expected a word and its vector: take this line out"
        )
    dimensions = len(first.split(b" ")) - 1
    if dimensions < 2:
        raise UserError(f"{where}: line 1 holds {dimensions} numbers, expected a word and a vector")
    numbers = [f"v{n}" for n in range(dimensions)]
    expected = f"expected a word and {dimensions} numbers as in line 1"
    try:
        frame = pl.read_csv(
            content,
            has_header=False,
            separator=" ",
            quote_char=None,
            schema={"word": pl.String} | dict.fromkeys(numbers, pl.Float32),
        )
    except pl.exceptions.PolarsError as error:
        raise UserError(f"{where}: {_first_bad_line(content, dimensions)}, {expected}") from error
    if frame.null_count().sum_horizontal().item():
        raise UserError(f"{where}: {_first_bad_line(content, dimensions)}, {expected}")
    return frame["word"], frame.select(numbers).to_numpy()


def _first_bad_line(content: bytes, dimensions: int) -> str:
    for n, line in enumerate(content.removesuffix(b"\n").split(b"\n"), start=1):
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

    words, vectors = read_vectors(args.file)
    logging.info("%d vectors of %d dimensions", *vectors.shape)
    with replacing(args.output) as part:
        part.mkdir()
        pl.DataFrame({"word": words}).write_parquet(part / "words.parquet")
        np.save(part / "vectors.npy", np.ascontiguousarray(vectors), allow_pickle=False)


if __name__ == "__main__":
    run(main)
