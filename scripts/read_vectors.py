"""Read a file of word vectors once, for all vocabularies: words.parquet and vectors.npy.

Takes a text of a word and its numbers a line (GloVe's form, or word2vec's, which may begin with a
line of how many words and numbers there are and may end lines with a blank), plain, compressed or
as the only .txt or .vec member of a tar or zip; or a tar, zip or wheel with vectors as .npy and
their words as Parquet or as a .txt of a word a line. Of a text, words are read, blanks are counted
on every line, and where each line ends is kept; the numbers of a line are read, and checked, when
its word is used (see `seq2report.vectors.vectors`).
"""

import io
import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import numpy as np
import polars as pl

from seq2report.core import command
from seq2report.core.command import UserError, replacing, run
from seq2report.files.archives import (
    DAMAGE,
    HEAD,
    extract_member,
    form,
    form_of,
    names_in,
    open_content,
)

HEADER = re.compile(rb"(\d+) (\d+)\s*")  # of word2vec's text form: how many words, dimensions
BLANK, NEWLINE, RETURN = b" \n\r"
BLOCK = 1 << 18  # bytes of text that are searched at once: few enough to stay in the cache


def read_vectors(path: Path, folder: Path) -> int:
    """Write words.parquet and vectors.npy, as `seq2report.vectors.vectors` has them, into a folder.

    Returns:
        How many words have a vector.

    Raises:
        UserError: a damaged or unknown file, a ragged line, a word twice; where it is no text
            also a NaN or infinity.
    """
    try:
        words, vectors = _read(path)
    except (*DAMAGE, ValueError, pl.exceptions.PolarsError) as error:
        raise UserError(f"{path}: damaged ({error}); remove it and fetch it again") from error
    spelled = words["word"]
    if spelled.n_unique() < len(spelled):
        twice = spelled.filter(spelled.is_duplicated())[0]
        raise UserError(f"{path}: the word '{twice}' has more than one vector")
    np.save(folder / "vectors.npy", vectors, allow_pickle=False)
    words.write_parquet(folder / "words.parquet", compression="uncompressed")
    return len(spelled)


def _read(path: Path) -> tuple[pl.DataFrame, np.ndarray]:
    """Return words.parquet and vectors.npy."""
    kind = form_of(path)
    if kind in ("text", "binary"):
        with path.open("rb") as file:
            return _read_text(file, str(path)), np.zeros(0, dtype=np.uint8)
    if kind not in ("zip", "tar"):  # compressed
        with open_content(path, wanted=bool) as (_, file):
            start = file.read(HEAD)
            if form(start) != "tar":
                return _stored(start + file.read(), str(path))
    return _read_archive(path)


def _stored(text: bytes, where: str) -> tuple[pl.DataFrame, np.ndarray]:
    return _read_text(io.BytesIO(text), where), np.frombuffer(text, dtype=np.uint8)


def _read_archive(path: Path) -> tuple[pl.DataFrame, np.ndarray]:
    names = names_in(path)

    def only(*endings: str) -> tuple[str, bytes]:
        found = [name for name in names if name.endswith(endings)]
        if len(found) != 1:
            raise UserError(
                f"{path}: expected one {' or '.join(endings)} member in it, found"
                f" {', '.join(found) or 'none'}; if the one you mean is there, name it as 'member'"
                " of the source, and fetch takes it out"
            )
        return found[0], b"".join(extract_member(path, found[0]))

    if not any(name.endswith(".npy") for name in names):
        name, text = only(".txt", ".vec")
        return _stored(text, f"{path}: {name}")
    array = io.BytesIO(only(".npy")[1])
    vectors = np.lib.format.read_array(array, allow_pickle=False).astype(np.float32, copy=False)
    if any(name.endswith(".parquet") for name in names):
        frame = pl.read_parquet(only(".parquet")[1])
    else:
        lines = only(".txt")[1].decode("utf-8-sig").removesuffix("\n").split("\n")
        frame = pl.DataFrame({"word": [line.removesuffix("\r") or None for line in lines]})
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


@dataclass(frozen=True)
class _Form:
    """How the lines of a text are: ``dimensions`` numbers, ``blank`` at the end or not."""

    dimensions: int
    blank: bool
    header: int  # lines before the first word

    @property
    def blanks(self) -> int:
        return self.dimensions + self.blank


def _read_text(file: BinaryIO, where: str) -> pl.DataFrame:
    """Return columns word and end of lines of a word and its numbers, single blanks between."""
    blocks = _blocks(file)
    first = next(blocks, b"")
    header, announced = b"", None
    if match := HEADER.fullmatch(first.partition(b"\n")[0]):
        header, announced = first[: match.end() + 1], tuple(map(int, match.groups()))
        first = first[len(header) :] or next(blocks, b"")
    lines = _form(first, announced, where)
    words, ends, done, number = [], [], len(header), lines.header
    for block in chain([first], blocks):
        try:
            found, places = _split(block, lines)
        except (ValueError, pl.exceptions.PolarsError) as error:
            raise UserError(
                f"{where}: {_first_bad_line(block, number, lines)}, expected a word and"
                f" {lines.dimensions} numbers as in line {lines.header + 1}"
            ) from error
        words.append(found)
        ends.append(places + done)
        done += len(block)
        number += len(found)
    if announced and number - 1 != announced[0]:
        raise UserError(
            f"{where}: line 1 announces {announced[0]:,} words, found {number - 1:,}; is the file"
            " whole?"
        )
    words[0] = words[0].str.strip_prefix("\ufeff")  # a byte order mark
    return pl.DataFrame({"word": pl.concat(words), "end": np.concatenate(ends)})


def _form(block: bytes, announced: tuple[int, int] | None, where: str) -> _Form:
    """Return the form of a text's lines by its first one, and what a header says of them.

    Raises:
        UserError: they do not agree, or it is no word and its numbers.
    """
    line = block.partition(b"\n")[0].removesuffix(b"\r")
    number = 2 if announced else 1
    if announced and b"\0" in block:
        raise UserError(
            f"{where}: this is word2vec's binary form; expected its text form, as gensim's"
            " KeyedVectors.save_word2vec_format writes it"
        )
    blank = line.endswith(b" ")
    dimensions = line.count(b" ") - blank
    if dimensions < 2:
        raise UserError(
            f"{where}: line {number} holds {dimensions} numbers, expected a word and a vector"
        )
    if announced and dimensions != announced[1]:
        raise UserError(
            f"{where}: line 1 announces {announced[1]} numbers a word, line 2 holds {dimensions}"
        )
    return _Form(dimensions, blank, number - 1)


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    """Yield whole lines, about `BLOCK` bytes of them."""
    while block := file.read(BLOCK):
        yield block + file.readline()


def _split(block: bytes, lines: _Form) -> tuple[pl.Series, np.ndarray]:
    """Return the words of whole lines, (n,) of str, and where each line ends, (n,) int64.

    Raises:
        ValueError: a line has more or fewer blanks than the others, or no word.
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
    counter = np.uint8 if lines.blanks < 256 else np.uint32
    ragged = np.add.reduceat(blank, starts, dtype=counter) != lines.blanks
    if ragged.any() or np.count_nonzero(blank) != lines.blanks * len(ends):
        raise ValueError("a ragged line")
    if lines.blank:
        last = ends - 1 - (text[ends - 1] == RETURN)
        if (text[last] != BLANK).any():
            raise ValueError("a line without the blank at its end")
    words = [block[start : block.find(b" ", start)] for start in starts.tolist()]
    if not all(words):
        raise ValueError("a line without a word")
    return pl.Series(words, dtype=pl.Binary).cast(pl.String), ends


def _first_bad_line(block: bytes, before: int, lines: _Form) -> str:
    for n, line in enumerate(block.removesuffix(b"\n").split(b"\n"), start=before + 1):
        text = line.removesuffix(b"\r")
        word, *numbers = (text.removesuffix(b" ") if lines.blank else text).split(b" ")
        if not word:
            return f"line {n} holds no word"
        try:
            place = f"line {n} ('{word.decode()}')"
            list(map(float, numbers))
        except ValueError as error:
            return f"line {n} cannot be read ({error})"
        if len(numbers) != lines.dimensions:
            return f"{place} holds {len(numbers)} numbers"
        if lines.blank and not text.endswith(b" "):
            return f"{place} ends without a blank"
    return "it cannot be read"


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "output")
    parser.add_argument("--file", type=Path, required=True, help="text, tar, zip or wheel")
    args = parser.parse_args(argv)

    with replacing(args.output) as part:
        part.mkdir()
        logging.info("%d words have a vector", read_vectors(args.file, part))


if __name__ == "__main__":
    run(main)
