"""Rows of CSV, TSV, JSON and Parquet files, with unchanged values and line numbers.

A folder or an archive may have one table per split, or a table in several pieces.
"""

import codecs
import io
import json
import re
import reprlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from seq2report.core.command import UserError
from seq2report.files.archives import (
    DAMAGE,
    form,
    form_of,
    members,
    names_in,
    open_content,
)
from seq2report.files.compressed import LARGEST_MEMBER, OPENERS
from seq2report.files.delimited import DELIMITERS, Delimited, Layout, find_columns
from seq2report.files.lines import (
    LARGEST_ROW,
    TOO_LARGE,
    Lines,
    encoding_hint,
    lines_before,
    lines_of,
    without_order,
)
from seq2report.files.local_files import files_in
from seq2report.files.table_names import (
    PACKED,
    WORKBOOKS,
    chosen_tables,
    kind_of,
    no_table,
    split_of,
)


def _once(pairs: list[tuple[str, object]]) -> dict:
    """Return an object of JSON; `UserError` for a key with two values."""
    row = dict(pairs)
    if len(row) < len(pairs):
        (key, _), *_ = Counter(key for key, _ in pairs).most_common(1)
        raise UserError(f"the key {key!r:.60} occurs twice in an object; remove one of them")
    return row


# Numbers as they are written; NaN, which is not JSON, as None.
JSON = json.JSONDecoder(
    parse_float=str, parse_int=str, parse_constant=lambda _: None, object_pairs_hook=_once
)
BETWEEN = re.compile(r"[\s,]*")  # the items of an array
AROUND = re.compile(r'\{\s*"[^"\\]*"\s*:\s*\[')  # before the items: {"data": [
Row = tuple[str, str, dict[str, object]]
"""Its position, such as 'line 7'; the split in the name of its file or ''; values by column."""


@dataclass(frozen=True)
class Table:
    """A file with rows; ``open`` opens its uncompressed bytes once more.

    ``split`` is that in its name, if it is one of several tables, or ''.
    """

    name: str
    kind: str
    open: Callable[[], AbstractContextManager[BinaryIO]]
    split: str = ""

    def delimited(self, layout: Layout) -> Delimited:
        """Return it as delimited text."""
        return Delimited(partial(_opened_text, self, layout.encoding), self.kind, layout)


def tables_in(path: Path) -> Iterator[Table]:
    """Yield the table in a file, or the `chosen_tables` in a folder or archive.

    Raises:
        UserError: there is none, or several that do not belong together.
    """
    if path.is_dir():
        files = {file.relative_to(path).as_posix(): file for file in files_in(path)}
        for name, split in _required(list(files)).items():
            yield Table(name, kind_of(name), partial(_content, files[name]), split)
    elif kind_of(path.name):
        yield Table(path.name, kind_of(path.name), partial(_content, path))
    elif path.name.lower().endswith(WORKBOOKS) or form_of(path) in ("text", "binary", "npy"):
        raise UserError(no_table(path.name))
    else:
        chosen = _required(names_in(path))
        name, *others = chosen
        if not others and form_of(path) == "zip" and not name.lower().endswith(PACKED):
            yield Table(name, kind_of(name), partial(_content, path, name))
            return
        for name, content in members(path):
            if name in chosen:
                yield Table(name, kind_of(name), partial(_unpacked, name, content), chosen[name])


@contextmanager
def _unpacked(name: str, content: bytes) -> Iterator[BinaryIO]:
    opener = OPENERS.get(form(content))
    if opener in (None, open):
        yield io.BytesIO(content)
        return
    with opener(io.BytesIO(content), "rb") as file:
        content = file.read(LARGEST_MEMBER + 1)
    if len(content) > LARGEST_MEMBER:
        raise UserError(f"{name}: it has more than {LARGEST_MEMBER:,} bytes when it is unpacked")
    yield io.BytesIO(content)


def _required(names: list[str]) -> dict[str, str]:
    """Return the `chosen_tables` and the split of each; `UserError` if there is none."""
    if chosen := chosen_tables(names):
        return {name: split_of(name) if len(chosen) > 1 else "" for name in chosen}
    tables = [name for name in names if kind_of(name)]
    raise UserError(
        f"expected one table in it, or one per split such as train.csv and test.csv, found"
        f" {', '.join(tables[:5]) or 'none'} among {', '.join(names[:5]) or 'no files'}; set"
        " 'member' of the source to the right one, or unpack it"
    )


@contextmanager
def _content(path: Path, member: str | None = None) -> Iterator[BinaryIO]:
    with open_content(path, wanted=lambda name: name == member) as (_, file):
        yield file


@contextmanager
def _opened_text(table: Table, encoding: str) -> Iterator[Lines]:
    with table.open() as file:
        yield lines_of(file, encoding)


def read_rows(
    path: Path, columns: list[str] | None, layout: Layout, optional: Sequence[str] = ()
) -> Iterator[Row]:
    """Yield each row of a table, or of the tables in a folder or archive: see `Row`.

    A value is text; in JSON also true, false, None, a list or a mapping; in Parquet of any type,
    and the name of a class instead of its number if the file has the names. Without ``columns``,
    a row has all values that it has. A table of the split unlabelled, and any row in JSON, may lack
    ``optional`` columns.

    Raises:
        UserError: a table is damaged, empty, ragged, of another encoding or lacks a column.
    """
    for table in tables_in(path):
        place = f"{table.name}, " if table.split else ""
        may_lack = optional if table.kind == "jsonl" or table.split == "unlabelled" else ()
        with plain_errors(table, layout.encoding, place):
            for where, row in _rows(table, columns, layout, may_lack):
                yield f"{place}{where}", table.split, row


def _rows(
    table: Table, columns: list[str] | None, layout: Layout, optional: Sequence[str]
) -> Iterator[tuple[str, dict]]:
    if table.kind in DELIMITERS:
        yield from table.delimited(layout).read(columns, optional)
        return
    with table.open() as file:
        if table.kind == "parquet":
            yield from _parquet(file, columns, optional)
        else:
            yield from _json_rows(lines_of(file, layout.encoding), columns, optional)


def damage(error: Exception) -> str:
    """Return what is wrong with a file, by one of the errors in `DAMAGE`."""
    if getattr(error, "errno", None):
        return f"cannot be read: {error.strerror}"
    return f"it is damaged ({error}); remove it and fetch it again"


@contextmanager
def plain_errors(table: Table, encoding: str, place: str) -> Iterator[None]:
    """Raise `UserError` with the place of a row instead of any error about a table's content."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{place}{error}") from error
    except UnicodeError as error:
        raise UserError(f"{place}{_undecodable(table, encoding) or error}") from error
    except DAMAGE as error:
        raise UserError(f"{place}{damage(error)}") from error


def _undecodable(table: Table, encoding: str) -> str | None:
    """Return a message about the first byte that is not of this encoding."""
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(), True)
    line, more, start = 1, True, b""
    with table.open() as file:
        while more:
            chunk = file.read(1 << 16)
            more, start = bool(chunk), start or chunk
            try:
                line += decoder.decode(chunk, final=not more).count("\n")
            except UnicodeDecodeError as error:
                line += lines_before(error, chunk, decoder)
                byte = error.object[error.start]
                hint = encoding_hint(start)
                return f"line {line}: the byte 0x{byte:02x} is not {encoding}; {hint}"
            except UnicodeError:
                return without_order(encoding)
    return None


def _json_rows(
    text: Lines, columns: list[str] | None, optional: Sequence[str]
) -> Iterator[tuple[str, dict]]:
    for where, row in _objects(text):
        known = find_columns(list(row), columns or [], where, optional)
        whole = columns is None or len(known) < len(columns)  # a message lists what it has
        yield where, row if whole else {name: row[name] for name in known}


def _objects(text: Lines) -> Iterator[tuple[str, dict]]:
    """Yield the objects of JSON Lines, or of one array, which may be alone in an object."""
    begun = False
    for number, line in enumerate(text, 1):
        text.left = LARGEST_ROW
        start = line.lstrip("\ufeff \t\r\n")
        if not begun and start.startswith("["):
            yield from _items(text, start[1:])
            return
        if start:
            begun, where = True, f"line {number}"
            try:
                row, end = JSON.raw_decode(start)
                if start[end:].strip():
                    raise ValueError(f"more after character {end}")
            except UserError as error:
                raise UserError(f"{where}: {error}") from error
            except (ValueError, RecursionError) as error:
                buffer = start + text.read(1 << 16)
                if number > 1 or not (around := AROUND.match(buffer)):
                    raise _no_json(where, error) from error
                yield from _items(text, buffer[around.end() :], "}")
                return
            row = _checked_object(row, where)
            if len(row) == 1 and isinstance(items := next(iter(row.values())), list):
                for n, item in enumerate(items, 1):
                    yield f"{where}, item {n}", _checked_object(item, f"{where}, item {n}")
            else:
                yield where, row


def _items(text: Lines, buffer: str, end: str = "") -> Iterator[tuple[str, dict]]:
    """Yield the objects of an array; ``buffer`` is its beginning, and ``end`` is after it."""
    number, position = 1, 0
    while True:
        position = BETWEEN.match(buffer, position).end()
        if buffer.startswith("]", position):
            if (buffer[position + 1 :] + text.read(1 << 20)).strip() != end:
                raise _no_json(f"item {number}", "more after the end of the array")
            return
        try:
            row, position = JSON.raw_decode(buffer, position)
        except UserError as error:
            raise UserError(f"item {number}: {error}") from error
        except (ValueError, RecursionError) as error:
            more = text.read(1 << 20)
            if not more:
                raise _no_json(f"item {number}", error) from error
            buffer, position = buffer[position:] + more, 0
            if len(buffer) > LARGEST_ROW:
                raise UserError(f"item {number}: {TOO_LARGE}") from error
            continue
        yield f"item {number}", _checked_object(row, f"item {number}")
        number += 1


def _no_json(where: str, error: object) -> UserError:
    expected = "expected one object per line, or one array of objects and nothing beside it"
    return UserError(f"{where}: not JSON ({error}); {expected}")


def _checked_object(row: object, where: str) -> dict:
    if not isinstance(row, dict):
        raise UserError(
            f"{where}: found {reprlib.repr(row)}, expected an object, as in"
            ' {"text": "…", "label": "…"}'
        )
    return row


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


def _parquet(
    file: BinaryIO, columns: list[str] | None, optional: Sequence[str]
) -> Iterator[tuple[str, dict]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = _seekable(file)
    table = _parquet_file(file)
    schema = table.schema_arrow
    columns = schema.names if columns is None else columns
    columns = list(find_columns(schema.names, columns, "its columns", optional))
    texts = [
        name for name in columns if schema.field(name).type in (pa.string(), pa.large_string())
    ]
    classes, number = _class_names(schema.metadata or {}), 0
    try:
        known = pq.ParquetFile(file, read_dictionary=texts, pre_buffer=False)
        for group in range(table.num_row_groups):
            step = _rows_at_once(known, group, columns)
            for batch in table.iter_batches(step, row_groups=[group], columns=columns):
                for row in batch.to_pylist():
                    number += 1
                    for name in classes.keys() & row.keys():
                        row[name] = _class_name(row[name], classes[name], f"row {number}")
                    yield f"row {number}", row
    except (pa.ArrowException, OverflowError, UnicodeDecodeError) as error:
        raise UserError(f"after row {number}: damaged ({error})") from error


def _rows_at_once(known, group: int, columns: list[str]) -> int:
    """Return how many rows of a row group may be in memory at once.

    A small file can have a long text once, in its dictionary, and its number in many rows.
    ``known`` is the file, with the texts in ``columns`` as dictionaries.
    """
    import pyarrow as pa

    about = known.metadata.row_group(group)
    size = about.total_byte_size // max(1, about.num_rows)
    for row in known.iter_batches(1, row_groups=[group], columns=columns):
        arrays = [array for array in row.columns if isinstance(array, pa.DictionaryArray)]
        size += sum(array.dictionary.nbytes for array in arrays)
        break
    return min(1024, 1 + LARGEST_MEMBER // (size + 1))


def _class_names(metadata: dict[bytes, bytes]) -> dict[str, list[str]]:
    """Return the names of the classes by column, which Hugging Face's datasets write."""
    try:
        features = json.loads(metadata.get(b"huggingface", b"{}"))["info"]["features"]
        return {k: v["names"] for k, v in features.items() if v.get("_type") == "ClassLabel"}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _class_name(value: int | None, names: list[str], where: str) -> str | None:
    if value is None or value == -1:  # which stands for no label
        return None
    if value not in range(len(names)):
        raise UserError(f"{where}: found the class {value}, expected a number below {len(names)}")
    return names[value]
