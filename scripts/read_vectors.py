"""Read a file of word vectors once, for all vocabularies: words.parquet and vectors.npy.

The file is a text with one word and its numbers per line, as of GloVe or word2vec. A word2vec file
may begin with the numbers of words and dimensions and may end lines with a blank. The text may be
plain, compressed or the only .txt or .vec member of a tar or zip. Or the file is a tar, zip or
wheel with vectors as .npy and their words as Parquet or as a .txt with one word per line.

Of a text, only the words and the end of each line are stored, and the blanks of each line are
counted. `seq2report.vectors.vectors` reads and checks the numbers of a word when it is used.
"""

import io
import logging
import re
from collections.abc import Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import polars as pl

from seq2report.core import command
from seq2report.core.command import UserError, replacing, run
from seq2report.files import archives

HEADER = re.compile(rb"(\d+) (\d+)\s*")  # words and dimensions, in word2vec's text form
BLANK, NEWLINE, RETURN = b" \n\r"
BLOCK = 1 << 18  # bytes of text that are searched at once; they fit into the cache


def read_vectors(path: Path, folder: Path) -> int:
    """Write words.parquet and vectors.npy into a folder, and return the number of words.

    Raises:
        UserError: a damaged or unknown file, a ragged line, or a repeated word; for arrays also a
            NaN or infinity.
    """
    try:
        words, vectors = _read(path)
    except (*archives.DAMAGE, ValueError, pl.exceptions.PolarsError) as error:
        raise UserError(f"{path}: damaged ({error}); remove it and fetch it again") from error
    spelled = words["word"]
    if spelled.n_unique() < len(spelled):
        repeated = spelled.filter(spelled.is_duplicated())[0]
        raise UserError(f"{path}: the word '{repeated}' has more than one vector")
    np.save(folder / "vectors.npy", vectors, allow_pickle=False)
    words.write_parquet(folder / "words.parquet", compression="uncompressed")
    return len(spelled)


def _read(path: Path) -> tuple[pl.DataFrame, np.ndarray]:
    kind = archives.form_of(path)
    if kind in ("text", "binary"):
        with path.open("rb") as file:
            return _read_text(file, str(path)), np.zeros(0, dtype=np.uint8)
    if kind not in ("zip", "tar"):  # compressed
        with archives.open_content(path, wanted=bool) as (_, file):
            start = file.read(archives.HEAD)
            if archives.form(start) != "tar":
                return _stored(start + file.read(), str(path))
    return _read_archive(path)


def _stored(text: bytes, where: str) -> tuple[pl.DataFrame, np.ndarray]:
    return _read_text(io.BytesIO(text), where), np.frombuffer(text, dtype=np.uint8)


def _read_archive(path: Path) -> tuple[pl.DataFrame, np.ndarray]:
    names = archives.names_in(path)

    def only(*endings: str) -> tuple[str, bytes]:
        chosen = [name for name in names if name.endswith(endings)]
        if len(chosen) != 1:
            raise UserError(
                f"{path}: expected one {' or '.join(endings)} member in it, found"
                f" {', '.join(chosen) or 'none'}; if the right one is there, set 'member' of the"
                " source to its name"
            )
        return chosen[0], b"".join(archives.extract_member(path, chosen[0]))

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
            f"{path}: {frame.height} words in {len(columns)} columns of text do not fit"
            f" vectors of shape {vectors.shape}; expected one word per row"
        )
    words = frame[columns[0]]
    if words.null_count():
        raise UserError(f"{path}: row {words.is_null().arg_true()[0]} of its words is empty")
    wrong = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(wrong):
        raise UserError(f"{path}: the vector of '{words[int(wrong[0])]}' has a NaN or infinity")
    return pl.DataFrame({"word": words}), np.ascontiguousarray(vectors)


class _Form(NamedTuple):
    """The form of the lines of a text."""

    dimensions: int
    blank: bool  # at the end of each line
    header: int  # lines before the first word


def _read_text(file: BinaryIO, where: str) -> pl.DataFrame:
    """Return columns word and end (of its line) of a text with single blanks as separators."""
    # Blocks of whole lines, about `BLOCK` bytes.
    blocks = (block + file.readline() for block in iter(partial(file.read, BLOCK), b""))
    first = next(blocks, b"")
    header, announced = b"", None
    if match := HEADER.fullmatch(first.partition(b"\n")[0]):
        header, announced = first[: match.end() + 1], tuple(map(int, match.groups()))
        first = first[len(header) :] or next(blocks, b"")
    lines = _form(first, announced, where)
    words, ends, done, number = [], [], len(header), lines.header
    for block in chain([first], blocks):
        try:
            of_block, line_ends = _split(block, lines)
        except (ValueError, pl.exceptions.PolarsError) as error:
            raise UserError(
                f"{where}: {_first_bad_line(block, number, lines)}, expected a word and"
                f" {lines.dimensions} numbers as in line {lines.header + 1}"
            ) from error
        words.append(of_block)
        ends.append(line_ends + done)
        done += len(block)
        number += len(of_block)
    if announced and number - 1 != announced[0]:
        raise UserError(
            f"{where}: line 1 announces {announced[0]:,} words, found {number - 1:,}; is the file"
            " complete?"
        )
    words[0] = words[0].str.strip_prefix("\ufeff")  # a byte order mark
    return pl.DataFrame({"word": pl.concat(words), "end": np.concatenate(ends)})


def _form(block: bytes, announced: tuple[int, int] | None, where: str) -> _Form:
    """Return the form of a text by its first line and the numbers in its header, if any."""
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
        message = f"line {number} has {dimensions} numbers, expected a word and a vector"
        raise UserError(f"{where}: {message}")
    if announced and dimensions != announced[1]:
        message = f"line 1 announces {announced[1]} numbers per word, line 2 has {dimensions}"
        raise UserError(f"{where}: {message}")
    return _Form(dimensions, blank, number - 1)


def _split(block: bytes, lines: _Form) -> tuple[pl.Series, np.ndarray]:
    """Return the words of whole lines, (n,) of str, and the end of each line, (n,) int64.

    Raises `ValueError` for a ragged line or one without a word, `PolarsError` for one not in UTF-8.
    """
    text = np.frombuffer(block, dtype=np.uint8)
    ends = np.flatnonzero(text == NEWLINE)
    if not block.endswith(b"\n"):
        ends = np.append(ends, len(block))  # the last line of a file may have no newline
    starts = np.concatenate([[0], ends[:-1] + 1])
    blank = (text == BLANK).view(np.uint8)
    # Sums of bytes are fastest, but modulo 256: the total shows if a line has 256 too many.
    blanks = lines.dimensions + lines.blank
    counter = np.uint8 if blanks < 256 else np.uint32
    ragged = np.add.reduceat(blank, starts, dtype=counter) != blanks
    if ragged.any() or np.count_nonzero(blank) != blanks * len(ends):
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
            return f"line {n} has no word"
        try:
            where = f"line {n} ('{word.decode()}')"
            list(map(float, numbers))
        except ValueError as error:
            return f"line {n} cannot be read ({error})"
        if len(numbers) != lines.dimensions:
            return f"{where} has {len(numbers)} numbers"
        if lines.blank and not text.endswith(b" "):
            return f"{where} ends without a blank"
    return "it cannot be read"


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "output")
    parser.add_argument("--file", type=Path, required=True, help="text, tar, zip or wheel")
    args = parser.parse_args(argv)

    with replacing(args.output) as folder:
        folder.mkdir()
        logging.info("%d words have a vector", read_vectors(args.file, folder))


if __name__ == "__main__":
    run(main)
