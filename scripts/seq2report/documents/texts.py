"""Texts to classify: from arguments, a file or standard input, in batches."""

import argparse
import codecs
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from seq2report.core.command import UserError
from seq2report.documents.formats import as_text, whole_lines
from seq2report.files.table_files import ENDINGS, HINT, kind_of, read_rows

DOCUMENTS, CHARACTERS = 2048, 1 << 22  # of a batch, at most: more are never in memory


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add a run's folder and the arguments of `read_texts` to a command."""
    parser.add_argument("run", type=Path, metavar="RUN_FOLDER", help="…/<variant>/seed-<n>")
    parser.add_argument("texts", nargs="*", metavar="TEXT", help="a document")
    parser.add_argument(
        "--file", type=Path, help=".txt (one document per line), or a table as for a corpus"
    )
    parser.add_argument("--column", default="text", help="column of such a table (default: text)")
    parser.add_argument(
        "--encoding", default="utf-8", type=known_encoding, help="of the texts (default: utf-8)"
    )


def read_texts(
    arguments: list[str], file: Path | None, column: str, encoding: str
) -> Iterator[str]:
    """Yield the documents of a command's arguments.

    Without texts and file, standard input has one document per line. A file has one document per
    line (.txt) or per row of a table, by its ending. Raises `UserError` without any document.
    """
    number = 0
    for number, text in enumerate(_read(arguments, file, column, encoding), 1):  # noqa: B007
        yield text
    if not number:
        raise UserError(f"{file or 'standard input'}: found no document, expected one or more")


def _read(arguments: list[str], file: Path | None, column: str, encoding: str) -> Iterator[str]:
    if arguments and file:
        raise UserError("found texts and --file, expected one of the two")
    if arguments:
        yield from map(encodable, arguments)
    elif file is None:
        if sys.stdin.isatty():
            raise UserError(
                "found no document; give texts, --file, or standard input, one document per line"
            )
        yield from _lines(sys.stdin.buffer, "standard input", encoding)
    else:
        try:
            yield from _read_file(file, column, encoding)
        except OSError as error:
            raise UserError(f"{file}: cannot be read: {error.strerror or error}") from error


def _read_file(file: Path, column: str, encoding: str) -> Iterator[str]:
    if file.suffix == ".txt":
        with file.open("rb") as content:
            yield from _lines(content, str(file), encoding)
    elif kind_of(file.name) or file.suffix == ".zip":
        try:
            for where, row in read_rows(file, [column], encoding):
                value = row[column]
                value = encodable(value) if isinstance(value, str) else value
                yield whole_lines(as_text(value, f"{where}: '{column}'") or "")
        except UserError as error:
            raise UserError(f"{file}: {error}") from error
    else:
        raise UserError(f"{file}: found '{file.suffix}', expected .txt, {ENDINGS}")


def _lines(file: BinaryIO, name: str, encoding: str) -> Iterator[str]:
    for n, line in enumerate(file, 1):
        try:
            text = line.decode("utf-8-sig" if n == 1 and encoding == "utf-8" else encoding)
        except UnicodeDecodeError as error:
            raise UserError(
                f"{name}: line {n} is not {encoding} ({error.reason}); {HINT}"
            ) from error
        yield text.rstrip("\r\n")


def known_encoding(name: str) -> str:
    """Return Python's name of an encoding; `ValueError` if it is unknown."""
    try:
        return codecs.lookup(name).name
    except LookupError as error:
        raise ValueError(name) from error


def batches(texts: Iterable[str]) -> Iterator[list[str]]:
    """Yield the texts in their order, at most `DOCUMENTS` and about `CHARACTERS` at a time."""
    batch, size = [], 0
    for text in texts:
        batch.append(text)
        size += len(text)
        if len(batch) == DOCUMENTS or size >= CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def encodable(text: str) -> str:
    """Return a text with U+FFFD instead of each lone surrogate (half of a character)."""
    return "".join("\N{REPLACEMENT CHARACTER}" if "\ud800" <= c <= "\udfff" else c for c in text)
