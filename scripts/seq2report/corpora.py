"""Corpora from archives: documents with id, text, label and split, the same wherever from.

The texts of a corpus are never in memory all at once: `blocks` sorts some of them at a time, and
`merge` makes one sorted sequence of many blocks. Of every document only what `index` holds and a
digest are in memory.
"""

import hashlib
import io
import pickle
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import PurePosixPath

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from seq2report.command import UserError

Members = Iterable[tuple[str, bytes]]
SCHEMA = pa.schema([(name, pa.string()) for name in ("id", "text", "label", "split")])
SPLITS = pl.Enum(["", "train", "validation", "test", "unlabelled"])
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
        text = decode(content, encoding, name)
        blank = text.find("\n\n")
        yield path, text[blank:] if header == "cut" and blank > 0 else text


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
        return content.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{name}: byte {error.start} (0x{content[error.start]:02x}) is not {encoding};"
            " set the corpus's 'encoding' to what its files are written in, latin-1 for instance"
        ) from error


READERS: dict[str, Callable[..., Iterator[tuple]]] = {
    "newsgroups": read_newsgroups,
    "newsgroups_bydate": read_newsgroups_bydate,
    "imdb": read_imdb,
    "keras_imdb": read_keras_imdb,
}


def blocks(rows: Iterable[tuple]) -> Iterator[list[tuple]]:
    """Yield rows (id, text, label, split) in lists of about `BLOCK` characters, sorted by id."""
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
    """Return rows as a table of `SCHEMA`."""
    columns = (pa.array(column, pa.string()) for column in zip(*rows, strict=True))
    return pa.Table.from_arrays(list(columns), schema=SCHEMA)


def index(tables: list[pa.Table]) -> pl.DataFrame:
    """Return columns id, label, split, size (of the text in bytes), table (which), sorted by id.

    Raises:
        UserError: no documents, two of one id, or labels of fewer than two classes.
    """
    if not tables:
        raise UserError("no document found in it; does its folder tree have the corpus's 'format'?")
    parts = [
        pl.from_arrow(each.select(["id", "label", "split"]))
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
        yield pa.concat_tables(pieces).sort_by("id").set_column(3, "split", split)


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
    documents: pl.DataFrame, seed: int, validation: float, test: float | None = None
) -> pl.DataFrame:
    """Set the column split: a random share for test (if given), then one for validation.

    Decided by ``seed`` and the documents' sorted ids alone. ``validation`` is a share of the
    training documents. A corpus with a split of its own keeps its test part.

    Raises:
        UserError: a part would be empty.
    """
    names = np.array(SPLITS.categories.to_list(), dtype=object)
    split = names[documents["split"].cast(SPLITS).to_physical()]
    rng = np.random.default_rng(seed)
    if test is not None:
        order = rng.permutation(len(split))
        split[:] = "train"
        split[order[: round(test * len(split))]] = "test"
    train = rng.permutation(np.flatnonzero(split == "train"))
    split[train[: round(validation * len(train))]] = "validation"
    for part in ("train", "validation", "test"):
        if part not in split:
            raise UserError(
                f"{len(split)} documents leave no document for {part}; add documents or change the"
                " shares in the corpus's 'split'"
            )
    return documents.with_columns(split=pl.Series(split, dtype=SPLITS))
