"""Lesson: compare words as one-hot vectors with words as points, and write the tables.

See `seq2report.lessons.one_hot`. Without --words and --vectors, pretrained vectors are left out.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from seq2report.core import command
from seq2report.core.command import run
from seq2report.core.tables import write_tables
from seq2report.lessons import one_hot
from seq2report.vectors.vectors import open_vectors, read_rows


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "seed", "output")
    parser.add_argument("--words", type=Path, nargs="?", help="words.parquet of pretrained vectors")
    parser.add_argument("--vectors", type=Path, nargs="?", help="vectors.npy of pretrained vectors")
    parser.add_argument("--source", type=Path, nargs="?", help="file that read_vectors read")
    args = parser.parse_args(argv)

    words, vectors = [], None
    if command.require_both(args, "words", "vectors"):
        spelled, stored = open_vectors(args.words, args.vectors, args.source)
        words = spelled["word"].to_list()
        source = str(args.source or args.vectors)
        vectors = read_rows(spelled, stored, np.arange(len(words)), source)
    tables = one_hot.build_tables(args.seed, words, vectors)
    write_tables(tables, args.output)
    if missing := tables["facts"]["missing"].iloc[0]:
        logging.info("no pretrained vector for %s", missing)


if __name__ == "__main__":
    run(main)
