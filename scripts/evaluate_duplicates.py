"""Find documents that occur in a corpus more than once.

duplicates.parquet has one row per test document that also occurs in the training or validation
split (`seq2report.documents.duplicates.leaked`). Of the report's tables, duplicates counts the
duplicates within and between the splits, and empty the documents without any word.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

from seq2report.core import command
from seq2report.core.command import replacing, run
from seq2report.core.tables import write_tables
from seq2report.documents.duplicates import count_duplicates, count_empty, leaked, read_digests


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "documents", "output")
    parser.add_argument("--duplicates", type=Path, required=True, help="Parquet file to write")
    args = parser.parse_args(argv)

    digests = read_digests(args.documents)
    found = leaked(digests)
    logging.info("%d test documents also occur in training or validation", found.height)
    with replacing(args.duplicates) as file:
        found.write_parquet(file)
    counts = {"duplicates": count_duplicates(digests), "empty": count_empty(digests)}
    # Counts stay whole numbers in a column with a null.
    counts = {name: table.to_pandas().convert_dtypes() for name, table in counts.items()}
    write_tables(counts, args.output)


if __name__ == "__main__":
    run(main)
