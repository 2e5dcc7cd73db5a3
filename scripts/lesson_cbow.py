"""Lesson: learn word vectors from the neighbours of words, and write the tables.

By hand: the lecture's two sentences and a network with two hidden units. On a corpus, if one is
passed: CBOW and skip-gram with negative sampling.

pairs, step, embedding, loss, probabilities, contexts, starts, separation, orders and
order_examples: the two sentences. settings, neighbours, map, bands: the corpus. facts: one row of
sizes and headline figures.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from threadpoolctl import threadpool_limits

from seq2report.core import command
from seq2report.core.command import run
from seq2report.core.tables import write_tables
from seq2report.lessons.cbow import by_hand, corpus
from seq2report.models.backend import load_keras


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "seed", "output")
    parser.add_argument("--vocabulary", type=Path, nargs="?", help="vocabulary.parquet")
    parser.add_argument("--sequences", type=Path, nargs="?", help="sequences.parquet")
    args = parser.parse_args(argv)
    with_corpus = command.require_both(args, "vocabulary", "sequences")

    logging.getLogger("gensim").setLevel(logging.WARNING)  # otherwise one line per second
    keras = load_keras(args.seed)
    with threadpool_limits(1):  # matrices this small take longer on many threads
        tables, facts = by_hand.build_tables(keras, args.seed)
    facts = {"seed": args.seed, **facts, "corpus": with_corpus}
    if with_corpus:
        corpus_tables, corpus_facts = corpus.build_tables(
            args.vocabulary, args.sequences, args.seed
        )
        tables |= corpus_tables
        facts |= corpus_facts
    write_tables(tables | {"facts": pd.DataFrame([facts])}, args.output)
    shares = tables["contexts"].set_index("setting")["line"]
    logging.info("separated by a line: %s", shares.round(3).to_dict())


if __name__ == "__main__":
    run(main)
