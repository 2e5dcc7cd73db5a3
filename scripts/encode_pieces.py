"""Encode the labelled documents as word pieces of a pretrained encoder.

sequences.parquet has one row per document: id, split, label, length (number of its ids). tokens.npy
has the ids of all documents, one after the other, int32, each with its special tokens, truncated to
the longest input of the encoder. encoding.json has the numbers of documents and ids. tokenizer.json
and encoder.json are copied.

Documents are read one row group at a time; until all are read, the ids are in a file.
"""

import logging
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from seq2report.core import command
from seq2report.core.command import UserError, read_json, replacing, run, write_json
from seq2report.core.stored import open_parquet
from seq2report.documents.pieces import Splitter


def write_pieces(documents: pq.ParquetFile, splitter: Splitter, folder: Path) -> dict[str, int]:
    """Write sequences.parquet and tokens.npy to a folder; return the counts for encoding.json."""
    rows, total = [], 0
    with (numbers := folder.with_name("numbers")).open("wb") as file:
        for group in range(documents.num_row_groups):
            columns = ["id", "split", "label", "text"]
            some = pl.from_arrow(documents.read_row_group(group, columns=columns))
            some = some.filter(pl.col("label").is_not_null())
            flat, lengths = splitter.encode(some["text"])
            flat.tofile(file)
            rows.append(some.drop("text").with_columns(length=pl.Series(lengths, dtype=pl.Int32)))
            total += len(flat)
    table = pl.concat(rows)
    if table.is_empty():
        raise UserError("no document has a label")
    table.write_parquet(folder / "sequences.parquet")
    ids = np.memmap(numbers, np.int32, mode="r", shape=(total,))
    np.save(folder / "tokens.npy", ids, allow_pickle=False)
    return {"documents": table.height, "ids": total}


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "output")
    parser.add_argument("--documents", type=Path, required=True, help="Parquet file")
    parser.add_argument("--encoder", type=Path, required=True, help="encoder.json of an encoder")
    args = parser.parse_args(argv)

    about = read_json(args.encoder)
    architecture, stored = about["architecture"], args.encoder.with_name("tokenizer.json")
    splitter = Splitter.load(stored, architecture["positions"], about)
    with open_parquet(args.documents) as documents, replacing(args.output) as folder:
        folder.mkdir()
        counts = write_pieces(documents, splitter, folder)
        logging.info("%(documents)d documents, %(ids)d ids", counts)
        write_json(folder / "encoding.json", counts | {"num_words": architecture["vocabulary"]})
        shutil.copy(stored, folder)
        shutil.copy(args.encoder, folder)


if __name__ == "__main__":
    run(main)
