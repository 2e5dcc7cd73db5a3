"""Lesson: how far back simple RNN, LSTM and GRU reach, by their gradients and by a memory task.

gradients: how much a word k steps before the end changes the output, before and after training,
on documents. falls: the gradient at the last word, divided by the gradient far back. networks:
size and accuracy. memory: how often each network names the first of n random symbols. starts:
what the gates keep before training. facts: one row of sizes and headline figures.
"""

from collections.abc import Sequence

from seq2report.core.command import run
from seq2report.core.tables import write_tables
from seq2report.lessons import common
from seq2report.lessons.vanishing_gradient import CALLS, UPDATES, run_lesson
from seq2report.models.backend import load_keras


def main(argv: Sequence[str] | None) -> None:
    parser = common.parser(__doc__, epochs=4)
    parser.add_argument(
        "--calls", type=int, default=CALLS, help=f"× {UPDATES} updates of a memory network"
    )
    args = parser.parse_args(argv)

    load_keras(args.seed)
    tables = run_lesson(common.read_corpus(args), args.epochs, args.calls, args.seed)
    write_tables(tables, args.output)


if __name__ == "__main__":
    run(main)
