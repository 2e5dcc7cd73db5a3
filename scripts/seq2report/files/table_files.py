"""Rows of CSV, TSV, JSON Lines and Parquet files, as they stand there and with their places.

No value changes on its way: ``01`` and ``NA`` in a CSV file are text like any other, and a number
in JSON Lines has the digits that are written there.
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
DELIMITERS = {"csv": ",;\t|", "tsv": "\t"}  # the first that the wanted columns are found with
HINT = "set the 'encoding' to that of the file, for example latin-1"
LARGEST_FIELD = 2**31 - 1  # characters; Python's csv stops at 131,072 otherwise
Row = tuple[str, dict[str, object]]  # its place, as 'line 7', and its values by their columns


def kind_of(name: str) -> str | None:
    """Tell from a file's name what kind of table it is: csv, tsv, jsonl, parquet, or None."""
    path = PurePath(name.lower())
    return KINDS.get((path.with_suffix("") if path.suffix in PACKED else path).suffix)


def read_rows(path: Path, columns: list[str], encoding: str) -> Iterator[Row]:
    """Yield the rows of a table: where each stands, and its values of some columns.

    A value is text; in JSON Lines also true, false, None, a list or a mapping; in Parquet whatever
    the column holds.

    Args:
        path: a table that `kind_of` tells the kind of, or a zip with one.
        columns: names, all of them in the table.
        encoding: of its text.

    Raises:
        UserError: it is damaged, empty, ragged, not of this encoding or lacks a column.
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
    """Return the names of a table's columns, of JSON Lines those that all lines have.

    Of a CSV file the delimiter is the one that makes most columns of the first row.

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
    """Open a table: its kind, and the bytes of it, whatever it is packed in."""
    with open_content(path, wanted=kind_of) as (name, file):
        kind = kind_of(name)
        if kind is None:
            raise UserError(f"'{name}' does not tell what kind of table it is; expected {ENDINGS}")
        yield kind, file


def _text(file: BinaryIO, encoding: str) -> io.TextIOWrapper:
    """Return the text of a file, line ends as they are, without a byte order mark."""
    known = codecs.lookup(encoding).name
    return io.TextIOWrapper(file, "utf-8-sig" if known == "utf-8" else known, newline="")


def _undecodable(path: Path, encoding: str) -> str | None:
    """Say where the first byte is that is not of this encoding."""
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
    """Return the names of the columns; none where another delimiter is between them."""
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
    """Return what stands between the columns: the first that all wanted ones are found with."""
    known = DELIMITERS[kind]
    return next((d for d in known if set(columns) <= set(_header(path, d, encoding))), known[0])


def _delimited(text: io.TextIOWrapper, columns: list[str], delimiter: str) -> Iterator[Row]:
    reader = _reader(text, delimiter)
    line = 1
    try:
        header = next(reader)
        places = _places(header, columns, "line 1")
        line = reader.line_num + 1
        for row in reader:
            if len(row) != len(header) and row:  # nothing is on an empty line
                raise UserError(
                    f"line {line}: found {len(row)} values, expected {len(header)} as in line 1;"
                    " a value that holds a delimiter or a line end stands in quotes"
                )
            if row:
                yield f"line {line}", {name: row[place] for name, place in places.items()}
            line = reader.line_num + 1
    except csv.Error as error:
        raise UserError(
            f"line {line}: {error}; a value that begins with a quote ends with one, and a quote"
            ' inside it is written twice ("")'
        ) from error


def _json_lines(text: io.TextIOWrapper, columns: list[str]) -> Iterator[Row]:
    for place, found in _objects(text):
        _places(list(found), columns, place)
        yield place, {name: found[name] for name in columns}


def _objects(text: io.TextIOWrapper) -> Iterator[Row]:
    for number, line in enumerate(text, 1):
        if not line.strip():
            continue
        try:
            # Numbers as they are written, and what JSON does not know (NaN) as nothing.
            found = json.loads(line, parse_float=str, parse_int=str, parse_constant=lambda _: None)
        except (ValueError, RecursionError) as error:
            raise UserError(
                f"line {number}: no JSON ({error}); expected an object a line"
            ) from error
        if not isinstance(found, dict):
            raise UserError(
                f"line {number}: found {reprlib.repr(found)}, expected an object a line, as in"
                ' {"text": "…", "label": "…"}'
            )
        yield f"line {number}", found


def _parquet_file(file: BinaryIO):
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # What is packed cannot be read from its end on.
        plain = isinstance(file, io.BufferedReader)
        return pq.ParquetFile(file if plain else pa.BufferReader(file.read()))
    except pa.ArrowException as error:
        raise UserError(f"it is no Parquet file, or damaged: {error}") from error


def _parquet(file: BinaryIO, columns: list[str]) -> Iterator[Row]:
    import pyarrow as pa

    table = _parquet_file(file)
    _places(table.schema_arrow.names, columns, "its columns")
    number = 0
    try:
        for batch in table.iter_batches(1024, columns=columns):
            for row in batch.to_pylist():
                number += 1
                yield f"row {number}", row
    except pa.ArrowException as error:
        raise UserError(f"after row {number}: damaged ({error})") from error


def _places(names: list[str], columns: list[str], where: str) -> dict[str, int]:
    """Return where each wanted column stands among all.

    Raises:
        UserError: one is not there, or more than once.
    """
    for column in columns:
        if names.count(column) != 1:
            found = "is missing" if column not in names else "stands there more than once"
            raise UserError(f"{where}: the column '{column}' {found}; {nearest(column, names)}")
    return {column: names.index(column) for column in columns}
