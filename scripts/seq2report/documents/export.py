"""Write the test and validation documents of a corpus for others to classify, without labels.

  seq2report export-documents results/sample/imdb --output documents.csv

The file has the columns id, split and text: the test documents first, then the validation
documents, each in a random order that depends on the ids alone. The ending of its name, .csv,
.jsonl or .parquet, determines the format. If ids contain the class, as in test/pos/0_10, they are
replaced by digests. In CSV, a cell that a spreadsheet would read as a formula gets a leading
apostrophe.

Answers come back as a table with the column id, and label or one probability per class; see
docs/answers.md.
"""

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from seq2report.core import command
from seq2report.core.command import UserError, replacing
from seq2report.core.excerpts import as_cell
from seq2report.core.stored import read_table
from seq2report.core.wording import plural
from seq2report.documents.documents import read_texts
from seq2report.documents.predictions import SPLITS, digest_of, exported_ids

COLUMNS = ("id", "split", "text")
ROWS = 50_000  # in memory at once
Write = Callable[[list[tuple]], None]


@contextmanager
def _csv(path: Path) -> Iterator[Write]:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(COLUMNS)
        yield lambda rows: writer.writerows(map(as_cell, row) for row in rows)


@contextmanager
def _json_lines(path: Path) -> Iterator[Write]:
    with path.open("w", encoding="utf-8") as file:
        yield lambda rows: file.writelines(
            json.dumps(dict(zip(COLUMNS, row, strict=True)), ensure_ascii=False) + "\n"
            for row in rows
        )


@contextmanager
def _parquet(path: Path) -> Iterator[Write]:
    schema = pa.schema([(name, pa.string()) for name in COLUMNS])
    with pq.ParquetWriter(path, schema) as writer:
        yield lambda rows: writer.write_table(
            pa.Table.from_arrays(
                [pa.array(column, pa.string()) for column in zip(*rows, strict=True)],
                schema=schema,
            )
        )


WRITERS = {".csv": _csv, ".jsonl": _json_lines, ".parquet": _parquet}


def export(documents: Path, output: Path) -> dict[str, int]:
    """Write the documents of `SPLITS` to a file; return their numbers by split."""
    about = read_table(documents, ["id", "label", "split"])
    about = about.filter(pl.col("split").is_in(SPLITS))
    about = about.with_columns(exported=pl.Series(exported_ids(about)))
    about = about.with_columns(order=pl.Series(map(digest_of, about["id"]))).sort("order")
    with replacing(output) as part, WRITERS[output.suffix](part) as write:
        for split in SPLITS:
            for some in about.filter(pl.col("split") == split).iter_slices(ROWS):
                texts = read_texts(documents, some["id"])
                rows = some.select("exported", "split", "id").rows()
                write([(exported, split, texts[name]) for exported, split, name in rows])
    return {split: about.filter(pl.col("split") == split).height for split in SPLITS}


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__)
    parser.add_argument(
        "corpus", type=Path, metavar="CORPUS_FOLDER", help="results/<name>/<corpus>"
    )
    parser.add_argument("--output", type=Path, required=True, help="a name that does not exist yet")
    args = parser.parse_args(argv)

    documents = args.corpus / "documents.parquet"
    if args.output.suffix not in WRITERS:
        raise UserError(
            f"--output: found '{args.output.name}'; allowed endings: {', '.join(WRITERS)}"
        )
    if args.output.exists():
        raise UserError(f"{args.output} already exists; choose another --output, or remove it")
    if not documents.is_file():
        raise UserError(
            f"{args.corpus}: found no documents.parquet, expected the folder of a corpus,"
            f" results/<name>/<corpus>; make it with: snakemake --cores 1 {documents}"
            " --configfile <your file>"
        )
    counts = export(documents, args.output)
    numbers = " and ".join(plural(n, f"{split} documents") for split, n in counts.items())
    print(f"Wrote {numbers} to {args.output}.")
