"""The columns of a table: which one has the texts, the classes, the ids, groups and splits."""

import random
import re
import reprlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seq2report.core.command import UserError
from seq2report.documents.formats import SPLITS, UNLABELLED, as_text
from seq2report.documents.tokens import separated
from seq2report.documents.writing import TOKEN_PATTERNS
from seq2report.files.delimited import DELIMITERS, Layout, find_columns
from seq2report.files.table_files import read_rows, tables_in
from seq2report.files.table_names import split_named

SAMPLED = 5000  # rows that columns are judged by, a random sample
MOST_CLASSES = 200  # of a column whose name does not suggest classes
FEW_ROWS = 3  # per class; a column with fewer on average has no classes
# Words in the names of columns, with endings as in `labels`, `userid` or `username`.
LABELS = r"label|class|category|kategorie|klasse|target|topic|thema|sentiment|rating|stars"
LABELS += r"|queue|department|abteilung|team|intent"
LANGUAGES = r"language|lang|sprache|langue|idioma|locale|country|land"
GROUPS = r"author|autor|user|customer|kunde|speaker|sender|from|person|patient|group|thread|account"
ENDINGS = "(?:e?[sn]|id|name)?"
WORD = re.compile(r"[A-Z]*[^\W\d_A-Z]+|[A-Z]+")  # of a_name, aName or AName
FEWEST_GROUPS, LARGEST_GROUP = 20, 0.1  # of groups; the latter as a share of the rows
BY_CHANCE = 0.05  # kappa
MISSING = "is missing in"
BY_TIME = "to test on the newest texts, add a column of splits (docs/my-corpus.md#splits)"
MOST_DATES = 0.9  # share of the values of a column of dates
FEW = 20  # different values of a column, all of which are kept
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"  # or a month
_MONTH = r"(?:jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])[a-z]{0,6}\.?"
DATE = re.compile(
    r"(?:[^\W\d_]{2,10}\.?,? )?"  # the day of the week
    rf"(?:\d{{4}}([-/.]){_DAY}\1{_DAY}|{_DAY}([-/.]){_DAY}\2\d{{4}}"
    r"|(?:0[1-9]|[12]\d|3[01])([-/.])(?:0[1-9]|[12]\d|3[01])\3\d{2}"
    rf"|{_DAY}[. -]{{1,2}}{_MONTH}[ -]\d{{4}}|{_MONTH} {_DAY},? \d{{4}})"
    r"(?:[T ,]{1,2}\d{1,2}[:.]\d{2}[\d:.,+ A-Za-z-]{0,20})?",
    re.IGNORECASE,
)


@dataclass(frozen=True, eq=False)
class Column:
    """A column of a table.

    Attributes:
        values: text or None, one per sampled row.
        unique: whether all values of the whole table differ and none is missing.
        different: number of different values in the whole table, without empty ones.
        few: these values, with '' if some are empty, as long as they are at most `FEW`.
    """

    name: str
    values: list[str | None]
    unique: bool
    different: int
    few: frozenset[str] = frozenset()

    @property
    def words(self) -> float:
        """Words per row, on average."""
        words = (len(separated(value or "").split()) for value in self.values)
        return sum(words) / len(self.values)

    @property
    def filled(self) -> float:
        """Share of the rows that have a value."""
        return sum(bool((value or "").strip()) for value in self.values) / len(self.values)

    @property
    def is_split(self) -> bool:
        """Whether its values are names of splits, or mark the unlabelled rows only."""
        values = set(map(split_named, self.few))
        marks = UNLABELLED in values and values <= {UNLABELLED, "train", ""}
        known = values <= {*SPLITS, UNLABELLED} if self.has_test else marks
        return known and self.different <= FEW

    @property
    def has_test(self) -> bool:
        """Whether it has the names of the splits for training and test."""
        return {"train", "test"} <= set(map(split_named, self.few))

    @property
    def has_dates(self) -> bool:
        """Whether nearly all values are dates, with or without a time."""
        values = [value.strip() for value in self.values if (value or "").strip()]
        dates = sum(bool(DATE.fullmatch(value)) for value in values)
        return 0 < len(values) * MOST_DATES <= dates

    @property
    def is_named_like_a_group(self) -> bool:
        return self._has_word(GROUPS)

    @property
    def is_named_like_a_label(self) -> bool:
        return self._has_word(LABELS)

    @property
    def is_named_like_a_language(self) -> bool:
        return self._has_word(LANGUAGES)

    def _has_word(self, words: str) -> bool:
        found = (word.lower() for word in WORD.findall(self.name))
        return any(re.fullmatch(f"(?:{words}){ENDINGS}", word) for word in found)

    @property
    def has_small_groups(self) -> bool:
        """Whether its values divide the rows into enough groups for the shares of the splits."""
        ((_, largest),) = Counter(filter(None, self.values)).most_common(1) or [("", 0)]
        return self.different >= FEWEST_GROUPS and largest <= LARGEST_GROUP * len(self.values)

    def may_be_label(self, rows: int) -> bool:
        """Return whether its values are short, and repeat in a table of so many rows."""
        short = np.mean([len((value or "").split()) for value in self.values]) < 8
        return bool(short and 2 <= self.different <= rows / FEW_ROWS)


@dataclass(frozen=True)
class Columns:
    """The columns of text or numbers of a table.

    Attributes:
        rows: number of rows of the table.
        out: the other columns by name, and why they have no role.
        splits: the splits in the names of the files.
    """

    columns: list[Column]
    rows: int
    out: dict[str, str]
    splits: set[str]

    @property
    def has_test(self) -> bool:
        """Whether there are files for training and test."""
        return {"train", "test"} <= self.splits

    @property
    def reasons(self) -> str:
        """Why columns have no role, for the end of a message."""
        reasons = [*self.out.values()]
        if any(self.splits) and any(MISSING in reason for reason in reasons):
            reasons.append(
                "documents of each split need labels; to split one of the files, propose that file"
                " alone"
            )
        return "".join(f"; {reason}" for reason in reasons)

    def asked(self, names: Sequence[str], option: str) -> list[Column]:
        """Return the columns with these names; `UserError` if one is missing or has no role."""
        for name in names:
            if name in self.out:
                raise UserError(f"{option}: {self.out[name]}")
        columns = {column.name: column for column in self.columns}
        return [columns[name] for name in find_columns(list(columns), names, option)]


def read_columns(path: Path, layout: Layout) -> Columns:
    """Read a table; `UserError` without two columns of text or numbers that are no dates."""
    sample, rows, rng, splits, first = [], 0, random.Random(0), set(), None
    seen: dict[str, set[int]] = {}
    few: dict[str, set[str]] = {}
    out = _unnamed(path, layout)
    for rows, (where, split, row) in enumerate(read_rows(path, None, layout), 1):
        splits.add(split)
        if first:
            new = [name for name in row if name not in seen and name not in out]
            out |= {name: f"'{name}' {MISSING} {first}" for name in new}
        missing = [name for name in seen if name not in row and name not in out]
        if (missing or not first) and not _is_unlabelled(split, row):
            out |= {name: f"'{name}' {MISSING} {where}" for name in missing}
            first = first or where
        values = _values(row, where, out)
        for name, value in values.items():
            different, text = seen.setdefault(name, set()), (value or "").strip()
            if text:
                different.add(hash(value))
            if len(different) <= FEW:
                few.setdefault(name, set()).add(text)
        if len(sample) < SAMPLED:
            sample.append(values)
        elif (position := rng.randrange(rows)) < SAMPLED:
            sample[position] = values
    sizes = {name: len(different) for name, different in seen.items() if name not in out}
    columns = []
    for name, size in sizes.items():
        values = [row.get(name) for row in sample]
        columns.append(Column(name, values, size == rows, size, frozenset(few[name])))
    return _without_dates(Columns(columns, rows, out, splits))


def _without_dates(table: Columns) -> Columns:
    """Return a table without its columns of dates; `UserError` without two other columns."""
    dates = {c.name: f"'{c.name}' has dates; {BY_TIME}" for c in table.columns if c.has_dates}
    columns = [column for column in table.columns if column.name not in dates]
    table = Columns(columns, table.rows, table.out | dates, table.splits)
    if len(columns) < 2 or not table.rows:
        names = ", ".join(column.name for column in columns)
        raise UserError(
            f"found {table.rows} rows with the columns {names or 'none'};"
            f" expected a column of texts and a column of classes{table.reasons}"
        )
    return table


def _unnamed(path: Path, layout: Layout) -> dict[str, str]:
    """Return why columns without a name of their own are left out, by name."""
    out = {}
    for table in tables_in(path):
        if table.kind in DELIMITERS:
            out |= table.delimited(layout).unnamed()
    return out


def _is_unlabelled(split: str, row: dict[str, object]) -> bool:
    """Return whether a row needs no class, by the name of its file or a column of splits."""
    texts = (value for value in row.values() if isinstance(value, str))
    return UNLABELLED in (split, *map(split_named, texts))


def _values(row: dict[str, object], where: str, out: dict[str, str]) -> dict[str, str | None]:
    """Return the values of a row as texts; a column with another value is added to ``out``."""
    values = {}
    for name in [name for name in row if name not in out]:
        try:
            values[name] = as_text(row[name], "")
        except UserError:
            found = reprlib.repr(row[name])
            out[name] = f"'{name}' holds {found} in {where}, no text or number"
    return values


def joined(columns: list[Column]) -> Column:
    """Return the texts of several columns as one column, in the way of a corpus."""
    if len(columns) == 1:
        return columns[0]
    rows = zip(*(column.values for column in columns), strict=True)
    values = ["\n".join(filter(None, row)) for row in rows]
    different = max(column.different for column in columns)
    return Column(", ".join(column.name for column in columns), values, False, different)


def choose_text(columns: list[Column], table: Columns) -> Column:
    """Return the column with the most words per row, if possible one whose values rarely repeat.

    Raises:
        UserError: it has fewer than two words per row.
    """
    rare = [c for c in columns if c.words >= 2 and c.different > table.rows / FEW_ROWS]
    text = max(rare or columns, key=lambda column: column.words)
    if text.words < 2:
        raise UserError(
            f"no column of texts; the longest is '{text.name}' with {text.words:.1f} words per row"
            f"{table.reasons}; name the column of the texts with --text"
        )
    return text


def possible_labels(columns: list[Column], rows: int) -> list[Column]:
    """Return the columns that may have the classes of a table of so many rows."""
    return [
        column
        for column in columns
        if column.may_be_label(rows)
        and (column.is_named_like_a_label or column.different <= MOST_CLASSES)
    ]


def choose_label(text: Column, columns: list[Column], table: Columns) -> tuple[Column, str]:
    """Return the column of the classes among ``columns``, and the reason for the choice.

    A column whose name suggests it comes first, unless the texts predict another one far better;
    otherwise, the one that the texts predict best. Texts predict their language best of all, which
    is seldom the class: such a column is chosen only if there is no other.

    Raises:
        UserError: no column has few different values that repeat.
    """
    possible = possible_labels(columns, table.rows)
    possible = [c for c in possible if not c.is_named_like_a_language] or possible
    if not possible:
        counts = ", ".join(f"'{column.name}' ({column.different})" for column in columns)
        raise UserError(
            f"no column of classes beside '{text.name}'; expected one with 2 to"
            f" {MOST_CLASSES} different values and at least {FEW_ROWS} rows per value on average;"
            f" found {counts or 'none'} in {table.rows} rows{table.reasons};"
            " name the column of the classes with --label"
        )
    kappas = {column: agreement(text, column) for column in possible}
    least = max(kappas.values()) / 4 - BY_CHANCE  # of a column that its name suggests
    named = [c for c in possible if c.is_named_like_a_label and kappas[c] >= least]
    # If kappas are about equal, prefer a column that is not named like an author.
    ranked = sorted(possible, key=lambda c: (-round(kappas[c], 1), c.is_named_like_a_group))
    best = next(column for column in ranked if column in (named or possible))
    listed = ", ".join(f"'{column.name}' {kappas[column]:.2f}" for column in ranked)
    reason = "its name suggests it" if named else "the texts predict it best"
    return best, f"{reason} (kappa of a quick naive Bayes: {listed})"


def agreement(text: Column, label: Column) -> float:
    """Return how well texts predict a column: Cohen's kappa of naive Bayes in cross-validation.

    It is 0 if the prediction is worse than one by chance, as it often is with few rows.
    """
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.metrics import cohen_kappa_score
    from sklearn.model_selection import KFold, cross_val_predict
    from sklearn.naive_bayes import ComplementNB

    features = 1 << (16 if label.different <= MOST_CLASSES else 12)  # for each class in memory
    settings = {"n_features": features, "alternate_sign": False, "norm": None}
    vectors = HashingVectorizer(token_pattern=TOKEN_PATTERNS["words"], **settings)
    words = vectors.transform(value or "" for value in text.values)
    truth = np.array([value or "" for value in label.values])
    folds = KFold(3, shuffle=True, random_state=0)
    answers = cross_val_predict(ComplementNB(), words, truth, cv=folds)
    return max(0.0, float(cohen_kappa_score(truth, answers)))
