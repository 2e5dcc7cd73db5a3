"""Train word vectors on a corpus, CBOW or skip-gram with negative sampling: words and vectors.

See `seq2report.vectors.word2vec`. The training, validation and unlabelled documents are read,
without their labels, and not the test documents. Words that occur fewer than 5 times get no vector.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from seq2report.core import command
from seq2report.core.command import replacing, run
from seq2report.core.stored import read_table
from seq2report.documents.sequences import read_sequences
from seq2report.vectors.word2vec import READ, Documents, spell_ids, train


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "settings", "seed", "output")
    parser.add_argument("--vocabulary", type=Path, required=True, help="vocabulary.parquet")
    parser.add_argument("--sequences", type=Path, required=True, help="sequences.parquet")
    args = parser.parse_args(argv)

    logging.getLogger("gensim").setLevel(logging.WARNING)  # otherwise one line per second
    spelled = spell_ids(read_table(args.vocabulary))
    documents = Documents(read_sequences(args.sequences).of_split(*READ), spelled)
    words, vectors = train(documents, args.settings, args.seed)
    logging.info("%d words have a vector", len(words))
    with replacing(args.output) as folder:
        folder.mkdir()
        pl.DataFrame({"word": words}).write_parquet(folder / "words.parquet")
        np.save(folder / "vectors.npy", vectors, allow_pickle=False)


if __name__ == "__main__":
    run(main)
