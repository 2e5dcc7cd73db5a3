"""Corpora from archives: documents with id, text, label and split, the same wherever from."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath

import numpy as np
import polars as pl

from seq2report.command import UserError

Members = Iterable[tuple[str, bytes]]
SCHEMA = {"id": pl.String, "text": pl.String, "label": pl.String, "split": pl.String}


def read_newsgroups(members: Members, encoding: str, header: str) -> Iterator[tuple]:
    """Yield (id, text, label, "") of each message: files named by digits, a folder a group.

    The header ends at the first blank line; ``header="cut"`` takes it off, as the lecture does
    (and as Keras's example of pretrained embeddings did, where the lecture has it from).
    """
    for name, content in members:
        path = PurePosixPath(name)
        if not path.name.isascii() or not path.name.isdigit():
            continue
        text = decode(content, encoding, name)
        blank = text.find("\n\n")
        if header == "cut" and blank > 0:
            text = text[blank:]
        yield f"{path.parent.name}/{path.name}", text, path.parent.name, ""


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


def decode(content: bytes, encoding: str, name: str) -> str:
    """Decode a document.

    Raises:
        UserError: names the document and the first byte that is not of this encoding.
    """
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise UserError(
            f"{name}: byte {error.start} (0x{content[error.start]:02x}) is not {encoding};"
            " set the corpus's 'encoding' to what its files are written in, latin-1 for instance"
        ) from error


READERS: dict[str, Callable[..., Iterator[tuple]]] = {
    "newsgroups": read_newsgroups,
    "imdb": read_imdb,
}


def table(rows: Iterable[tuple]) -> pl.DataFrame:
    """Return documents sorted by id: columns id, text, label, split (all str).

    Raises:
        UserError: no documents, two of one id, or labels of fewer than two classes.
    """
    documents = pl.DataFrame(list(rows), schema=SCHEMA, orient="row").sort("id")
    if documents.is_empty():
        raise UserError("no document found in it; does its folder tree have the corpus's 'format'?")
    twice = documents.filter(pl.col("id").is_duplicated())["id"]
    if len(twice):
        raise UserError(f"document '{twice[0]}' stands in it more than once")
    classes = documents["label"].drop_nulls().unique().sort().to_list()
    if len(classes) < 2:
        raise UserError(f"found documents of {classes or 'no class'}, expected two classes or more")
    return documents


def content_digest(documents: pl.DataFrame) -> str:
    """Return a sha256 over (split, label, text) of all documents, whatever their order.

    The sha256 of each document's three fields, separated by a zero byte, are sorted and hashed
    once more; document ids and archive names play no part.
    """
    digests = sorted(
        hashlib.sha256("\0".join(field or "" for field in row).encode()).digest()
        for row in documents.select("split", "label", "text").iter_rows()
    )
    return hashlib.sha256(b"".join(digests)).hexdigest()


def assign_splits(
    documents: pl.DataFrame, seed: int, validation: float, test: float | None = None
) -> pl.DataFrame:
    """Set the column split: a random share for test (if given), then one for validation.

    Decided by ``seed`` and the documents' sorted ids alone. ``validation`` is a share of the
    training documents. A corpus with a split of its own keeps its test part.

    Raises:
        UserError: a part would be empty.
    """
    split = documents["split"].to_numpy().astype(object)
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
    return documents.with_columns(split=pl.Series(split, dtype=pl.String))
