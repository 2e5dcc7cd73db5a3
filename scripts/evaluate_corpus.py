"""Describe a corpus in tidy tables.

corpus: its title, size, number of different words and content digest. classes: documents of each
split and class. lengths: how many documents have how many words. words: the most frequent ones.
encoding: how many words were counted and kept. coverage: how much of them has a vector, a row an
embedding. missing: the most frequent words without a vector. examples: the first words of a
training document of each class, and the ids that they get.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow.parquet as pq

from seq2report.command import read_json, replacing, run
from seq2report.tables import write_tables
from seq2report.tokens import MARKS, UNKNOWN, tokens

TOP_WORDS = 40
EXAMPLE_WORDS = 60
COVERAGE = ["embedding", "dimensions", "words", "words_found", "tokens", "tokens_found"]
MISSING = ["embedding", "word", "count", "documents"]


def count_words(documents: Path) -> np.ndarray:
    """Return how many words each document has, (n,) int64.

    Args:
        documents: Parquet file, column text; a row group of it is in memory at a time.
    """
    with pq.ParquetFile(documents) as file:
        words, end = np.empty(file.metadata.num_rows, np.int64), 0
        for group in range(file.num_row_groups):
            of_group = tokens(file.read_row_group(group, columns=["text"])["text"].to_pylist())[1]
            words[end : end + len(of_group)] = of_group
            end += len(of_group)
    return words


def lengths(counted: pl.DataFrame) -> pl.DataFrame:
    """Return columns split, words, documents: how many documents have that many words.

    Args:
        counted: columns split and words, a row a document.
    """
    return counted.group_by("split", "words").len("documents").sort("split", "words")


def middling(counted: pl.DataFrame) -> list[str]:
    """Return the id of one training document of each class, that nearest to its median length.

    Args:
        counted: columns id, split, label and words, a row a document.
    """
    train = counted.filter(pl.col("split") == "train")
    distance = (pl.col("words") - pl.col("words").median()).abs()
    return train.filter(distance.rank("ordinal").over("label") == 1)["id"].to_list()


def examples(chosen: pl.DataFrame, vocabulary: pl.DataFrame) -> pl.DataFrame:
    """Return columns label, id, position, word, word_id (null where it is dropped).

    Args:
        chosen: columns label, id and text.
        vocabulary: columns word and id.
    """
    words, of_each = tokens(chosen["text"])
    unknown = MARKS[UNKNOWN] if UNKNOWN in vocabulary["word"] else pl.lit(None, pl.Int32)
    return (
        chosen.select("label", "id")[np.repeat(np.arange(chosen.height), of_each)]
        .with_columns(word=pl.Series(words, dtype=pl.String))
        .with_columns(position=pl.int_range(pl.len()).over("id"))
        .filter(pl.col("position") < EXAMPLE_WORDS)
        .select("label", "id", "word", "position")
        .join(vocabulary.select("word", word_id="id"), on="word", how="left", maintain_order="left")
        .with_columns(pl.col("word_id").fill_null(unknown))
    )


def main(argv: Sequence[str] | None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, required=True, help="corpus.json")
    parser.add_argument("--documents", type=Path, required=True, help="documents.parquet")
    parser.add_argument("--vocabulary", type=Path, required=True, help="vocabulary.parquet")
    parser.add_argument("--encoding", type=Path, required=True, help="encoding.json")
    parser.add_argument(
        "--coverage", type=Path, nargs="*", default=[], help="<embedding>/coverage.json, any number"
    )
    parser.add_argument(
        "--missing", type=Path, nargs="*", default=[], help="<embedding>/missing.parquet"
    )
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    args = parser.parse_args(argv)

    counted = pl.read_parquet(args.documents, columns=["id", "split", "label"])
    counted = counted.with_columns(words=pl.Series(count_words(args.documents)))
    rows = pl.scan_parquet(args.documents).filter(pl.col("id").is_in(middling(counted)))
    chosen = rows.collect(engine="streaming").sort("label")
    vocabulary = pl.read_parquet(args.vocabulary)
    coverage = [{"embedding": file.parent.name} | read_json(file) for file in args.coverage]
    missing = [
        {"embedding": file.parent.name} | row
        for file in args.missing
        for row in pl.read_parquet(file).head(TOP_WORDS).iter_rows(named=True)
    ]
    corpus = read_json(args.corpus)
    about = {key: corpus[key] for key in ("title", "documents", "unique_tokens", "digest")}
    tables = {
        "corpus": pd.DataFrame([about | {"classes": len(corpus["classes"])}]),
        "classes": pd.DataFrame(corpus["counts"]),
        "lengths": lengths(counted).to_pandas(),
        "words": vocabulary.head(TOP_WORDS).to_pandas(),
        "encoding": pd.DataFrame([read_json(args.encoding)]),
        "examples": examples(chosen, vocabulary).to_pandas(),
        "coverage": pd.DataFrame(coverage, columns=COVERAGE),
        "missing": pd.DataFrame(missing, columns=MISSING),
    }
    with replacing(args.output) as part:
        part.mkdir()
        write_tables(tables, part)


if __name__ == "__main__":
    run(main)
