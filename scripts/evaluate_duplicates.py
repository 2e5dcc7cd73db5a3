"""Find documents that occur in a corpus more than once, exactly or nearly.

duplicates.parquet has one row per test document that also occurs in the training or validation
split, exactly (`seq2report.documents.duplicates`) or nearly (`documents.near_duplicates`). Of the
report's tables, duplicates counts the duplicates within and between the splits, empty the documents
without any word, and near_duplicates has excerpts of the least similar pairs of a test document and
its near duplicate: if these are copies, so are the others.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from seq2report.core import command
from seq2report.core.command import replacing, run
from seq2report.core.excerpts import add_contacts, differing, showing
from seq2report.core.tables import write_tables
from seq2report.documents.documents import read_texts
from seq2report.documents.duplicates import count_duplicates, count_empty, leaked, read_digests
from seq2report.documents.near_duplicates import count_near, find, nearly_leaked, number

SHOWN = 50  # pairs
EXCERPT = 400  # characters


def excerpts(documents: Path, near: pl.DataFrame, contacts: str) -> pl.DataFrame:
    """Return the least similar pairs of `nearly_leaked`, with excerpt and twin_excerpt."""
    shown = near.sort("similarity", "id").head(SHOWN)
    texts = read_texts(documents, [*shown["id"], *shown["twin"]])
    texts = {name: showing(contacts)(text) for name, text in texts.items()}
    pairs = shown.select("id", "twin").iter_rows()
    columns = zip(*(differing(texts[a], texts[b], EXCERPT) for a, b in pairs), strict=True)
    names = ("excerpt", "twin_excerpt")
    return shown.with_columns(
        pl.Series(name, column, pl.String)
        for name, column in zip(names, [*columns] or [[], []], strict=True)
    )


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "documents", "output")
    parser.add_argument("--duplicates", type=Path, required=True, help="Parquet file to write")
    add_contacts(parser)
    args = parser.parse_args(argv)

    digests = read_digests(args.documents)
    texts = number(digests)
    pairs = find(args.documents, texts)
    exact, near = leaked(digests), nearly_leaked(texts, pairs)
    logging.info(
        "%d test documents also occur in training or validation, %d more nearly",
        *(exact.height, near.height),
    )
    found = pl.concat(
        [exact.with_columns(exact=True), near.with_columns(exact=False)], how="diagonal"
    )
    with replacing(args.duplicates) as file:
        found.sort("id").write_parquet(file)
    counts = count_duplicates(digests).join(
        count_near(texts, pairs), on=["part", "among"], how="left", maintain_order="left"
    )
    counts = {
        "duplicates": counts.with_columns(pl.col("near").fill_null(0)),
        "empty": count_empty(digests),
        "near_duplicates": excerpts(args.documents, near, args.contacts),
    }
    # Counts stay whole numbers in a column with a null.
    counts = {name: table.to_pandas().convert_dtypes() for name, table in counts.items()}
    write_tables(counts, args.output)


if __name__ == "__main__":
    run(main)
