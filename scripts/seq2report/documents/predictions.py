"""Answers from elsewhere: a table with the class, or its probabilities, of each document.

A table has a column ``id`` and either ``label`` or one column per class with its probability. Other
columns are ignored. All test documents have an answer, and all validation documents or none.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain
from pathlib import Path

import numpy as np
import polars as pl

from seq2report.core.command import UserError, nearest
from seq2report.core.excerpts import excerpt, from_cell, visible
from seq2report.core.wording import plural
from seq2report.documents.formats import as_text
from seq2report.files.delimited import DELIMITERS, SET_QUOTE, Layout, find_columns
from seq2report.files.lines import SET_ENCODING
from seq2report.files.table_files import Row, plain_errors, read_rows, tables_in

SPLITS = ("test", "validation")  # whose documents are answered
NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
ROUNDED = 0.01  # how far a sum of rounded probabilities may be from 1
SETTINGS = re.compile(
    f"{re.escape(SET_ENCODING)}.*|{SET_QUOTE}(, or to '\"' if this value is right)?"
)  # of a corpus
SHOWN = 60  # characters of a value in a message
ID_DIGITS = 20  # of an id that is a digest


@dataclass(frozen=True)
class Predictions:
    """The answers for the documents of `SPLITS`, in their order.

    Attributes:
        answers: probabilities, (documents, classes) float32 of sum 1; or class numbers,
            (documents,) int32.
        is_answered: whether a document has an answer, (documents,) bool.
    """

    answers: np.ndarray
    is_answered: np.ndarray


def digest_of(name: str) -> str:
    """Return an id that says nothing about the document."""
    return sha256(name.encode()).hexdigest()[:ID_DIGITS]


def exported_ids(documents: pl.DataFrame) -> list[str]:
    """Return the ids of documents as others get them, which do not give away a class.

    They are digests if any id has the class as a folder, as in ``test/pos/0_10``; otherwise, they
    are the ids. ``documents`` has the columns id and label.
    """
    ids, labels = documents["id"].to_list(), documents["label"].cast(pl.String).to_list()
    if any(label in name.split("/")[:-1] for name, label in zip(ids, labels, strict=True)):
        return list(map(digest_of, ids))
    return ids


def read_predictions(path: Path, documents: pl.DataFrame, classes: list[str]) -> Predictions:
    """Return the answers in a table; ``documents`` (id, label, split) are all of the corpus.

    Raises:
        UserError: the table is damaged or lacks a column, or the first row or document without a
            valid answer.
    """
    asked = documents.filter(pl.col("split").is_in(SPLITS))
    try:
        rows, names = _rows(path), dict(zip(classes, range(len(classes)), strict=True))
        columns, rows = _columns(rows, classes)
        size = (asked.height, len(classes)) if columns == classes else asked.height
        answers = np.zeros(size, np.float32 if columns == classes else np.int32)
        is_answered = np.zeros(asked.height, bool)
        known = dict(zip(exported_ids(asked), range(asked.height), strict=True))
        known |= dict(zip(asked["id"], range(asked.height), strict=True))
        wanted = {"id", *columns}
        for where, _, row in rows:
            if not wanted <= row.keys():  # in JSON Lines, a row may lack some
                find_columns(list(row), ["id", *columns], where)
            n = _position(row, known, documents, where)
            if is_answered[n]:
                raise UserError(f"{where}: the id {_shown(row['id'])} again; keep one of its rows")
            is_answered[n] = True
            read = _probabilities if columns == classes else _label
            answers[n] = read(row, names, where)
        _check_complete(asked, is_answered)
    except UserError as error:
        message = visible(SETTINGS.sub("save it as CSV UTF-8", str(error)))  # names are data
        raise UserError(f"{path}: {message}") from error
    return Predictions(answers, is_answered)


def _rows(path: Path) -> Iterator[Row]:
    layout = Layout()
    for table in tables_in(path):
        if table.kind in DELIMITERS:
            with plain_errors(table, layout.encoding, ""):
                layout = Layout(delimiter=table.delimited(layout).delimiter(["id"]))
        break
    return read_rows(path, None, layout)


def _columns(rows: Iterator[Row], classes: list[str]) -> tuple[list[str], Iterator[Row]]:
    """Return the columns with the answers, label or the classes, and the rows again."""
    if not (first := next(rows, None)):
        raise UserError("it has no rows; expected one per document")
    _, _, row = first
    find_columns(list(row), ["id"], "its columns")
    has_classes = "id" not in classes and all(name in row for name in classes)
    has_label = "label" in row and not (has_classes and "label" in classes)
    if has_label and (has_classes or "predicted" in row):
        other = "'predicted'" if "predicted" in row else "the probabilities of the classes"
        raise UserError(
            f"found the columns 'label' and {other}; expected one of the two with the"
            " answers: remove the other one, above all if it has the true classes"
        )
    if not has_label and not has_classes:
        if "id" in classes or not any(name in row for name in classes):
            raise UserError(
                f"found the columns {excerpt(', '.join(row), 200)}; expected 'label', or"
                f" one per class with its probability: {excerpt(', '.join(classes), 200)}"
            )
        find_columns(list(row), classes, "its columns")
    return (["label"] if has_label else classes), chain([first], rows)


def _position(row: dict, known: dict[str, int], documents: pl.DataFrame, where: str) -> int:
    """Return the number of the document of a row."""
    name = as_text(row["id"], f"{where}: the id")
    if not (name or "").strip():
        raise UserError(f"{where}: the id is missing; fill it in or remove the row")
    n = known.get(name, known.get(from_cell(name)))
    if n is None:
        split = dict(documents.filter(pl.col("id") == name).select("id", "split").iter_rows())
        found = f"a document of the split '{split[name]}'" if split else "no document of the corpus"
        raise UserError(
            f"{where}: the id {_shown(name)} is {found}; allowed: ids of test and validation"
            " documents, as 'seq2report export-documents' writes them"
        )
    return n


def _label(row: dict, classes: dict[str, int], where: str) -> int:
    """Return the number of the class in a row."""
    name = as_text(row["label"], f"{where}: the label")
    if not (name or "").strip():
        raise UserError(f"{where}: the label is missing; expected an answer for each document")
    number = classes.get(name, classes.get(from_cell(name)))
    if number is None:
        message = f"{where}: the label {_shown(name)} is no class of the corpus"
        raise UserError(f"{message}; {excerpt(nearest(name, classes), 400)}")
    return number


def _probabilities(row: dict, classes: dict[str, int], where: str) -> list[float]:
    """Return the probabilities of all classes in a row, made to sum to 1."""
    values = [_probability(row[name], name, where) for name in classes]
    total = sum(values)
    if not abs(total - 1) <= ROUNDED + 1e-9:
        raise UserError(
            f"{where}: the probabilities sum to {total:.6g}; allowed: 1, or {1 - ROUNDED} to"
            f" {1 + ROUNDED} after rounding"
        )
    return [value / total for value in values]


def _probability(value: object, name: str, where: str) -> float:
    if type(value) is float and value >= 0:
        return value
    place = f"{where}: the probability of {_shown(name)}"
    text = (as_text(value, place) or "").strip()
    number = float(text) if NUMBER.fullmatch(text) else math.nan
    if not number >= 0:
        raise UserError(
            f"{place} is {_shown(text) if text else 'missing'}; allowed: numbers from 0 to 1,"
            " with a decimal point"
        )
    return number


def _check_complete(documents: pl.DataFrame, is_answered: np.ndarray) -> None:
    """Raise `UserError` unless all test documents have an answer, and all others or none."""
    for split in SPLITS:
        of_split = (documents["split"] == split).to_numpy()
        missing = np.flatnonzero(of_split & ~is_answered)
        total = int(of_split.sum())
        if len(missing) and (split == "test" or len(missing) < total):
            allowed = "expected all" if split == "test" else "expected all of them, or none"
            raise UserError(
                f"{len(missing):,} of {plural(total, f'{split} documents')} have no answer, first"
                f" the id {_shown(documents['id'][int(missing[0])])}; {allowed}"
            )


def _shown(value: object) -> str:
    text = str(value)  # with its blanks, which may be what is wrong
    return f"'{visible(text if len(text) <= SHOWN else f'{text[: SHOWN - 1]}…')}'"
