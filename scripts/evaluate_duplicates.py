"""Find documents that stand in a corpus more than once.

duplicates.parquet has a row a test document whose body also stands among the training or validation
documents: id, same_label (whether one of these twins has its label), twins (how many there are),
and twin and twin_label of the first one by id. Two bodies are the same if their words and the order
of them are: white space plays no part. A document without any word is nobody's twin.

Of the report's tables, duplicates counts them for each pair of parts of the corpus, and empty the
documents without any word.
"""

import logging
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from seq2report.core import command
from seq2report.core.command import replacing, run
from seq2report.core.tables import write_tables

# Linear models are fitted on validation documents too: to a leak they are training documents.
PARTS = {"train": "training", "validation": "training", "test": "test", "unlabelled": "unlabelled"}


def body(text: str) -> bytes | None:
    """Return 128 bits that stand for a text whatever its white space, or None if it has no word."""
    words = text.split()
    return blake2b(" ".join(words).encode(), digest_size=16).digest() if words else None


def read_bodies(documents: Path) -> pl.DataFrame:
    """Return columns id, label, split, and body (binary, null for an empty text), a row a document.

    Args:
        documents: Parquet file; a row group of it is in memory at a time.
    """
    with pq.ParquetFile(documents) as file:
        groups = map(file.read_row_group, range(file.num_row_groups))
        return pl.concat(
            pl.from_arrow(group.drop_columns("text")).with_columns(
                body=pl.Series([body(text.as_py()) for text in group["text"]], dtype=pl.Binary)
            )
            for group in groups
        )


def find_twins(bodies: pl.DataFrame) -> pl.DataFrame:
    """Return a row a test document with twins among what models learn from, sorted by id.

    Args:
        bodies: columns id, label, split and body, in any order.

    Returns:
        Columns id, same_label (bool), twins (how many, int), twin and twin_label (of the first).
    """
    learned = bodies.filter(pl.col("split").is_in(["train", "validation"]))
    # A row a body and not a row a pair: a thousand copies of one text are a million pairs.
    known = (
        learned.sort("id")
        .group_by("body")
        .agg(
            twins=pl.len().cast(pl.Int64),
            twin=pl.col("id").first(),
            twin_label=pl.col("label").first(),
            labels=pl.col("label").unique(),
        )
    )
    test = bodies.filter(pl.col("split") == "test").join(known, on="body")  # no null is another
    same = pl.col("labels").list.contains(pl.col("label"))
    return test.select("id", same.alias("same_label"), "twins", "twin", "twin_label").sort("id")


def count_twins(bodies: pl.DataFrame) -> pl.DataFrame:
    """Return how many documents of a part stand in that part once more, or in an earlier one.

    Args:
        bodies: columns id, label, split and body, in any order.

    Returns:
        Columns part and among (of `PARTS`), documents (of ``part`` that have a twin in ``among``),
        and of these same_label (one of the twins has the label) and other_label (none has).
    """
    parted = bodies.with_columns(part=pl.col("split").replace_strict(PARTS)).drop_nulls("body")
    parts = parted.partition_by("part", as_dict=True, include_key=False)
    found = [part for part in dict.fromkeys(PARTS.values()) if (part,) in parts]
    rows = []
    for n, part in enumerate(found):
        for among in found[: n + 1]:
            these, those = parts[part,], parts[among,]
            itself = 1 if part == among else 0
            copies = those.group_by("body").agg(copies=pl.len())
            alike = those.group_by("body", "label").agg(alike=pl.len())
            twins = these.join(copies, on="body").filter(pl.col("copies") > itself)
            twins = twins.join(alike, on=["body", "label"], how="left")
            same = (twins["alike"] > itself).sum()
            labels = {"same_label": same, "other_label": twins.height - same}
            labels = dict.fromkeys(labels) if "unlabelled" in (part, among) else labels
            rows.append({"part": part, "among": among, "documents": twins.height} | labels)
    return pl.DataFrame(rows, schema_overrides={"same_label": pl.Int64, "other_label": pl.Int64})


def count_empty(bodies: pl.DataFrame) -> pl.DataFrame:
    """Return columns split, documents and empty (how many have no word), sorted by split."""
    counts = bodies.group_by("split").agg(documents=pl.len(), empty=pl.col("body").null_count())
    return counts.sort("split")


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "documents", "output")
    parser.add_argument("--duplicates", type=Path, required=True, help="Parquet file to write")
    args = parser.parse_args(argv)

    bodies = read_bodies(args.documents)
    twins = find_twins(bodies)
    logging.info("%d test documents also stand among the training documents", twins.height)
    with replacing(args.duplicates) as part:
        twins.write_parquet(part)
    tables = {"duplicates": count_twins(bodies), "empty": count_empty(bodies)}
    with replacing(args.output) as part:
        part.mkdir()
        # Counts stay whole numbers beside a null.
        frames = {name: table.to_pandas().convert_dtypes() for name, table in tables.items()}
        write_tables(frames, part)


if __name__ == "__main__":
    run(main)
