"""Documents that occur in a corpus more than once.

Two documents are duplicates if they have the same words in the same order; white space is ignored.
A document without any word has no duplicates.
"""

from hashlib import blake2b
from pathlib import Path

import polars as pl

from seq2report.core.stored import open_parquet
from seq2report.core.wording import FEW

# Pipelines are fitted on validation documents too, so these count as training documents.
ROLES = {"train": "training", "validation": "training", "test": "test", "unlabelled": "unlabelled"}


def digest(text: str) -> bytes | None:
    """Return 128 bits that identify the words of a text and their order, or None without a word."""
    words = text.split()
    return blake2b(" ".join(words).encode(), digest_size=16).digest() if words else None


def read_digests(documents: Path) -> pl.DataFrame:
    """Return columns id, label, split and digest (binary, null if empty), one row per document.

    One row group of the Parquet file at a time is in memory.
    """
    with open_parquet(documents) as file:
        groups = map(file.read_row_group, range(file.num_row_groups))
        return pl.concat(
            pl.from_arrow(group.select(["id", "label", "split"])).with_columns(
                digest=pl.Series([digest(text.as_py()) for text in group["text"]], dtype=pl.Binary)
            )
            for group in groups
        )


def leaked(digests: pl.DataFrame) -> pl.DataFrame:
    """Return one row per test document with duplicates in training or validation, sorted by id.

    Returns:
        Columns id, same_label (bool: a duplicate has the same label), twins (number of duplicates,
        int), and twin and twin_label of the first duplicate by id.
    """
    learned = digests.filter(pl.col("split").is_in(["train", "validation"]))
    # One row per digest and not per pair: a thousand copies of one text are a million pairs.
    known = (
        learned.sort("id")
        .group_by("digest")
        .agg(
            twins=pl.len().cast(pl.Int64),
            twin=pl.col("id").first(),
            twin_label=pl.col("label").first(),
            labels=pl.col("label").unique(),
        )
    )
    # A join matches no null with another null.
    test = digests.filter(pl.col("split") == "test").join(known, on="digest")
    same = pl.col("labels").list.contains(pl.col("label"))
    return test.select("id", same.alias("same_label"), "twins", "twin", "twin_label").sort("id")


def count_duplicates(digests: pl.DataFrame) -> pl.DataFrame:
    """Return the number of duplicates within each role of a split and between any two.

    Returns:
        Columns part and among (of `ROLES`), documents (of ``part`` with a duplicate in ``among``),
        same_label (those where a duplicate has the same label) and other_label (the others); the
        last two are null for unlabelled documents.
    """
    with_role = digests.with_columns(role=pl.col("split").replace_strict(ROLES))
    by_role = with_role.drop_nulls("digest").partition_by("role", as_dict=True, include_key=False)
    roles = [role for role in dict.fromkeys(ROLES.values()) if (role,) in by_role]
    rows = []
    for n, role in enumerate(roles):
        for among in roles[: n + 1]:
            itself = 1 if role == among else 0
            copies = by_role[among,].group_by("digest").agg(copies=pl.len())
            alike = by_role[among,].group_by("digest", "label").agg(alike=pl.len())
            copied = by_role[role,].join(copies, on="digest").filter(pl.col("copies") > itself)
            same = copied.join(alike, on=["digest", "label"]).filter(pl.col("alike") > itself)
            labels = {"same_label": same.height, "other_label": copied.height - same.height}
            labels = dict.fromkeys(labels) if "unlabelled" in (role, among) else labels
            rows.append({"part": role, "among": among, "documents": copied.height} | labels)
    return pl.DataFrame(rows, schema_overrides={"same_label": pl.Int64, "other_label": pl.Int64})


def count_empty(digests: pl.DataFrame) -> pl.DataFrame:
    """Return columns split, documents and empty (those without a word), sorted by split."""
    counts = digests.group_by("split").agg(documents=pl.len(), empty=pl.col("digest").null_count())
    return counts.sort("split")


def other_labels(digests: pl.DataFrame) -> pl.DataFrame:
    """Return columns id and also_under: documents whose text also occurs under other labels.

    At most `FEW` of them are named; a text such as "ok" may occur under all of many labels.
    """
    labels = digests.drop_nulls(["digest", "label"]).group_by("digest", "label").agg(pl.col("id"))
    labels = labels.filter(pl.len().over("digest") > 1).sort("label")
    others = pl.col("label").sort()
    named = labels.group_by("digest").agg(other=others.head(FEW + 1), others=pl.len() - 1)
    pairs = labels.explode("id").join(named, on="digest").explode("other")
    pairs = pairs.filter(pl.col("label") != pl.col("other"))
    more = pl.format(" and {} more", pl.col("others").first() - FEW)
    return pairs.group_by("id").agg(
        also_under=pl.col("other").sort().head(FEW).str.join(", ")
        + pl.when(pl.col("others").first() > FEW).then(more).otherwise(pl.lit(""))
    )
