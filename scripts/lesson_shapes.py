"""Lesson: train each shape of recurrent network on a small real task, and write the tables.

One-to-many writes a word, given its first letter. Many-to-many predicts the letter case of every
word of a sentence from its lower-case form. The encoder–decoder writes a number in digits, given
its English words. Each network is compared with simple rules. Many-to-one is the shape of every
classification of the report and is not trained again.

scores: one row per shape, the network and the best rule. methods: all scores of all methods.
history: loss of each epoch. generated, tagged, numbers: examples. facts: one row of sizes.
"""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from seq2report.core import command
from seq2report.core.command import UserError, run
from seq2report.core.stored import read_table
from seq2report.core.tables import write_tables
from seq2report.lessons.shapes.tables import DOCUMENTS, build_tables
from seq2report.models.backend import load_keras


def read_documents(path: Path, seed: int) -> pl.DataFrame:
    """Return split and text of at most `DOCUMENTS` training and test documents.

    Raises:
        UserError: one of the two splits has no documents.
    """
    documents = read_table(path, columns=["split", "text"])
    chosen = []
    for split, most in DOCUMENTS.items():
        of_split = documents.filter(pl.col("split") == split)
        if of_split.is_empty():
            raise UserError(
                f"{path}: found no documents of the split {split!r}, expected some of train and of"
                " test; give the corpus a 'split' in the configuration"
            )
        chosen.append(of_split.sample(min(most, len(of_split)), seed=seed))
    return pl.concat(chosen)


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "documents", "seed", "output")
    parser.add_argument("--epochs", type=int, help="of every task, instead of its own number")
    args = parser.parse_args(argv)
    if args.epochs is not None and args.epochs < 1:
        raise UserError(f"--epochs {args.epochs}: expected 1 or more, or to leave it out")

    documents = read_documents(args.documents, args.seed)
    tables = build_tables(documents, load_keras(args.seed), args.seed, args.epochs)
    write_tables(tables, args.output)


if __name__ == "__main__":
    run(main)
