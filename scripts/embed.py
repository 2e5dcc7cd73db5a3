"""Align pretrained vectors with a vocabulary: matrix.npy, coverage.json and missing.parquet.

Row i of the matrix is the vector of the word with id i. Row 0 (padding) and the rows of words
without a vector are zero, as in the lecture. coverage.json has the numbers of words and tokens with
a vector; missing.parquet lists the words without one, most frequent first. The special tokens of an
encoding are not words.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from seq2report.core import command
from seq2report.core.command import UserError, replacing, run, write_json
from seq2report.core.stored import read_table
from seq2report.documents.tokens import real_words
from seq2report.vectors.vectors import open_vectors, read_rows


def align(
    vocabulary: pl.DataFrame, words: pl.DataFrame, vectors: np.ndarray, where: str
) -> tuple[np.ndarray, pl.DataFrame]:
    """Return the embedding matrix, (highest id + 1, dimensions) float32, and the missing words.

    Args are a vocabulary with the columns id, word, count and documents, and those of `read_rows`.

    Raises:
        UserError: no word of the vocabulary has a vector, or one of the vectors is invalid.
    """
    rows = words.select("word").with_row_index("row")
    matches = rows.join(vocabulary, on="word").sort("row")
    if matches.is_empty():
        raise UserError(
            f"none of the {vocabulary.height} words of the vocabulary has a vector (vocabulary:"
            f" {vocabulary['word'][:3].to_list()}…, vectors: {words['word'][:3].to_list()}…);"
            " are the vectors of another language, or not lower case?"
        )
    known = read_rows(words, vectors, matches["row"].to_numpy(), where)
    matrix = np.zeros((vocabulary["id"].max() + 1, known.shape[1]), dtype=np.float32)
    matrix[matches["id"].to_numpy()] = known
    missing = vocabulary.join(matches, on="id", how="anti")
    missing = missing.sort("count", "id", descending=[True, False])
    return matrix, missing.select("word", "count", "documents")


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "output")
    parser.add_argument("--vocabulary", type=Path, required=True, help="Parquet file of encode")
    parser.add_argument("--words", type=Path, required=True, help="Parquet file of read_vectors")
    parser.add_argument("--vectors", type=Path, required=True, help="vectors.npy of read_vectors")
    parser.add_argument("--source", type=Path, nargs="?", help="file that read_vectors read")
    args = parser.parse_args(argv)

    vocabulary = real_words(read_table(args.vocabulary))
    words, vectors = open_vectors(args.words, args.vectors, args.source)
    matrix, missing = align(vocabulary, words, vectors, str(args.source or args.vectors))
    tokens = int(vocabulary["count"].sum())
    coverage = {
        "dimensions": matrix.shape[1],
        "words": vocabulary.height,
        "words_found": vocabulary.height - missing.height,
        "tokens": tokens,
        "tokens_found": tokens - int(missing["count"].sum()),
    }
    logging.info("%(words_found)d of %(words)d words have a vector", coverage)
    with replacing(args.output) as folder:
        folder.mkdir()
        np.save(folder / "matrix.npy", matrix, allow_pickle=False)
        missing.write_parquet(folder / "missing.parquet")
        write_json(folder / "coverage.json", coverage)


if __name__ == "__main__":
    run(main)
