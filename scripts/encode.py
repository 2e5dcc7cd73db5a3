"""Encode documents: vocabulary.parquet, sequences.parquet and encoding.json.

vocabulary.parquet has a row a word that gets an id (id, word, count, documents);
sequences.parquet a row a document (id, split, label, tokens: its word ids, neither padded nor
cut); encoding.json tells how many words were seen and kept.
"""

import argparse
import json
import logging
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from seq2report.command import UserError, replacing, run, write_json
from seq2report.tokens import encode, vocabulary


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


def main(argv: Sequence[str] | None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--documents", type=Path, required=True, help="Parquet file")
    parser.add_argument("--settings", type=json.loads, required=True, help="encoding, as JSON")
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    args = parser.parse_args(argv)

    documents = pl.read_parquet(args.documents)
    words = count_words(documents, args.settings["fit"])
    kept = words.filter(pl.col("id") < args.settings["num_words"])
    logging.info("%d unique tokens, %d of them get an id", words.height, kept.height)
    with replacing(args.output) as part:
        part.mkdir()
        kept.write_parquet(part / "vocabulary.parquet")
        encode(documents, kept).write_parquet(part / "sequences.parquet")
        summary = {
            "fit": args.settings["fit"],
            "unique_tokens": words.height,
            "tokens": int(words["count"].sum()),
            "num_words": kept.height + 1,  # id 0 is padding
            "kept_tokens": int(kept["count"].sum()),
        }
        write_json(part / "encoding.json", summary)


if __name__ == "__main__":
    run(main)
