"""Corpora from archives: documents with id, text, label and split, the same wherever from.

The texts of a corpus are never in memory all at once: `blocks` sorts some of them at a time, and
`merge` makes one sorted sequence of many blocks. Of every document only what `index` holds and a
digest are in memory.
"""

import hashlib
import io
import pickle
import re
import reprlib
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path, PurePosixPath

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from seq2report.core.command import UserError
from seq2report.documents.splits import in_groups, stratified
from seq2report.files.table_files import read_rows

Members = Iterable[tuple[str, bytes]]
SCHEMA = pa.schema([(name, pa.string()) for name in ("id", "text", "label", "split")])
SPLITS = pl.Enum(["", "train", "validation", "test", "unlabelled"])
GROUPED = SCHEMA.append(pa.field("group", pa.string()))  # of documents that belong together
GIVEN = ("train", "validation", "test")  # parts that a corpus may come in
BLOCK = 1 << 24  # characters of text that are in memory at once


def read_newsgroups(members: Members, encoding: str, header: str = "keep") -> Iterator[tuple]:
    """Yield (id, text, label, "") of each message: files named by digits, a folder a group.

    The header ends at the first blank line; ``header="cut"`` takes it off, as the lecture does
    (and as Keras's example of pretrained embeddings did, where the lecture has it from).
    """
    for path, text in _messages(members, encoding, header):
        yield f"{path.parent.name}/{path.name}", text, path.parent.name, ""


def read_newsgroups_bydate(
    members: Members, encoding: str, header: str = "keep"
) -> Iterator[tuple]:
    """Yield (id, text, label, split) of each message of the archive with an official split.

    As `read_newsgroups`, but below a folder 20news-bydate-train or 20news-bydate-test.
    """
    for path, text in _messages(members, encoding, header):
        group = path.parent.name
        if match := re.fullmatch(r"20news-bydate-(train|test)", path.parent.parent.name):
            yield f"{match[1]}/{group}/{path.name}", text, group, match[1]


def _messages(members: Members, encoding: str, header: str) -> Iterator[tuple[PurePosixPath, str]]:
    for name, content in members:
        path = PurePosixPath(name)
        if not path.name.isascii() or not path.name.isdigit():
            continue
        yield path, _without_header(decode(content, encoding, name), header)


def _without_header(text: str, header: str) -> str:
    blank = text.find("\n\n")
    return text[blank:] if header == "cut" and blank > 0 else text


def read_folders(
    members: Members, encoding: str, header: str = "keep", given_split: bool = False
) -> Iterator[tuple]:
    """Yield (id, text, label, split) of each file; the folder that it lies in is its class.

    Files and folders whose names begin with a dot are passed over, and so is what macOS adds to a
    zip. The header is that of `read_newsgroups`.

    Args:
        members: name and content of each file.
        encoding: of the texts.
        header: cut or keep.
        given_split: whether the folders of the classes lie in one folder for each part, train,
            validation (which may be missing) and test; files of a folder unlabelled have no class.

    Raises:
        UserError: a file that is no text or lies somewhere else; files of different depths.
    """
    first = None
    for name, content in members:
        path = PurePosixPath(name)
        if any(part.startswith(".") or part == "__MACOSX" for part in path.parts):
            continue
        split, label = "", path.parent.name
        if given_split and label == "unlabelled":
            split, label = label, None
        elif given_split:
            split = path.parent.parent.name
            if split not in GIVEN:
                raise UserError(
                    f"{name}: lies in no part of the corpus; expected {'/, '.join(GIVEN)}/ and in"
                    " them a folder for each class, or a share 'test' in the corpus's 'split'"
                )
        elif not label:
            raise UserError(f"{name}: lies in no folder; expected it in the folder of its class")
        depth = len(path.parts) + (label is None)
        first = first or (name, depth)
        if depth != first[1]:
            raise UserError(
                f"{name}: lies deeper or less deep than {first[0]}; every document has to lie"
                " directly in the folder of its class. Take out what is no document"
            )
        text = decode(content, encoding, name).removeprefix("\ufeff")
        text = _clean(_without_header(text, header), name)
        parts = [part for part in (split, label, path.name) if part]
        yield _clean("/".join(parts), "a file name"), text, label, split


def read_table(path: Path, columns: dict[str, str], encoding: str = "utf-8") -> Iterator[tuple]:
    """Yield (id, text, label, split) of each row of a table, and the group, if columns name one.

    Ids are the numbers of the rows, from 1, where no column has them. A document without a group
    is one of its own.

    Args:
        path: see `table_files.read_rows`.
        columns: text and label, and maybe id, split and group: the names of their columns.
        encoding: of the table.

    Raises:
        UserError: the table is damaged, or a row is no document; says which.
    """
    for number, (place, row) in enumerate(
        read_rows(path, list(dict.fromkeys(columns.values())), encoding), 1
    ):
        found = {
            role: spelled(row[name], f"{place}: the {role} (column '{name}')")
            for role, name in columns.items()
        }
        split = found.get("split") or ""
        if "split" in columns and split not in (*GIVEN, "unlabelled"):
            raise UserError(
                f"{place}: found '{split}' as split (column '{columns['split']}'), expected"
                f" {', '.join(GIVEN)} or unlabelled"
            )
        for role in ("id", "label"):
            if role in found and not (found[role] or "").strip() and split != "unlabelled":
                raise UserError(
                    f"{place}: its {role} (column '{columns[role]}') is missing; fill it in, take"
                    " the row out"
                    + (" or have a column 'split' that says unlabelled" * (role == "label"))
                )
        name = found["id"] if "id" in columns else str(number)
        label = None if split == "unlabelled" else found["label"]
        text = whole_lines(found["text"] or "")
        group = (found["group"] or None,) if "group" in columns else ()
        yield name, text, label, split, *group


def spelled(value: object, where: str) -> str | None:
    """Return a value of a table as text; None for nothing, and for a number that is none (NaN).

    Raises:
        UserError: a list, a mapping, bytes or what no text can hold.
    """
    if value is None or value != value:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | Decimal | date):
        return str(value)
    if isinstance(value, str):
        return _clean(value, where)
    raise UserError(f"{where} is {reprlib.repr(value)}, expected text or a number")


def _clean(text: str, where: str) -> str:
    """Return a text that can be written down.

    Raises:
        UserError: it holds a zero byte, or half a character (of JSON, or a name that is no UTF-8).
    """
    place = text.find("\0")
    if place >= 0:
        raise UserError(
            f"{where}: character {place + 1} is a zero byte; is it no text, or of another encoding,"
            " such as utf-16?"
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UserError(
            f"{where}: character {error.start + 1} of {reprlib.repr(text)} is half of one (a lone"
            " surrogate), which no text can hold; write it as UTF-8 has it"
        ) from error
    return text


def read_imdb(members: Members, encoding: str) -> Iterator[tuple]:
    """Yield (id, text, label, split) of each review of the Large Movie Review Dataset.

    Labels are pos and neg, splits train and test; the reviews of train/unsup have the split
    unlabelled and no label.
    """
    form = re.compile(r"(train|test)/(pos|neg|unsup)/(\d+_\d+)\.txt$")
    for name, content in members:
        if match := form.search(name):
            split, label, number = match.groups()
            text = decode(content, encoding, name)
            if label == "unsup":
                yield f"unlabelled/{number}", text, None, "unlabelled"
            else:
                yield f"{split}/{label}/{number}", text, label, split


def read_keras_imdb(members: Members, word_index: dict[str, int]) -> Iterator[tuple]:
    """Yield (id, text, label, split) of each review of Keras's ``imdb.npz``.

    A review is stored as the ranks of its words in the word index; its text is these words,
    joined by blanks. Review ``train/00000`` is the first one that
    ``keras.datasets.imdb.load_data()`` returns, and so on: the archive is shuffled as it does.

    Raises:
        UserError: an array is missing or damaged, or does not go with the word index.
    """
    arrays = {name: content for name, content in members if name.endswith(".npy")}
    words = {rank: word for word, rank in word_index.items()}
    rng = np.random.RandomState(113)  # load_data's own seed and generator
    for split in ("train", "test"):
        reviews, labels = (read_array(arrays, f"{part}_{split}.npy") for part in "xy")
        if len(reviews) != len(labels):
            raise UserError(f"it holds {len(reviews)} {split} reviews and {len(labels)} labels")
        order = np.arange(len(reviews))
        rng.shuffle(order)
        for place, row in enumerate(order):
            name = f"{split}/{place:05}"
            try:
                text = " ".join([words[rank] for rank in reviews[row]])
                label = {0: "neg", 1: "pos"}[labels[row]]
            except (KeyError, TypeError) as error:
                raise UserError(
                    f"review {name}: {error} is no rank in the word index of {len(words)} words, or"
                    " no label (0 or 1); do archive and word index belong together?"
                ) from error
            yield name, text, label, split


def read_array(arrays: dict[str, bytes], name: str) -> np.ndarray:
    """Read an array of an ``.npz``, one of Python lists without running what a pickle asks for.

    Returns:
        A vector, (n,).

    Raises:
        UserError: it is missing, damaged or no vector, or its pickle names anything else than
            what NumPy itself needs to build an array.
    """
    if name not in arrays:
        raise UserError(f"there is no {name} in it, only {', '.join(arrays) or 'no array at all'}")
    file = io.BytesIO(arrays[name])
    try:
        version = np.lib.format.read_magic(file)
        one = version == (1, 0)  # later forms differ in what the header may hold
        header = np.lib.format.read_array_header_1_0 if one else np.lib.format.read_array_header_2_0
        if header(file)[2].hasobject:
            array = _ArraysOnly(file).load()
        else:
            file.seek(0)
            array = np.lib.format.read_array(file, allow_pickle=False)
    except UserError as error:
        raise UserError(f"{name}: {error}") from error
    except Exception as error:  # a pickle of damaged bytes can raise anything
        raise UserError(f"{name}: damaged ({error}); remove the file and fetch it again") from error
    if not isinstance(array, np.ndarray) or array.ndim != 1:
        raise UserError(f"{name}: found {type(array).__name__}, expected an array of one dimension")
    return array


class _ArraysOnly(pickle.Unpickler):
    """Builds arrays of numbers, texts, lists and the like; calls nothing else."""

    def find_class(self, module: str, name: str) -> object:
        module = module.replace("numpy.core.", "numpy._core.")  # as NumPy 1 wrote it
        if f"{module}.{name}" not in (
            "numpy.ndarray",
            "numpy.dtype",
            "numpy._core.multiarray._reconstruct",
        ):
            raise UserError(
                f"refused, because its pickle asks for {module}.{name}; an array of word ids needs"
                " nothing but NumPy's own parts. Fetch it from another source"
            )
        return super().find_class(module, name)


def decode(content: bytes, encoding: str, name: str) -> str:
    """Decode a document, its line ends as Python's ``open`` (the lecture's way) gives them.

    Raises:
        UserError: names the document and the first byte that is not of this encoding.
    """
    try:
        return whole_lines(content.decode(encoding))
    except UnicodeDecodeError as error:
        raise UserError(
            f"{name}: byte {error.start} (0x{content[error.start]:02x}) is not {encoding};"
            " set the corpus's 'encoding' to what its files are written in, latin-1 for instance"
        ) from error


def whole_lines(text: str) -> str:
    """Return a text with the line ends of Python's ``open``."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


READERS: dict[str, Callable[..., Iterator[tuple]]] = {
    "newsgroups": read_newsgroups,
    "newsgroups_bydate": read_newsgroups_bydate,
    "imdb": read_imdb,
    "keras_imdb": read_keras_imdb,
    "folders": read_folders,
}


def blocks(rows: Iterable[tuple]) -> Iterator[list[tuple]]:
    """Yield rows (id, text, label, split, …) in lists of about `BLOCK` characters, sorted by id."""
    block, held = [], 0
    for row in rows:
        block.append(row)
        held += len(row[1])
        if held >= BLOCK:
            yield sorted(block, key=lambda row: row[0])
            block, held = [], 0
    if block:
        yield sorted(block, key=lambda row: row[0])


def table(rows: list[tuple]) -> pa.Table:
    """Return rows as a table of `SCHEMA`, or of `GROUPED`."""
    columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    return pa.Table.from_arrays(columns, schema=SCHEMA if len(columns) == 4 else GROUPED)


def index(tables: list[pa.Table]) -> pl.DataFrame:
    """Return columns id, label, split, size (of the text in bytes), table (which), sorted by id.

    And group, where the tables have it.

    Raises:
        UserError: no documents, two of one id, or labels of fewer than two classes.
    """
    if not tables:
        raise UserError(
            "no document found in it; does its folder tree, or table, have the corpus's 'format'?"
        )
    parts = [
        pl.from_arrow(each.drop_columns("text"))
        .cast({"label": pl.Categorical, "split": SPLITS})
        .with_columns(size=pl.Series(pc.binary_length(each["text"])), table=pl.lit(n, pl.Int32))
        for n, each in enumerate(tables)
    ]
    documents = pl.concat(parts).sort("id")
    twice = documents.filter(pl.col("id") == pl.col("id").shift())["id"]
    if len(twice):
        raise UserError(f"document '{twice[0]}' stands in it more than once")
    found = classes(documents)
    if len(found) < 2:
        raise UserError(f"found documents of {found or 'no class'}, expected two classes or more")
    return documents


def classes(documents: pl.DataFrame) -> list[str]:
    """Return the sorted class names of documents."""
    return documents["label"].drop_nulls().unique().cast(pl.String).sort().to_list()


def merge(tables: list[pa.Table], documents: pl.DataFrame) -> Iterator[pa.Table]:
    """Yield all documents sorted by id, in tables of about `BLOCK` bytes of text.

    Args:
        tables: each sorted by id.
        documents: their `index`; the column split may have changed since.
    """
    sizes = documents["size"].cast(pl.Int64).to_numpy()
    cuts = np.flatnonzero(np.diff((np.cumsum(sizes) - sizes) // BLOCK)) + 1
    given = np.zeros(len(tables), np.int64)
    for start, end in pairwise([0, *cuts.tolist(), len(sizes)]):
        rows = documents[start:end]
        # What comes next from a sorted table is its next rows.
        counts = np.bincount(rows["table"], minlength=len(tables))
        pieces = [table.slice(*of) for table, *of in zip(tables, given, counts, strict=True)]
        given += counts
        split = pa.array(rows["split"].to_list(), pa.string())
        merged = pa.concat_tables(pieces).sort_by("id").select(SCHEMA.names)
        yield merged.set_column(3, "split", split)


def document_digest(text: str, label: str | None, split: str) -> bytes:
    """Return the sha256 of a document's split, label and text, separated by zero bytes."""
    return hashlib.sha256("\0".join((split, label or "", text)).encode()).digest()


def content_digest(digests: bytes | bytearray) -> str:
    """Return one sha256 for all documents, whatever their order.

    The digests are sorted and hashed once more; document ids and archive names play no part.

    Args:
        digests: the `document_digest` of each, one after the other.
    """
    return hashlib.sha256(np.sort(np.frombuffer(digests, "S32")).tobytes()).hexdigest()


def assign_splits(
    documents: pl.DataFrame,
    seed: int,
    validation: float,
    test: float | None = None,
    stratify: bool = False,
) -> pl.DataFrame:
    """Set the column split: a random share for test (if given), then one for validation.

    Decided by ``seed`` and the documents' sorted ids alone, by their classes too with
    ``stratify``, and by their groups where there is a column group: then no group is in two parts.
    ``validation`` is a share of the training documents. A corpus with a split of its own keeps its
    test part, and its validation part if it has one.

    Raises:
        UserError: a part would be empty, or a given split has a group in two parts.
    """
    if "group" in documents.columns:
        _check_groups(documents)
    names = np.array(SPLITS.categories.to_list(), dtype=object)
    split = names[documents["split"].cast(SPLITS).to_physical()]
    rng = np.random.default_rng(seed)
    if test is not None:
        split[:] = "train"
    # Each part leaves groups for those after it.
    for part, share, left in (("test", test, 2), ("validation", validation, 1)):
        if share is not None and part not in split:
            rows = np.flatnonzero(split == "train")
            split[rows[_chosen(documents[rows], share, stratify, rng, left)]] = part
    documents = documents.with_columns(split=pl.Series(split, dtype=SPLITS))
    for part in GIVEN:
        if part not in split:
            kind = "documents"
            if "group" in documents.columns:
                kind += f" in {documents['group'].n_unique()} groups"
            raise UserError(
                f"{len(split)} {kind} leave no document for {part}; add documents or change the"
                " shares in the corpus's 'split'"
            )
    return documents


def _chosen(
    documents: pl.DataFrame, share: float, stratify: bool, rng: np.random.Generator, left: int
) -> np.ndarray:
    """Return the places of a random share of documents, by their classes or groups or both."""
    if not stratify and "group" not in documents.columns:
        return rng.permutation(documents.height)[: round(share * documents.height)]
    numbers = np.zeros(documents.height, np.int64)
    if stratify:
        _, numbers = np.unique(documents["label"].cast(pl.String).to_numpy(), return_inverse=True)
    if "group" not in documents.columns:
        return stratified(share, numbers, rng)
    alone = pl.concat_str(pl.lit("\0"), "id")  # no group has such a name
    groups = documents.select(pl.col("group").fill_null(alone)).to_series()
    _, of_group = np.unique(groups.to_numpy().astype(object), return_inverse=True)
    return in_groups(share, of_group, numbers, rng, left)


def _check_groups(documents: pl.DataFrame) -> None:
    """Raise `UserError` where a group has documents in two parts of a given split."""
    parts = documents.filter(pl.col("split").is_in(GIVEN), pl.col("group").is_not_null())
    parts = parts.group_by("group").agg(pl.col("split").unique().cast(pl.String))
    torn = parts.filter(pl.col("split").list.len() > 1).sort("group")
    if torn.height:
        raise UserError(
            f"the group '{torn['group'][0]}' has documents in"
            f" {' and '.join(sorted(torn['split'][0]))}; a given split has to keep a group in one"
            " part: mend it, or take 'split' or 'group' out of the corpus's 'columns'"
        )
