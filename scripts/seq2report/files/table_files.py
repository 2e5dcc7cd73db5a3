"""Rows of CSV, TSV, JSON Lines and Parquet files, with unchanged values and line numbers.

``01`` and ``NA`` in a CSV file are text like any other; a number in JSON Lines keeps its digits.
"""

import codecs
import csv
import io
import json
import reprlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import BinaryIO

from seq2report.core.command import UserError, nearest
from seq2report.files.archives import DAMAGE, open_content

KINDS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
PACKED = (".gz", ".bz2", ".xz", ".zst")
ENDINGS = f"{', '.join(KINDS)} (with or without {', '.join(PACKED)}) or .zip"
DELIMITERS = {"csv": ",;\t|", "tsv": "\t"}  # the first one that gives the wanted columns
HINT = "set the 'encoding' to that of the file, for example latin-1"
LARGEST_FIELD = 2**31 - 1  # characters; Python's csv stops at 131,072 otherwise
Row = tuple[str, dict[str, object]]  # its position, such as 'line 7', and its values by column


def kind_of(name: str) -> str | None:
    """Return the kind of table by a file's name: csv, tsv, jsonl, parquet, or None."""
    path = PurePath(name.lower())
    return KINDS.get((path.with_suffix("") if path.suffix in PACKED else path).suffix)


def read_rows(path: Path, columns: list[str], encoding: str) -> Iterator[Row]:
    """Yield the position of each row of a table, and its values in some columns.

    A value is text; in JSON Lines also true, false, None, a list or a mapping; in Parquet whatever
    the column holds.

    Args:
        path: a table whose kind `kind_of` knows, or a zip with one.
        columns: names of columns of the table.
        encoding: of its text.

    Raises:
        UserError: the table is damaged, empty, ragged, of another encoding or lacks a column.
    """
    try:
        with open_table(path) as (kind, file):
            if kind == "parquet":
                yield from _parquet(file, columns)
            elif kind == "jsonl":
                yield from _json_lines(_text(file, encoding), columns)
            else:
                delimiter = _delimiter(path, kind, columns, encoding)
                yield from _delimited(_text(file, encoding), columns, delimiter)
    except UnicodeError as error:
        raise UserError(f"{_undecodable(path, encoding) or error}") from error
    except DAMAGE as error:
        raise UserError(f"it is damaged ({error}); remove it and fetch it again") from error


def column_names(path: Path, encoding: str) -> list[str]:
    """Return the names of a table's columns; of JSON Lines, those that all lines have.

    The delimiter of a CSV file is the one that gives most columns in the first row.

    Raises:
        UserError: as `read_rows`.
    """
    try:
        with open_table(path) as (kind, file):
            if kind == "parquet":
                return _parquet_file(file).schema_arrow.names
            if kind == "jsonl":
                lines = (found for _, found in _objects(_text(file, encoding)))
                names = list(next(lines, {}))
                for found in lines:
                    names = [name for name in names if name in found]
                return names
        return max((_header(path, each, encoding) for each in DELIMITERS[kind]), key=len)
    except UnicodeError as error:
        raise UserError(f"{_undecodable(path, encoding) or error}") from error
    except DAMAGE as error:
        raise UserError(f"it is damaged ({error}); remove it and fetch it again") from error


@contextmanager
def open_table(path: Path) -> Iterator[tuple[str, BinaryIO]]:
    """Open a table: its kind, and its uncompressed bytes."""
    with open_content(path, wanted=kind_of) as (name, file):
        kind = kind_of(name)
        if kind is None:
            raise UserError(f"'{name}' does not end like a table; allowed: {ENDINGS}")
        yield kind, file


def _text(file: BinaryIO, encoding: str) -> io.TextIOWrapper:
    """Return the text of a file, line ends as they are, without a byte order mark."""
    known = codecs.lookup(encoding).name
    return io.TextIOWrapper(file, "utf-8-sig" if known == "utf-8" else known, newline="")


def _undecodable(path: Path, encoding: str) -> str | None:
    """Return a message about the first byte that is not of this encoding."""
    decoder, line = codecs.getincrementaldecoder(encoding)(), 1
    with open_table(path) as (_, file):
        while chunk := file.read(1 << 16):
            try:
                line += decoder.decode(chunk).count("\n")
            except UnicodeDecodeError as error:
                line += error.object[: error.start].count(b"\n")
                return (
                    f"line {line}: the byte 0x{error.object[error.start]:02x} is not {encoding};"
                    f" {HINT}"
                )
    return None


def _header(path: Path, delimiter: str, encoding: str) -> list[str]:
    """Return the names of the columns; an empty list if the delimiter is wrong."""
    with open_table(path) as (_, file):
        reader = _reader(_text(file, encoding), delimiter)
        try:
            found = next(reader, None)
        except csv.Error:
            return []
    if not found:
        raise UserError("it is empty; expected the names of the columns in its first line")
    return found


def _reader(text: io.TextIOWrapper, delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(LARGEST_FIELD)
    return csv.reader(text, delimiter=delimiter, strict=True)


def _delimiter(path: Path, kind: str, columns: list[str], encoding: str) -> str:
    """Return the first delimiter that gives all wanted columns."""
    known = DELIMITERS[kind]
    return next((d for d in known if set(columns) <= set(_header(path, d, encoding))), known[0])


def _delimited(text: io.TextIOWrapper, columns: list[str], delimiter: str) -> Iterator[Row]:
    reader = _reader(text, delimiter)
    line = 1
    try:
        header = next(reader)
        places = _positions(header, columns, "line 1")
        line = reader.line_num + 1
        for row in reader:
            if len(row) != len(header) and row:  # nothing is on an empty line
                raise UserError(
                    f"line {line}: found {len(row)} values, expected {len(header)} as in line 1;"
                    " a value with a delimiter or a line end has to be in quotes"
                )
            if row:
                yield f"line {line}", {name: row[place] for name, place in places.items()}
            line = reader.line_num + 1
    except csv.Error as error:
        raise UserError(
            f"line {line}: {error}; a value that begins with a quote has to end with one, and a"
            ' quote inside it is written twice ("")'
        ) from error


def _json_lines(text: io.TextIOWrapper, columns: list[str]) -> Iterator[Row]:
    for place, found in _objects(text):
        _positions(list(found), columns, place)
        yield place, {name: found[name] for name in columns}


def _objects(text: io.TextIOWrapper) -> Iterator[Row]:
    for number, line in enumerate(text, 1):
        if not line.strip():
            continue
        try:
            # Numbers as they are written; NaN, which is not JSON, as None.
            found = json.loads(line, parse_float=str, parse_int=str, parse_constant=lambda _: None)
        except (ValueError, RecursionError) as error:
            raise UserError(
                f"line {number}: not JSON ({error}); expected one object per line"
            ) from error
        if not isinstance(found, dict):
            raise UserError(
                f"line {number}: found {reprlib.repr(found)}, expected one object per line, as in"
                ' {"text": "…", "label": "…"}'
            )
        yield f"line {number}", found


def _parquet_file(file: BinaryIO):
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # Compressed files cannot be read from the end.
        plain = isinstance(file, io.BufferedReader)
        return pq.ParquetFile(file if plain else pa.BufferReader(file.read()))
    except pa.ArrowException as error:
        raise UserError(f"it is not a Parquet file, or damaged: {error}") from error


def _parquet(file: BinaryIO, columns: list[str]) -> Iterator[Row]:
    import pyarrow as pa

    table = _parquet_file(file)
    _positions(table.schema_arrow.names, columns, "its columns")
    number = 0
    try:
        for batch in table.iter_batches(1024, columns=columns):
            for row in batch.to_pylist():
                number += 1
                yield f"row {number}", row
    except pa.ArrowException as error:
        raise UserError(f"after row {number}: damaged ({error})") from error


def _positions(names: list[str], columns: list[str], where: str) -> dict[str, int]:
    """Return the position of each wanted column among all.

    Raises:
        UserError: a column is missing or repeated.
    """
    for column in columns:
        if names.count(column) != 1:
            problem = "is missing" if column not in names else "occurs more than once"
            raise UserError(f"{where}: the column '{column}' {problem}; {nearest(column, names)}")
    return {column: names.index(column) for column in columns}
