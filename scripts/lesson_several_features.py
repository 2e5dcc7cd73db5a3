"""Lesson: predict the temperature of the next hour from one feature and from two.

law: constants of the generated series. series: hour by hour. history: loss per epoch. predictions:
of every method for every test hour. scores: errors per run. summary: their means over the runs.
facts: one row of sizes and headline figures.
"""

import logging
from collections.abc import Sequence

from seq2report.core import command
from seq2report.core.command import UserError, run
from seq2report.core.tables import write_tables
from seq2report.lessons.several_features import run_lesson
from seq2report.models.backend import load_keras


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "seed", "output")
    parser.add_argument("--epochs", type=int, default=20)
    args = parser.parse_args(argv)
    if args.epochs < 1:
        raise UserError(f"--epochs {args.epochs}: expected 1 or more; 20 are enough")

    tables = run_lesson(load_keras(args.seed), args.epochs, args.seed)
    write_tables(tables, args.output)
    mae = tables["facts"].iloc[0]
    message = "mean absolute error %.3f °C, with irradiance %.3f °C"
    logging.info(message, mae["mae_alone"], mae["mae_both"])


if __name__ == "__main__":
    run(main)
