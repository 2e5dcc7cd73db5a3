"""Encode documents: vocabulary.parquet, sequences.parquet and encoding.json.

vocabulary.parquet has a row a word that gets an id (id, word, count, documents);
sequences.parquet a row a document (id, split, label, tokens: its word ids, neither padded nor
cut); encoding.json tells how many words were seen and kept.

Ids come from counting words in the documents, or from a word index (JSON: word to rank), as
Keras's own IMDB reviews have them. The vocabulary then begins with two marks: 1 starts a document,
2 stands for every word without an id.
"""

import argparse
import json
import logging
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from seq2report.command import UserError, replacing, run, write_json
from seq2report.tokens import MARKS, encode, index_words, read_word_index, vocabulary


def count_words(documents: pl.DataFrame, fit: str) -> pl.DataFrame:
    """Return the `vocabulary` of the training documents, or of all (``fit="all"``).

    Raises:
        UserError: there is no word in them.
    """
    counted = documents if fit == "all" else documents.filter(pl.col("split") == "train")
    words = vocabulary(counted)
    if words.is_empty():
        raise UserError(f"the {counted.height} documents that words are counted in hold no word")
    return words


def count_ids(sequences: pl.DataFrame, words: pl.DataFrame) -> pl.DataFrame:
    """Return ``words`` with their count and documents in the training sequences, in their order."""
    counts = (
        sequences.filter(pl.col("split") == "train")
        .select("id", word_id="tokens")
        .explode("word_id")
        .group_by("word_id")
        .agg(count=pl.len(), documents=pl.col("id").n_unique())
    )
    return words.join(
        counts, left_on="id", right_on="word_id", how="left", maintain_order="left"
    ).with_columns(pl.col("count", "documents").fill_null(0))


def main(argv: Sequence[str] | None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--documents", type=Path, required=True, help="Parquet file")
    parser.add_argument("--settings", type=json.loads, required=True, help="encoding, as JSON")
    parser.add_argument("--word-index", type=Path, nargs="?", help="JSON, if the encoding has one")
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    args = parser.parse_args(argv)

    documents = pl.read_parquet(args.documents)
    num_words, fit = args.settings["num_words"], args.settings.get("fit", "train")
    words = count_words(documents, fit)
    if args.word_index:
        indexed = index_words(read_word_index(args.word_index), num_words)
        sequences = encode(documents, indexed)
        kept = count_ids(sequences, indexed)
    else:
        kept = words.filter(pl.col("id") < num_words)
        sequences = encode(documents, kept)
    logging.info("%d unique tokens, %d of them get an id", words.height, kept.height)
    with replacing(args.output) as part:
        part.mkdir()
        kept.write_parquet(part / "vocabulary.parquet")
        sequences.write_parquet(part / "sequences.parquet")
        summary = {
            "fit": fit,
            "unique_tokens": words.height,
            "tokens": int(words["count"].sum()),
            "num_words": int(kept["id"].max()) + 1,  # id 0 is padding
            "kept_tokens": int(kept.filter(~pl.col("word").is_in(list(MARKS)))["count"].sum()),
        }
        write_json(part / "encoding.json", summary)


if __name__ == "__main__":
    run(main)
