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
from seq2report.files.archives import DAMAGE, LARGEST_MEMBER, open_content

KINDS = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
PACKED = (".gz", ".bz2", ".xz", ".zst")
ENDINGS = f"{', '.join(KINDS)} (with or without {', '.join(PACKED)}) or .zip"
DELIMITERS = {"csv": ",;\t|", "tsv": "\t"}  # the first one that gives the wanted columns
HINT = "set the 'encoding' to that of the file, for example latin-1"
LARGEST_ROW = 1 << 26  # characters, which are in memory at once
Row = tuple[str, dict[str, object]]  # its position, such as 'line 7', and its values by column


def kind_of(name: str) -> str | None:
    """Return the kind of table by a file's name: csv, tsv, jsonl, parquet, or None."""
    path = PurePath(name.lower())
    return KINDS.get((path.with_suffix("") if path.suffix in PACKED else path).suffix)


def read_rows(path: Path, columns: list[str], encoding: str) -> Iterator[Row]:
    """Yield the position of each row of a table (maybe in a zip), and its values in some columns.

    A value is text; in JSON Lines also true, false, None, a list or a mapping; in Parquet of any
    type.

    Raises:
        UserError: the table is damaged, empty, ragged, of another encoding or lacks a column.
    """
    with _plain_errors(path, encoding), open_table(path) as (kind, file):
        if kind == "parquet":
            yield from _parquet(file, columns)
        elif kind == "jsonl":
            yield from _json_lines(_text(file, encoding), columns)
        else:
            known = DELIMITERS[kind]
            fits = (d for d in known if set(columns) <= set(_header(path, d, encoding)))
            yield from _delimited(_text(file, encoding), columns, next(fits, known[0]))


def column_names(path: Path, encoding: str) -> list[str]:
    """Return the column names of a table; of JSON Lines, the keys that all lines have.

    The delimiter of a CSV file is the one that gives most columns. Raises `UserError` as
    `read_rows`.
    """
    with _plain_errors(path, encoding), open_table(path) as (kind, file):
        if kind == "parquet":
            return _parquet_file(file).schema_arrow.names
        if kind == "jsonl":
            rows = (row for _, row in _objects(_text(file, encoding)))
            names = list(next(rows, {}))
            for row in rows:
                names = [name for name in names if name in row]
            return names
        return max((_header(path, d, encoding) for d in DELIMITERS[kind]), key=len)


@contextmanager
def _plain_errors(path: Path, encoding: str) -> Iterator[None]:
    try:
        yield
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


class _Text(io.TextIOWrapper):
    """The lines of a table; ``left`` is how many characters the row may still have."""

    left = LARGEST_ROW

    def __next__(self) -> str:
        line = self.readline(self.left + 1)
        self.left -= len(line)
        if self.left < 0:
            raise UserError(
                f"a row has more than {LARGEST_ROW:,} characters, which is the most that is read;"
                " does a quotation mark or a line end lack? Remove such rows"
            )
        if not line:
            raise StopIteration
        return line


def _text(file: BinaryIO, encoding: str) -> _Text:
    """Return the text of a file, line ends as they are, without a byte order mark."""
    known = codecs.lookup(encoding).name
    return _Text(file, "utf-8-sig" if known == "utf-8" else known, newline="")


def _undecodable(path: Path, encoding: str) -> str | None:
    """Return a message about the first byte that is not of this encoding."""
    decoder, line = codecs.getincrementaldecoder(encoding)(), 1
    with open_table(path) as (_, file):
        while chunk := file.read(1 << 16):
            try:
                line += decoder.decode(chunk).count("\n")
            except UnicodeDecodeError as error:
                line += error.object[: error.start].count(b"\n")
                byte = error.object[error.start]
                return f"line {line}: the byte 0x{byte:02x} is not {encoding}; {HINT}"
    return None


def _header(path: Path, delimiter: str, encoding: str) -> list[str]:
    """Return the names of the columns; an empty list if the delimiter is wrong."""
    with open_table(path) as (_, file):
        reader = _reader(_text(file, encoding), delimiter)
        try:
            names = next(reader, None)
        except csv.Error:
            return []
    if not names:
        raise UserError("it is empty; expected the names of the columns in its first line")
    return names


def _reader(text: _Text, delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(LARGEST_ROW)  # otherwise 131,072 in one value
    return csv.reader(text, delimiter=delimiter, strict=True)


def _delimited(text: _Text, columns: list[str], delimiter: str) -> Iterator[Row]:
    reader = _reader(text, delimiter)
    line = 1
    try:
        header = next(reader)
        positions = _positions(header, columns, "line 1")
        line = reader.line_num + 1
        for row in reader:
            if len(row) != len(header) and row:  # nothing is on an empty line
                raise UserError(
                    f"line {line}: found {len(row)} values, expected {len(header)} as in line 1;"
                    " a value with a delimiter or a line end has to be in quotes"
                )
            if row:
                yield f"line {line}", {name: row[n] for name, n in positions.items()}
            line = reader.line_num + 1
            text.left = LARGEST_ROW
    except csv.Error as error:
        raise UserError(
            f"line {line}: {error}; a value that begins with a quote has to end with one, and a"
            ' quote inside it is written twice ("")'
        ) from error


def _json_lines(text: _Text, columns: list[str]) -> Iterator[Row]:
    for where, row in _objects(text):
        _positions(list(row), columns, where)
        yield where, {name: row[name] for name in columns}


def _objects(text: _Text) -> Iterator[Row]:
    for number, line in enumerate(text, 1):
        text.left = LARGEST_ROW
        if not line.strip():
            continue
        try:
            # Numbers as they are written; NaN, which is not JSON, as None.
            row = json.loads(line, parse_float=str, parse_int=str, parse_constant=lambda _: None)
        except (ValueError, RecursionError) as error:
            raise UserError(
                f"line {number}: not JSON ({error}); expected one object per line"
            ) from error
        if not isinstance(row, dict):
            raise UserError(
                f"line {number}: found {reprlib.repr(row)}, expected one object per line, as in"
                ' {"text": "…", "label": "…"}'
            )
        yield f"line {number}", row


def _parquet_file(file: BinaryIO):
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(_seekable(file))
    except pa.ArrowException as error:
        raise UserError(f"it is not a Parquet file, or damaged: {error}") from error


def _seekable(file: BinaryIO):
    """Return a file that can be read from its end, which a compressed one cannot."""
    import pyarrow as pa

    if isinstance(file, pa.NativeFile) or isinstance(getattr(file, "raw", None), io.FileIO):
        return file
    content = file.read(LARGEST_MEMBER + 1)
    if len(content) > LARGEST_MEMBER:
        message = f"it has more than {LARGEST_MEMBER:,} bytes when it is unpacked"
        raise UserError(f"{message}; unpack it (Parquet is compressed already)")
    return pa.BufferReader(content)


def _parquet(file: BinaryIO, columns: list[str]) -> Iterator[Row]:
    import pyarrow as pa

    file = _seekable(file)
    table = _parquet_file(file)
    _positions(table.schema_arrow.names, columns, "its columns")
    number = 0
    try:
        for group in range(table.num_row_groups):
            step = _rows_at_once(file, table.metadata.row_group(group), group, columns)
            for batch in table.iter_batches(step, row_groups=[group], columns=columns):
                for row in batch.to_pylist():
                    number += 1
                    yield f"row {number}", row
    except pa.ArrowException as error:
        raise UserError(f"after row {number}: damaged ({error})") from error


def _rows_at_once(file: BinaryIO, about, group: int, columns: list[str]) -> int:
    """Return how many rows of a row group may be in memory at once.

    A small file can have a long text once, in its dictionary, and its number in many rows.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema, kinds = pq.read_schema(file), (pa.string(), pa.large_string())
    texts = [name for name in columns if schema.field(name).type in kinds]
    known = pq.ParquetFile(file, read_dictionary=texts, pre_buffer=False)
    size = about.total_byte_size // max(1, about.num_rows)
    for row in known.iter_batches(1, row_groups=[group], columns=columns):
        arrays = [array for array in row.columns if isinstance(array, pa.DictionaryArray)]
        size += sum(array.dictionary.nbytes for array in arrays)
        break
    return min(1024, 1 + LARGEST_MEMBER // (size + 1))


def _positions(names: list[str], columns: list[str], where: str) -> dict[str, int]:
    """Return the position of each wanted column; `UserError` if one is missing or repeated."""
    for column in columns:
        if names.count(column) != 1:
            problem = "is missing" if column not in names else "occurs more than once"
            raise UserError(f"{where}: the column '{column}' {problem}; {nearest(column, names)}")
    return {column: names.index(column) for column in columns}
