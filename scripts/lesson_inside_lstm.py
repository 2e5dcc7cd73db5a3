"""Lesson: what the gates of a trained LSTM do, word by word, in a test document.

gates: every gate and state of every unit after every word. document: the words that are read.
probabilities: what the network would predict if the text ended at a word. units: how much a unit
supports the true class at the end. sentences, states: some short texts, and every gate and state
while they are read. facts: one row of sizes, the check against Keras and headline
figures.
"""

from collections.abc import Sequence
from pathlib import Path

from seq2report.core.command import run
from seq2report.core.stored import read_table
from seq2report.core.tables import write_tables
from seq2report.lessons import common
from seq2report.lessons.inside_lstm import run_lesson
from seq2report.models.backend import load_keras


def main(argv: Sequence[str] | None) -> None:
    parser = common.parser(__doc__, epochs=8)
    parser.add_argument("--vocabulary", type=Path, required=True, help="vocabulary.parquet")
    args = parser.parse_args(argv)

    load_keras(args.seed)
    vocabulary = read_table(args.vocabulary, columns=["id", "word"])
    tables = run_lesson(common.read_corpus(args), vocabulary, args.epochs, args.seed)
    write_tables(tables, args.output)


if __name__ == "__main__":
    run(main)
