"""Rows of delimited text (CSV and TSV): its delimiter, its quotation marks and its header.

Values are unchanged: ``01`` and ``NA`` are text like any other.
"""

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields
from functools import partial
from itertools import chain, islice, pairwise, starmap

from seq2report.core.command import UserError, nearest
from seq2report.core.wording import plural
from seq2report.files.lines import LARGEST_ROW, Lines

DELIMITERS = {"csv": ",;\t|", "tsv": "\t,;|"}  # the first one that gives the wanted columns
QUOTES = QUOTE, _, NO_QUOTES = ('"', "'", "none")  # what may be around values
EXCEL = re.compile(r'"?sep=(.)"?[\r\n]*')  # the line above the header that names the delimiter
LINE_END = re.compile(r"\r\n?|\n")
SNIFFED = 1000  # rows
MANY_VALUES = 1000  # different ones in a column, which has no classes then
SET_QUOTE = "set quote to none if quotation marks are characters of the texts"


@dataclass(frozen=True)
class Layout:
    """How a table is written: settings of a corpus, and options of a command.

    Attributes:
        delimiter: one character; None to try `DELIMITERS`.
        quote: the character around values, or `NO_QUOTES`; None if `Delimited.quotes` decides.
        header: whether the first row has the names of the columns; they are 1, 2, … otherwise.
    """

    encoding: str = "utf-8"
    delimiter: str | None = None
    quote: str | None = None
    header: bool = True

    @classmethod
    def of(cls, settings: dict) -> "Layout":
        """Return the layout in the settings of a corpus, which has other settings too."""
        return cls(**{f.name: settings[f.name] for f in fields(cls) if f.name in settings})


@dataclass(frozen=True)
class Quotes:
    """What quotation marks are in a table: `QUOTE`, or `NO_QUOTES` and why."""

    quote: str
    reason: str = ""
    swallowed: bool = False  # whether rows would be within a value in quotes


@dataclass(frozen=True)
class Delimited:
    """A delimited text; ``open`` starts one more pass over its lines, with their ends."""

    open: Callable[[], AbstractContextManager[Lines]]
    kind: str
    layout: Layout

    def read(
        self, columns: list[str] | None, optional: Sequence[str] = ()
    ) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield the position and the values of each row in some columns.

        Without ``columns``, in all that have a name of their own. ``optional`` ones may be missing.

        Raises:
            UserError: the text is empty or ragged, lacks a column, or may have swallowed rows.
        """
        delimiter = self.delimiter([name for name in columns or [] if name not in optional])
        rows = self.rows(delimiter, self.layout.quote or self._usual_quote(delimiter))
        line, first = next(rows, (1, None))
        if first is None:
            raise UserError("it is empty; expected the names of the columns in its first line")
        names = first
        if not self.layout.header:
            names, rows = numbers(first), chain([(line, first)], rows)
        wanted = [n for n in names if n and names.count(n) == 1] if columns is None else columns
        positions = find_columns(names, wanted, f"line {line}", optional)
        for number, row in rows:
            if len(row) != len(first):
                blank = any(re.match(r'\s+"', value) for value in row)
                hint = "; a quotation mark has to follow the delimiter directly" if blank else ""
                raise UserError(
                    f"line {number}: found {len(row)} values, expected {len(first)} as in line"
                    f" {line}; a value with a delimiter or a line end has to be in quotes{hint}"
                )
            if self.layout.header and row == names and len(row) > 1:
                raise UserError(
                    f"line {number}: the names of the columns again, as if files were joined;"
                    " remove this line"
                )
            yield f"line {number}", {name: row[n] for name, n in positions.items()}

    def unnamed(self) -> dict[str, str]:
        """Return by name what `read` leaves out if it reads all columns, and why."""
        if not self.layout.header:
            return {}
        quote = self.layout.quote or QUOTE
        line, names = next(self.rows(self.delimiter([]), quote), (1, []))
        repeated = [name for name in names if name and names.count(name) > 1]
        out = {name: f"'{name}' occurs more than once in line {line}" for name in repeated}
        empty = [str(n) for n, name in enumerate(names, 1) if not name]
        return out | ({"": f"column {', '.join(empty)} (no name in line {line})"} if empty else {})

    def rows(self, delimiter: str, quote: str) -> Iterator[tuple[int, list[str]]]:
        """Yield the first line and the values of each row; `UserError` for an open quote."""
        csv.field_size_limit(LARGEST_ROW)  # otherwise 131,072 in one value
        plain = {"quoting": csv.QUOTE_NONE} if quote == NO_QUOTES else {"quotechar": quote}
        with self.open() as lines:
            start = next(lines, "").removeprefix("\ufeff")
            above = 1 if EXCEL.fullmatch(start) else 0
            reader = csv.reader(
                lines if above else chain([start], lines), delimiter=delimiter, strict=True, **plain
            )
            line = 1 + above
            try:
                for row in reader:
                    lines.left = LARGEST_ROW
                    if row:  # nothing is on an empty line
                        yield line, row
                    line = reader.line_num + 1 + above
            except csv.Error as error:
                raise UserError(
                    f"line {line}: {error}; a value that begins with a quote has to end with one,"
                    f' and a quote inside it is written twice (""); {SET_QUOTE}'
                ) from error

    def delimiter(self, columns: list[str]) -> str:
        """Return the delimiter: as set, as Excel names it, or the first with these columns.

        If none has them, it is the one with most columns, as an error lists their names.
        """
        with self.open() as lines:
            named = EXCEL.fullmatch(next(lines, "").removeprefix("\ufeff"))
        if fixed := self.layout.delimiter or (named and named[1]):
            return fixed
        known = DELIMITERS[self.kind]
        if not self.layout.header:
            return known[0]
        fits = (d for d in known if set(columns) <= set(self._first(d)))
        return next(fits, None) or max(known, key=lambda d: len(self._first(d)))

    def sniff(self) -> str:
        """Return the delimiter that gives rows of one length, and most columns.

        If none of `DELIMITERS` does, any sign in the first line may.
        """
        fixed = self.delimiter([])
        if fixed != DELIMITERS[self.kind][0]:
            return fixed
        known = max(DELIMITERS[self.kind], key=self._fit)
        if self._fit(known)[0]:
            return known
        with self.open() as lines:
            signs = re.findall(r"[^\w\s\"'.\ufeff\0]", next(lines, ""))
        return max([known, *dict.fromkeys(signs)], key=self._fit)

    def _fit(self, delimiter: str) -> tuple[bool, int]:
        for quote in (QUOTE, NO_QUOTES):
            try:
                lengths = [len(row) for _, row in islice(self.rows(delimiter, quote), SNIFFED)]
            except UserError:
                continue
            width = max(lengths, default=0)
            if width > 1 and min(lengths) == width:
                return True, width
        return False, len(self._first(delimiter))

    def _first(self, delimiter: str) -> list[str]:
        """Return the first row; an empty list if the delimiter is wrong."""
        try:
            return next(self.rows(delimiter, self.layout.quote or QUOTE), (1, []))[1]
        except UserError:
            return next(self.rows(delimiter, NO_QUOTES), (1, []))[1]

    def quotes(self, delimiter: str) -> Quotes:
        """Return what quotation marks are, by reading the text with and without quotes.

        They are characters of the texts if the lines are rows of one length without quotes, and
        quotes break them, or swallow some of them unless each row has quotes in the same column. In
        TSV they are so as well unless each value in quotes needs them, or all values of its column
        have them.

        Raises:
            UserError: neither reading is right, as `check_values` finds.
        """
        with self.open() as text:
            if not any(QUOTE in chunk for chunk in iter(partial(text.read, 1 << 20), "")):
                return Quotes(QUOTE)
        lines, width, marked, needless = 0, 0, Counter(), Counter()
        for lines, (_, row) in enumerate(self.rows(delimiter, NO_QUOTES), 1):
            width = width or len(row)
            if len(row) != width:
                check_values(partial(self.rows, delimiter, QUOTE), delimiter)
                return Quotes(QUOTE)
            for n, value in enumerate(row):
                if lines > 1 and value.startswith(QUOTE):
                    marked[n] += 1
                    needless[n] += not ('""' in value[1:-1] or "," in value)
        try:
            lengths = Counter(len(row) for _, row in self.rows(delimiter, QUOTE))
        except UserError as error:
            return Quotes(NO_QUOTES, f"reading it with quotes fails: {str(error).split(';')[0]}")
        rows = lengths.total() - 1  # without the header
        if len(lengths) == 1 and 0 < rows <= max(marked.values(), default=0):
            return Quotes(QUOTE)  # each row has a value in quotes in the same column
        if lengths.total() < lines:
            rows = plural(lines - lengths.total(), "rows")
            return Quotes(NO_QUOTES, f"{rows} would be within a value in quotes", True)
        if self.kind == "tsv" and any(needless[n] > 0 and marked[n] < lines - 1 for n in marked):
            return Quotes(NO_QUOTES, "only some values that need no quotes have them")
        return Quotes(QUOTE)

    def _usual_quote(self, delimiter: str) -> str:
        """Return the quotes of a text for which none are set; `UserError` if that is a guess."""
        quotes = self.quotes(delimiter)
        lone = len(self._first(delimiter)) == 1  # rows and lines of text look alike
        if quotes.swallowed and (lone if self.kind == "tsv" else not lone):
            raise UserError(f"{quotes.reason}; {SET_QUOTE}, or to '\"' if this value is right")
        return quotes.quote if self.kind == "tsv" else QUOTE


def check_values(read: Callable[[], Iterator[tuple[int, list[str]]]], delimiter: str) -> None:
    """Raise `UserError` if lines in a value look like rows: its quotation mark is no quote.

    At each such line end, the other columns end and begin with what they usually have: one of their
    few values, or at most as many words. ``read`` starts one more pass over the rows.
    """
    rows, values, words = 0, defaultdict(set), Counter()
    for _, row in islice(read(), 1, None):
        rows += 1
        for n, value in enumerate(row):
            words[n] = max(words[n], len(value.split()))
            if len(values[n]) <= MANY_VALUES:
                values[n].add(hash(value))
    few = {n: seen for n, seen in values.items() if len(seen) <= min(MANY_VALUES, rows / 3)}

    def fits(column: int, value: str) -> bool:
        usual = 0 < len(value.split()) <= words[column]
        return hash(value) in few[column] if column in few else usual

    for line, row in read():
        for n, value in enumerate(row):
            lines = [text.split(delimiter) for text in LINE_END.split(value)]
            others, after = [*range(n), *range(n + 1, len(row))], len(row) - n - 1
            ends = [
                zip(others, begun[:n] + ended[len(ended) - after :], strict=True)
                for ended, begun in pairwise(lines)
                if others and len(ended) > after and len(begun) > n
            ]
            alike = sum(all(starmap(fits, cells)) for cells in ends)
            if alike and 2 * alike >= len(lines) - 1:
                raise UserError(
                    f"line {line}: {plural(alike, 'line ends')} in a value in quotes look like ends"
                    f" of rows; {SET_QUOTE}, or to '\"' if this value is right"
                )


def numbers(row: list[str]) -> list[str]:
    """Return the names of columns without a header, which are numbers from 1."""
    return [str(n) for n in range(1, len(row) + 1)]


def find_columns(
    names: list[str], columns: Sequence[str], where: str, optional: Sequence[str] = ()
) -> dict[str, int]:
    """Return the position of each wanted column, except ``optional`` ones that are missing.

    Raises:
        UserError: another one is missing, or one is repeated.
    """
    columns = [column for column in columns if column in names or column not in optional]
    for column in columns:
        if names.count(column) != 1:
            problem = "occurs more than once; rename one of them"
            if column not in names:
                problem = f"is missing; {nearest(column, names)}"
            raise UserError(f"{where}: the column '{column}' {problem}")
    return {column: names.index(column) for column in columns}
