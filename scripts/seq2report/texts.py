"""Documents that someone asks a model about: from a file or standard input, a few at a time."""

import csv
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from seq2report.command import UserError, nearest

DOCUMENTS, CHARACTERS = 2048, 1 << 22  # of a batch, at most: what is in memory at once


def read_texts(given: list[str], file: Path | None, column: str) -> Iterator[str]:
    """Yield the documents that a command was given.

    Args:
        given: texts; where there are none and no file, standard input has a document a line.
        file: its ending says what it is: a document a line (.txt), or a table with a row a document
            (.csv, .parquet, or .jsonl, a JSON object a line).
        column: of such a table.

    Raises:
        UserError: both are given or nothing is, there is no document in it, or something is not
            what its ending says.
    """
    found = 0
    for found, text in enumerate(_read(given, file, column), 1):  # noqa: B007 (counts)
        yield text
    if not found:
        raise UserError(f"{file or 'standard input'}: found no document, expected one or more")


def _read(given: list[str], file: Path | None, column: str) -> Iterator[str]:
    if given and file:
        raise UserError("found texts and --file, expected one of the two")
    if given:
        yield from map(encodable, given)
    elif file is None:
        if sys.stdin.isatty():
            raise UserError(
                "found no document; give texts, --file FILE, or standard input, a document a line"
            )
        yield from _lines(sys.stdin.buffer, "standard input")
    elif file.suffix not in READERS:
        known = ", ".join(READERS)
        raise UserError(f"{file}: found the ending '{file.suffix}', expected one of {known}")
    else:
        try:
            yield from READERS[file.suffix](file, column)
        except OSError as error:
            raise UserError(f"{file}: cannot be read: {error.strerror or error}") from error


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
    """Return a text with U+FFFD in the place of what is half a character (a lone surrogate)."""
    return "".join("\N{REPLACEMENT CHARACTER}" if "\ud800" <= c <= "\udfff" else c for c in text)


def _lines(file: BinaryIO, name: str) -> Iterator[str]:
    for n, line in enumerate(file, 1):
        try:
            text = line.decode("utf-8-sig" if n == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise UserError(
                f"{name}: line {n} is not UTF-8 ({error.reason}); convert it, for instance by"
                " `iconv --from-code latin1 --to-code utf-8`"
            ) from error
        yield text.rstrip("\r\n")


def _read_lines(path: Path, column: str) -> Iterator[str]:
    with path.open("rb") as file:
        yield from _lines(file, str(path))


def _read_csv(path: Path, column: str) -> Iterator[str]:
    csv.field_size_limit(sys.maxsize)
    with path.open("rb") as file:
        lines = (f"{line}\n" for line in _lines(file, str(path)))
        try:
            rows = csv.DictReader(lines, strict=True)
            _check_column(path, column, rows.fieldnames or [])
            for row in rows:
                yield _text(row[column], path, f"line {rows.line_num}", column)
        except csv.Error as error:
            raise UserError(f"{path}: line {rows.line_num + 1} is no CSV: {error}") from error


def _read_json_lines(path: Path, column: str) -> Iterator[str]:
    with path.open("rb") as file:
        for n, line in enumerate(_lines(file, str(path)), 1):
            try:
                row = json.loads(line)
            except ValueError as error:
                raise UserError(f"{path}: line {n} is no JSON: {error}") from error
            _check_column(f"{path}: line {n}", column, row if isinstance(row, dict) else [])
            yield encodable(_text(row[column], path, f"line {n}", column))


def _read_parquet(path: Path, column: str) -> Iterator[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            _check_column(path, column, file.schema_arrow.names)
            n = 0
            for rows in file.iter_batches(DOCUMENTS, columns=[column]):
                for text in rows[0].to_pylist():
                    n += 1
                    yield _text(text, path, f"row {n}", column)
    except pa.ArrowInvalid as error:
        raise UserError(f"{path}: is no Parquet file: {error}") from error


def _check_column(where: object, column: str, found: Iterable[str]) -> None:
    if column not in found:
        raise UserError(f"{where}: found no column '{column}'; {nearest(column, found)} (--column)")


def _text(value: object, path: Path, place: str, column: str) -> str:
    if not isinstance(value, str):
        raise UserError(f"{path}: {place}: found {value!r} as '{column}', expected text")
    return value


READERS = {
    ".txt": _read_lines,
    ".csv": _read_csv,
    ".jsonl": _read_json_lines,
    ".parquet": _read_parquet,
}
