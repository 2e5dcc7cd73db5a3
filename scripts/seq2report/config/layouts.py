"""How a table is written: its encoding, delimiter, quotation marks and header, and why."""

import io
import re
import string
from collections import Counter
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path

from seq2report.core.command import UserError
from seq2report.core.excerpts import excerpt
from seq2report.files.delimited import DELIMITERS, NO_QUOTES, Layout
from seq2report.files.lines import MARKS
from seq2report.files.table_files import Table, plain_errors, tables_in

# Tried in this order. latin-1 accepts any bytes; those that cp1252 lacks are no text in it.
ENCODINGS = ("utf-8", "cp1252", "latin-1")
NOT_ASCII = re.compile(r"[^\s,;|\"]{0,20}[^\s\x00-\x7f][^\s,;|\"]{0,20}")  # a word
ASCII, LETTERS = bytes(range(128)), string.ascii_letters.encode()
UNMARKED = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")  # without them
BEGINNING = 1 << 12  # bytes
JUDGED = 2000  # rows
FEW_ROWS = 3  # per class, on average
WORDS_OF_A_ROW = 4  # in its text; a name of a column is usually shorter


def found_layout(path: Path) -> tuple[Layout, list[str]]:
    """Return the layout of a table, or of the first of several, and the reasons for it."""
    table = next(tables_in(path))
    if table.kind == "parquet":
        return Layout(), []
    encoding, reasons = found_encoding(table)
    layout = Layout(encoding)
    if table.kind not in DELIMITERS:
        return layout, reasons
    with plain_errors(table, encoding, ""):
        delimiter = table.delimited(layout).sniff()
        if delimiter != DELIMITERS[table.kind][0]:
            reasons.append(f"delimiter: {delimiter!r}, which gives most columns")
        quotes = table.delimited(layout).quotes(delimiter)
        if quotes.quote == NO_QUOTES:
            reasons.append(f"quote: none, as {quotes.reason}")
        layout = replace(layout, delimiter=delimiter, quote=quotes.quote)
        header, reason = has_header(table, layout)
        layout, reasons = replace(layout, header=header), reasons + reason
    return layout, reasons


def settings_of(layout: Layout, kind: str) -> dict:
    """Return the settings of a corpus for a layout, without those that are the default."""
    settings = {} if layout.encoding == "utf-8" else {"encoding": layout.encoding}
    if kind in DELIMITERS and (layout.delimiter != DELIMITERS[kind][0] or not layout.header):
        settings["delimiter"] = layout.delimiter
    if layout.quote == NO_QUOTES:
        settings["quote"] = NO_QUOTES
    return settings if layout.header else settings | {"header": False}


def found_encoding(table: Table) -> tuple[str, list[str]]:
    """Return the encoding of a text, by its lines, and the reason if it is not UTF-8.

    Raises:
        UserError: most lines are UTF-8, and some are not.
    """
    encodings, first, foreign = Counter(), None, 0
    with table.open() as file:
        start = file.read(BEGINNING)
        if start.startswith(b"PAR1"):
            raise UserError("it is a Parquet file; end its name with .parquet")
        if encoding := wide_encoding(start):
            return encoding, [f"encoding: {encoding}, as its first bytes show"]
        start += file.readline()
        for number, line in enumerate(chain(io.BytesIO(start), file), 1):
            encodings[encoding_of(line)] += 1
            foreign += is_foreign(line)
            if not first and encodings.total() > encodings["ascii"] + encodings["utf-8"]:
                first = f"line {number}", line
    return chosen_encoding(encodings, "lines", first, foreign)


def chosen_encoding(
    encodings: Counter, unit: str, first: tuple[str, bytes] | None, foreign: int
) -> tuple[str, list[str]]:
    """Return the encoding of several lines or files, and the reason if it is not UTF-8.

    ``first`` is the first that is not UTF-8, name and content, and ``foreign`` the number of those
    that `is_foreign`.

    Raises:
        UserError: more of them are in UTF-8 than in another encoding, ASCII not counted; or
            `ENCODINGS` do not have the letters of most others.
    """
    files, plain = encodings.total(), encodings["ascii"] + encodings["utf-8"]
    if plain == files:
        return "utf-8", []
    verb = "is" if files - plain == 1 else "are"
    counts = f"{files - plain:,} of {files:,} {unit} {verb} not UTF-8, the first is {first[0]}"
    encoding = max(encodings, key=["ascii", *ENCODINGS, *MARKS, *UNMARKED].index)
    if encodings["utf-8"] > files - plain:
        raise UserError(
            f"{counts}; {encodings['utf-8']:,} others have letters in UTF-8, so no encoding fits"
            f" all; write the {unit} that differ in UTF-8 or remove them"
        )
    if 2 * foreign > files - plain:
        raise UserError(
            f"{counts}; most of their letters are not Latin, so neither cp1252 nor latin-1 fits;"
            " convert them to UTF-8, for example from GB 18030 with iconv -f gb18030 -t utf-8"
        )
    if 2 * encodings["latin-1"] > files - plain:
        raise UserError(
            f"{counts}; most of them have bytes that are no letters in cp1252 or latin-1; convert"
            " them to UTF-8, for example from DOS (cp850) with iconv -f cp850 -t utf-8, or from"
            " macintosh"
        )
    word = NOT_ASCII.search(first[1].decode(encoding, errors="replace"))
    check = f"check: '{excerpt(word[0], 50)}'" if word else "check some texts"
    if strange := encodings["latin-1"]:
        check += f"; {strange:,} of them have bytes that are no letters"
    return encoding, [f"encoding: {encoding}, as {counts}; {check}"]


def wide_encoding(content: bytes) -> str | None:
    """Return a key of `MARKS` or one of `UNMARKED`, by the first bytes; None if it is neither."""
    for encoding, marks in MARKS.items():
        if content.startswith(marks):
            return encoding
    for encoding, places in (("utf-32-le", (2, 3)), ("utf-32-be", (0, 1))):
        if len(content) >= 4 and not any(any(content[n:BEGINNING:4]) for n in places):
            return encoding
    zeros = [content[n:BEGINNING:2].count(0) for n in (1, 0)]
    most = max(zeros)
    wide = 8 * most > len(content[:BEGINNING]) and most > 4 * min(zeros)
    return UNMARKED[zeros.index(most)] if wide else None


def is_foreign(content: bytes) -> bool:
    """Return whether a text that is not UTF-8 has more bytes above ASCII than letters in ASCII.

    No language that is written in `ENCODINGS` has so many letters with accents.
    """
    if encoding_of(content) not in ENCODINGS[1:]:
        return False
    return len(content.translate(None, delete=ASCII)) > sum(map(content.count, LETTERS))


def encoding_of(content: bytes) -> str:
    """Return ascii, or the first of `ENCODINGS` that decodes it."""
    if content.isascii():
        return "ascii"
    for encoding in ENCODINGS:
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    raise AssertionError


def has_header(table: Table, layout: Layout) -> tuple[bool, list[str]]:
    """Return whether the first row of a delimited text has names, and a doubt if there is one."""
    rows = table.delimited(replace(layout, header=False)).read(None)
    first, *others = [list(row.values()) for _, row in islice(rows, JUDGED)] or [[]]
    others = [row for row in others if row != first]
    data, names = evidence(first, others)
    if data and not names:
        return False, [f"header: false, as the first row looks like a row of data: {data[0]}"]
    if data:
        doubt = f"{data[0]}; if it is a row of data, set header: false"
        return True, [f"header: the first row has the names of the columns, although {doubt}"]
    return True, []


def evidence(first: list[str], others: list[list[str]]) -> tuple[list[str], list[str]]:
    """Return what makes the first row look like data, and what like the names of columns."""
    data, names = [], []
    if not others or first == [str(n) for n in range(len(first))]:  # as pandas numbers columns
        return data, names
    columns = [list(filter(None, map(str.strip, column))) for column in zip(*others, strict=True)]
    longest = max(range(len(first)), key=lambda n: sum(map(len, columns[n])))
    for n, (name, values) in enumerate(zip(first, columns, strict=True)):
        different, shown = set(values), repr(excerpt(name, 30))
        if 2 <= len(different) <= len(values) / FEW_ROWS:
            same = name.strip() in different
            (data if same else names).append(f"{shown} is a value of column {n + 1}")
        elif values and all(map(_is_number, values)):
            (data if _is_number(name) else names).append(f"{shown} is a number as those below it")
        elif n == longest and len(name.split()) >= WORDS_OF_A_ROW:
            data.append(f"{shown} looks like a text")
    return data, names


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
