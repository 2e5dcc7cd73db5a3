"""Align pretrained vectors with a vocabulary: matrix.npy, coverage.json and missing.parquet.

Row i of the matrix is the vector of the word with id i; row 0 (padding) and the rows of words
without a vector are zero, as in the lecture. coverage.json tells how much of the vocabulary and
of the running text has a vector; missing.parquet lists the words that have none, most frequent
first.
"""

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from seq2report.command import UserError, replacing, run, write_json


def align(
    vocabulary: pl.DataFrame, words: pl.DataFrame, vectors: np.ndarray
) -> tuple[np.ndarray, pl.DataFrame]:
    """Return the embedding matrix, (highest id + 1, dimensions) float32, and the words not found.

    Args:
        vocabulary: columns id, word, count, documents.
        words: column word, row by row the words of ``vectors``.
        vectors: (n, dimensions) float32; may be memory-mapped, only matching rows are read.

    Raises:
        UserError: no word of the vocabulary has a vector.
    """
    rows = vocabulary.join(words.with_row_index("row"), on="word", how="left")
    found = rows.drop_nulls("row").sort("row")
    if found.is_empty():
        raise UserError(
            f"none of the {vocabulary.height} words of the vocabulary has a vector (vocabulary:"
            f" {vocabulary['word'][:3].to_list()}…, vectors: {words['word'][:3].to_list()}…);"
            " are the vectors of another language, or not lower case?"
        )
    matrix = np.zeros((vocabulary["id"].max() + 1, vectors.shape[1]), dtype=np.float32)
    matrix[found["id"].to_numpy()] = vectors[found["row"].to_numpy()]
    missing = rows.filter(pl.col("row").is_null()).sort("id").select("word", "count", "documents")
    return matrix, missing


def main(argv: Sequence[str] | None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--vocabulary", type=Path, required=True, help="Parquet file of encode")
    parser.add_argument("--words", type=Path, required=True, help="Parquet file of read_vectors")
    parser.add_argument("--vectors", type=Path, required=True, help="vectors.npy of read_vectors")
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    args = parser.parse_args(argv)

    vocabulary = pl.read_parquet(args.vocabulary)
    words = pl.read_parquet(args.words)
    vectors = np.load(args.vectors, mmap_mode="r", allow_pickle=False)
    matrix, missing = align(vocabulary, words, vectors)
    tokens = int(vocabulary["count"].sum())
    coverage = {
        "dimensions": matrix.shape[1],
        "words": vocabulary.height,
        "words_found": vocabulary.height - missing.height,
        "tokens": tokens,
        "tokens_found": tokens - int(missing["count"].sum()),
    }
    logging.info("%(words_found)d of %(words)d words have a vector", coverage)
    with replacing(args.output) as part:
        part.mkdir()
        np.save(part / "matrix.npy", matrix, allow_pickle=False)
        missing.write_parquet(part / "missing.parquet")
        write_json(part / "coverage.json", coverage)


if __name__ == "__main__":
    run(main)
