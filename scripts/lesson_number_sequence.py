"""Lesson: an LSTM learns to continue a sequence of numbers, compared with simple rules.

predictions: of every method for every window. scores: errors per method. history: error per epoch.
weights: of the linear regression. parameters: of the network. facts: one row of sizes and headline
figures.
"""

import logging
from collections.abc import Sequence

from seq2report.core import command
from seq2report.core.command import UserError, run
from seq2report.core.tables import write_tables
from seq2report.lessons.number_sequence import run_lesson
from seq2report.models.backend import load_keras


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "seed", "output")
    parser.add_argument("--epochs", type=int, default=400)
    args = parser.parse_args(argv)
    if args.epochs < 1:
        raise UserError(f"--epochs {args.epochs}: expected 1 or more; the lecture uses 400")

    tables = run_lesson(load_keras(args.seed), args.epochs, args.seed)
    write_tables(tables, args.output)
    mae = tables["facts"].iloc[0]
    logging.info("mean absolute error %.2f, outside %.2f", mae["test_mae"], mae["outside_mae"])


if __name__ == "__main__":
    run(main)
