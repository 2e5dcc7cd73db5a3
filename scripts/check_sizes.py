"""Check that a corpus has subsets of the configured sizes, before anything is trained on them.

The output has one entry per size: size as configured (a number, a share or all), labels (number of
labelled documents), and how many of them are for training and validation.
"""

import json
from collections.abc import Sequence

from seq2report.core import command
from seq2report.core.command import UserError, read_json, run, write_json
from seq2report.documents.subsets import DRAWN, numbers, size_mistakes, totals


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "corpus", "output")
    about = "JSON: numbers of documents, shares of them, and all"
    parser.add_argument("--sizes", type=json.loads, required=True, help=about)
    args = parser.parse_args(argv)

    counts = read_json(args.corpus)["counts"]
    if mistakes := list(size_mistakes(args.corpus.parent.name, args.sizes, counts)):
        raise UserError("\n".join(mistakes))
    rows = [
        (size, totals(counts) if size == "all" else numbers(size, counts)) for size in args.sizes
    ]
    entries = [
        {"size": size, "labels": sum(found), **dict(zip(DRAWN, found, strict=True))}
        for size, found in rows
    ]
    write_json(args.output, {"sizes": entries})


if __name__ == "__main__":
    run(main)
