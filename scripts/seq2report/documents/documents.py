"""Documents as tables: sorted by id, whatever the order and size of their archive.

The texts of a corpus are never in memory all at once: `blocks` sorts some of them at a time, and
`merge` merges the blocks. Only the `index` and the digests of all documents are in memory.
"""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from seq2report.core.command import UserError, intact
from seq2report.core.stored import open_parquet, read_table
from seq2report.documents.splits import SPLIT, group_numbers

SCHEMA = pa.schema([(name, pa.string()) for name in ("id", "text", "label", "split")])
GROUPED = SCHEMA.append(pa.field("group", pa.string()))  # of documents that belong together
BLOCK = 1 << 24  # characters of text that are in memory at once


def blocks(rows: Iterable[tuple]) -> Iterator[list[tuple]]:
    """Yield rows (id, text, label, split, …) in lists of about `BLOCK` characters, sorted by id."""
    block, size = [], 0
    for row in rows:
        block.append(row)
        size += len(row[1])
        if size >= BLOCK:
            yield sorted(block, key=lambda row: row[0])
            block, size = [], 0
    if block:
        yield sorted(block, key=lambda row: row[0])


def to_arrow(rows: list[tuple]) -> pa.Table:
    """Return rows as a table of `SCHEMA`, or of `GROUPED`."""
    columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    return pa.Table.from_arrays(columns, schema=SCHEMA if len(columns) == 4 else GROUPED)


def index(texts: list[pa.Table]) -> pl.DataFrame:
    """Return one row per document, sorted by id: the columns of the tables without the text.

    Further columns are size (bytes of the text) and table (its number in ``texts``).

    Raises:
        UserError: no document, two documents with one id, or labels of fewer than two classes.
    """
    if not texts:
        raise UserError(
            "no document found in it; do its folders, or its columns, fit the corpus's 'format'?"
        )
    documents = pl.concat(
        pl.from_arrow(table.drop_columns("text"))
        .cast({"label": pl.Categorical, "split": SPLIT})
        .with_columns(size=pl.Series(pc.binary_length(table["text"])), table=pl.lit(n, pl.Int32))
        for n, table in enumerate(texts)
    ).sort("id")
    repeated = documents.filter(pl.col("id") == pl.col("id").shift())["id"]
    if len(repeated):
        raise UserError(
            f"two documents have the id '{repeated[0]}' (repeated ids: {repeated.n_unique():,}),"
            " expected one of its own for each: in a column without repeated values (or remove 'id'"
            " from the corpus's 'columns' to use row numbers), or as the path of a file in the"
            " folder of its class"
        )
    labels = classes(documents)
    if len(labels) < 2:
        raise UserError(f"found documents of {labels or 'no class'}, expected two classes or more")
    return documents


def classes(documents: pl.DataFrame) -> list[str]:
    """Return the sorted class names of documents."""
    return documents["label"].drop_nulls().unique().cast(pl.String).sort().to_list()


def merge(texts: list[pa.Table], documents: pl.DataFrame) -> Iterator[pa.Table]:
    """Yield all documents sorted by id, in tables of about `BLOCK` bytes of text.

    Each of ``texts`` is sorted by id. The column split is that of ``documents``, their `index`;
    other columns are those of ``texts``.
    """
    sizes = documents["size"].cast(pl.Int64).to_numpy()
    cuts = np.flatnonzero(np.diff((np.cumsum(sizes) - sizes) // BLOCK)) + 1
    done = np.zeros(len(texts), np.int64)
    for start, end in pairwise([0, *cuts.tolist(), len(sizes)]):
        rows = documents[start:end]
        counts = np.bincount(rows["table"], minlength=len(texts))
        pieces = [table.slice(*rest) for table, *rest in zip(texts, done, counts, strict=True)]
        done += counts
        split = pa.array(rows["split"].to_list(), pa.string())
        merged = pa.concat_tables(pieces).sort_by("id")
        yield merged.set_column(3, "split", split)


def document_digest(text: str, label: str | None, split: str) -> bytes:
    """Return the sha256 of a document's split, label and text, separated by zero bytes."""
    return hashlib.sha256("\0".join((split, label or "", text)).encode()).digest()


def content_digest(digests: bytes | bytearray) -> str:
    """Return one sha256 for all documents, whatever their order: the sorted digests, hashed again.

    ``digests`` are the `document_digest` of each document, concatenated. Document ids and archive
    names have no influence.
    """
    return hashlib.sha256(np.sort(np.frombuffer(digests, "S32")).tobytes()).hexdigest()


def read_groups(documents: Path, ids: Iterable[str]) -> np.ndarray | None:
    """Return the `group_numbers` of these documents, (n,), or None if the corpus has no groups."""
    with open_parquet(documents) as file:
        if "group" not in file.schema_arrow.names:
            return None
    named = read_table(documents, columns=["id", "group"])
    asked = pl.DataFrame({"id": list(ids)}, {"id": pl.String})
    return group_numbers(asked.join(named, on="id", how="left", maintain_order="left"))


def read_texts(documents: Path, ids: Iterable[str]) -> dict[str, str]:
    """Return the texts of these documents by id; other texts are not in memory for long."""
    rows = pl.scan_parquet(documents).select("id", "text").filter(pl.col("id").is_in(list(ids)))
    with intact(documents):
        return dict(rows.collect(engine="streaming").iter_rows())
