"""Formats of corpora: how the documents of each are read, and which settings it has.

To add a format, write its reader, add a record to `FORMATS` and its name to the schema of the
configuration. A reader takes the content and the settings of a corpus. It yields (id, text, label,
split) of each document, and the group if there is one.
"""

import re
import reprlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import chain
from pathlib import Path, PurePosixPath

from seq2report.core.command import UserError
from seq2report.files import archives
from seq2report.files.delimited import Layout, find_columns
from seq2report.files.lines import text_lines
from seq2report.files.table_files import damage, read_rows
from seq2report.files.table_names import split_named

Members = Iterable[tuple[str, bytes]]  # name and content of each file of an archive
SPLITS = ("train", "validation", "test")
UNLABELLED = "unlabelled"  # the split of documents without a label


@dataclass(frozen=True)
class Format:
    """How a corpus is stored.

    Attributes:
        reader: a function that yields the documents.
        own_test: whether the corpus has a test split of its own; None if that differs by corpus.
        required: settings that a corpus of this format must have.
        optional: settings that it may have.
        header: the value of ``header`` if a corpus does not set it.
        members: whether the reader takes the members of an archive; otherwise, the path of a file.
    """

    name: str
    reader: Callable[..., Iterator[tuple]]
    own_test: bool | None
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    header: str = "none"
    members: bool = True

    @property
    def settings(self) -> tuple[str, ...]:
        return self.required + self.optional

    def read(self, path: Path, corpus: dict, word_index: dict[str, int] | None) -> Iterator[tuple]:
        """Yield the documents of an archive or table; ``corpus`` are its settings.

        ``word_index`` has the rank of each word; ``corpus`` only has the name of its source.
        """
        content = archives.members(path) if self.members else path
        return self.reader(content, corpus | {"word_index": word_index})


def read_newsgroups(members: Members, corpus: dict) -> Iterator[tuple]:
    """Yield each message: a file named by digits, in the folder of its group.

    The header of a message ends at the first blank line. ``header: cut`` removes it, as the lecture
    does (and as Keras's example of pretrained embeddings did, the lecture's source).
    """
    for path, text in _messages(members, corpus):
        yield f"{path.parent.name}/{path.name}", text, path.parent.name, ""


def read_newsgroups_bydate(members: Members, corpus: dict) -> Iterator[tuple]:
    """Yield each message of the archive with an official split.

    As `read_newsgroups`, but below a folder 20news-bydate-train or 20news-bydate-test.
    """
    for path, text in _messages(members, corpus):
        group = path.parent.name
        if match := re.fullmatch(r"20news-bydate-(train|test)", path.parent.parent.name):
            yield f"{match[1]}/{group}/{path.name}", text, group, match[1]


def _messages(members: Members, corpus: dict) -> Iterator[tuple[PurePosixPath, str]]:
    for name, content in members:
        path = PurePosixPath(name)
        if path.name.isascii() and path.name.isdigit():
            yield path, _decode(content, corpus, name)


def read_imdb(members: Members, corpus: dict) -> Iterator[tuple]:
    """Yield each review of the Large Movie Review Dataset.

    Labels are pos and neg, splits train and test. The reviews in train/unsup are unlabelled.
    """
    pattern = re.compile(r"(train|test)/(pos|neg|unsup)/(\d+_\d+)\.txt$")
    for name, content in members:
        if match := pattern.search(name):
            split, label, number = match.groups()
            text = _decode(content, corpus, name)
            if label == "unsup":
                yield f"{UNLABELLED}/{number}", text, None, UNLABELLED
            else:
                yield f"{split}/{label}/{number}", text, label, split


def read_keras_imdb(members: Members, corpus: dict) -> Iterator[tuple]:
    """Yield each review of Keras's ``imdb.npz``.

    A review is stored as the ranks of its words in the word index. Its text is these words, joined
    by blanks. Review ``train/00000`` is the first one that ``keras.datasets.imdb.load_data()``
    returns, and so on: the archive is shuffled in the same way.

    Raises:
        UserError: an array is missing or damaged, or does not fit the word index.
    """
    import numpy as np  # not at the top: the configuration imports this module without NumPy

    from seq2report.files.arrays import read_array

    arrays = {name: content for name, content in members if name.endswith(".npy")}
    words = {rank: word for word, rank in corpus["word_index"].items()}
    rng = np.random.RandomState(113)  # seed and generator of load_data
    for split in ("train", "test"):
        reviews, labels = (read_array(arrays, f"{axis}_{split}.npy") for axis in "xy")
        if len(reviews) != len(labels):
            raise UserError(f"it has {len(reviews)} {split} reviews, but {len(labels)} labels")
        order = np.arange(len(reviews))
        rng.shuffle(order)
        for position, row in enumerate(order):
            name = f"{split}/{position:05}"
            try:
                text = " ".join([words[rank] for rank in reviews[row]])
                label = {0: "neg", 1: "pos"}[labels[row]]
            except (KeyError, TypeError) as error:
                raise UserError(
                    f"review {name}: {error} is neither a rank in the word index of {len(words)}"
                    " words nor a label (0 or 1); do archive and word index belong together?"
                ) from error
            yield name, text, label, split


def read_folders(members: Members, corpus: dict) -> Iterator[tuple]:
    """Yield each file as a document; the folder that contains it is its class.

    Without a share ``test`` in the corpus's ``split``, the class folders are in one folder per
    split: train, test and optionally validation, or another of `SPLIT_NAMES`. Files in a folder
    unlabelled have no class. Files and folders whose names begin with a dot are ignored, and so is
    what macOS adds to a zip.

    Raises:
        UserError: a file is no text or in the wrong folder, or files are at different depths.
    """
    first = None
    for name, content in members:
        path = PurePosixPath(name)
        if archives.is_hidden(name):
            continue
        split, label = _split_and_label(path, own_split="test" not in corpus["split"])
        depth = len(path.parts) + (label is None)
        first = first or (name, depth)
        if depth != first[1]:
            raise UserError(
                f"{name}: is not at the same depth as {first[0]}; every document has to be directly"
                " in the folder of its class. Remove files that are not documents"
            )
        text = _checked(_decode(content, corpus, name).removeprefix("\ufeff"), name)
        names = [folder for folder in (split, label, path.name) if folder]
        yield _checked("/".join(names), "a file name"), text, label, split


def _split_and_label(path: PurePosixPath, own_split: bool) -> tuple[str, str | None]:
    label = path.parent.name
    if not own_split:
        if not label:
            raise UserError(f"{path}: is in no folder; expected it in the folder of its class")
        return "", label
    if label.lower() == UNLABELLED:
        return UNLABELLED, None
    split = split_named(path.parent.parent.name)
    if split not in SPLITS:
        raise UserError(
            f"{path}: is in no folder of a split; expected {'/, '.join(SPLITS)}/ with a folder per"
            " class in each, or a share 'test' in the corpus's 'split'"
        )
    return split, label


def read_table(path: Path, corpus: dict) -> Iterator[tuple]:
    """Yield each row of a table as a document, with its group if ``columns`` has one.

    Without a column of ids, ids are row numbers from 1. A document without a group is its own
    group. For the formats of tables, see `table_files.read_rows`.

    Raises:
        UserError: the table is damaged, or a row is no document; with the row.
    """
    columns = columns_of(corpus)
    names = list(dict.fromkeys(chain.from_iterable(columns.values())))
    optional = [*columns["label"], *columns.get("group", ())]  # of documents without a label
    rows = read_rows(path, names, Layout.of(corpus), optional)
    number, without_label = 0, []
    for number, (where, part, row) in enumerate(rows, 1):
        values = {role: text_of(row, columns[role], f"{where}: the {role}") for role in columns}
        split = split_named(values["split"] or "") if "split" in columns else part
        if split != UNLABELLED and not row.keys() >= set(optional):
            find_columns(list(row), optional, where)
        if "test" in corpus["split"]:
            split = _without_test(split, columns, where)
        elif split not in (*SPLITS, UNLABELLED):
            raise UserError(f"{where}: {_unknown_split(split, columns)}")
        if "id" in columns and not (values["id"] or "").strip():
            raise UserError(
                f"{where}: the id (column '{columns['id'][0]}') is missing; fill it in or remove"
                " the row"
            )
        if split != UNLABELLED and not (values["label"] or "").strip():
            without_label.append(where)
            continue
        name = values["id"] if "id" in columns else str(number)
        label = None if split == UNLABELLED else values["label"]
        group = (values["group"] or None,) if "group" in columns else ()
        yield name, whole_lines(values["text"] or ""), label, split, *group
    if without_label:
        raise UserError(_missing_labels(without_label, number, columns))


def read_fasttext(path: Path, corpus: dict) -> Iterator[tuple]:
    """Yield each line of a text as fastText reads it: ``__label__`` and the class, then the text.

    Raises:
        UserError: a line has no label or several, or the file is damaged.
    """
    try:
        with archives.open_content(path, wanted=bool) as (name, file):
            yield from _fasttext_lines(text_lines(file, name, corpus.get("encoding", "utf-8")))
    except archives.DAMAGE as error:
        raise UserError(damage(error)) from error


def _fasttext_lines(lines: Iterable[str]) -> Iterator[tuple]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            labels, text = re.match(r"((?:__label__\S+\s+|__label__\S+$)*)(.*)", line).groups()
            labels = labels.split()
            if len(labels) != 1:
                raise UserError(
                    f"line {number}: found {len(labels)} labels at its start, expected one, as in"
                    " '__label__spam the text'"
                )
            label = _checked(labels[0].removeprefix(FASTTEXT), f"line {number}: the label")
            yield str(number), _checked(text, f"line {number}: the text"), label, ""


def columns_of(corpus: dict) -> dict[str, list[str]]:
    """Return the names of the columns of each role; a number is that of a column without a name."""
    return {
        role: [str(name) for name in (names if isinstance(names, list) else [names])]
        for role, names in corpus["columns"].items()
    }


def text_of(row: dict, names: list[str], where: str) -> str | None:
    """Return the value of a column as text, or those of several that are filled, one per line."""
    texts = [as_text(row.get(name), f"{where} (column '{name}')") for name in names]
    return "\n".join(filter(None, texts)) if len(texts) > 1 else texts[0]


def _missing_labels(places: list[str], rows: int, columns: dict) -> str:
    more = f" here and in {len(places) - 1:,} more of {rows:,} rows" if len(places) > 1 else ""
    column = f"the column '{columns['split'][0]}'" if "split" in columns else "a column 'split'"
    return (
        f"{places[0]}: the label (column '{columns['label'][0]}') is missing{more}; fill it in or"
        f" remove the row, or write {UNLABELLED} into {column} (docs/my-corpus.md#tables)"
    )


def _without_test(split: str, columns: dict, where: str) -> str:
    """Return '' instead of the split of a row if test documents are drawn; keep `UNLABELLED`."""
    if "split" in columns and split.strip() not in (UNLABELLED, "train", ""):
        raise UserError(
            f"{where}: found the split '{split}' (column '{columns['split'][0]}'), but 'split.test'"
            f" draws the test documents; allowed: {UNLABELLED}, train or nothing; remove"
            " 'split.test' to take the splits of the column"
        )
    return split if split == UNLABELLED else ""


def _unknown_split(split: str, columns: dict) -> str:
    allowed = ", ".join((*SPLITS, UNLABELLED))
    if "split" in columns:
        return f"unknown split '{split}' (column '{columns['split'][0]}'); allowed: {allowed}"
    return (
        f"found no split; expected several files with one in their names, as in train.csv and"
        f" test.csv ({allowed}), a column 'split', or a share 'test' in the corpus's 'split'"
    )


def as_text(value: object, where: str) -> str | None:
    """Return a value of a table as text, or None if it is missing or NaN; else `UserError`."""
    if value is None or value != value:
        return None
    if isinstance(value, str):
        return _checked(value, where)
    if isinstance(value, int | float | Decimal | date):
        return str(value).lower() if isinstance(value, bool) else str(value)
    raise UserError(f"{where} is {reprlib.repr(value)}, expected text or a number")


def _checked(text: str, where: str) -> str:
    """Return a text; `UserError` if it has a zero byte or a lone surrogate (from JSON, a name)."""
    zero = text.find("\0")
    if zero >= 0:
        hint = "is it a binary file, or text of another encoding, such as utf-16?"
        raise UserError(f"{where}: character {zero + 1} is a zero byte; {hint}")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UserError(
            f"{where}: character {error.start + 1} of {reprlib.repr(text)} is a lone surrogate,"
            " which is half of a character; write the text as UTF-8"
        ) from error
    return text


def _decode(content: bytes, corpus: dict, name: str) -> str:
    """Decode a document with the line ends of Python's ``open``; cut its header if wanted."""
    encoding = corpus["encoding"]
    try:
        text = whole_lines(content.decode(encoding))
    except UnicodeDecodeError as error:
        raise UserError(
            f"{name}: byte {error.start} (0x{content[error.start]:02x}) is not {encoding};"
            " set the corpus's 'encoding' to that of its files, for example latin-1"
        ) from error
    blank = text.find("\n\n")
    return text[blank:] if corpus.get("header") == "cut" and blank > 0 else text


def whole_lines(text: str) -> str:
    """Return a text with the line ends of Python's ``open``."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


MESSAGES = (("encoding",), ("header",), "keep")
FASTTEXT = "__label__"
LAYOUT = ("encoding", "delimiter", "quote", "header")
RECORDS = (
    Format("newsgroups", read_newsgroups, False, *MESSAGES),
    Format("newsgroups_bydate", read_newsgroups_bydate, True, *MESSAGES),
    Format("imdb", read_imdb, True, ("encoding",)),
    Format("keras_imdb", read_keras_imdb, True, ("word_index",)),
    Format("folders", read_folders, None, ("encoding",), ("header",)),
    Format("table", read_table, None, ("columns",), LAYOUT, members=False),
    Format("fasttext", read_fasttext, False, (), ("encoding",), members=False),
)
FORMATS = {record.name: record for record in RECORDS}
