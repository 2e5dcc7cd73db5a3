"""Encode documents: vocabulary.parquet, sequences.parquet, tokens.npy and encoding.json.

vocabulary.parquet has a row a word that gets an id (id, word, and count and documents: how often
and in how many documents it occurs where words are counted); sequences.parquet a row a document
(id, split, label, length: its words that have an id); tokens.npy the word ids of all documents,
one after the other, neither padded nor cut, int32; encoding.json tells how many words were seen
and kept.

Ids come from counting words in the documents, or from a word index (JSON: word to rank), as
Keras's own IMDB reviews have them. The vocabulary then begins with two marks: 1 starts a document,
2 stands for every word without an id.

Documents are read once, a row group at a time, and no more of them is ever in memory. Ids are
known only after the last one: until then the numbers of the words wait in a file.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from seq2report.core import command
from seq2report.core.command import UserError, replacing, run, write_json
from seq2report.documents.tokens import (
    MARKS,
    START,
    Words,
    encode,
    index_words,
    marked,
    occurrences,
    read_word_index,
)


def counted(rows: pa.Table, fit: str) -> np.ndarray:
    """Say of which documents words are counted: the training ones, or all (``fit="all"``)."""
    if fit == "all":
        return np.ones(rows.num_rows, dtype=bool)
    return pc.equal(rows["split"], "train").to_numpy()


def read_words(documents: pq.ParquetFile, fit: str, numbers: Path) -> tuple[Words, np.ndarray]:
    """Return the words of all documents, and how many each document has, (documents,) int32.

    Args:
        documents: columns text and split.
        fit: see `counted`.
        numbers: file to write: the number of each word, int32, as the words stand in the texts.

    Raises:
        UserError: the documents that words are counted in hold none.
    """
    words, end, read = Words(), 0, 0
    # One array from the start: a small one kept from each row group would lie between the large
    # ones that come and go, and the system would not get their memory back.
    lengths = np.empty(documents.metadata.num_rows, np.int32)
    with numbers.open("wb") as file:
        for group in range(documents.num_row_groups):
            rows = documents.read_row_group(group, columns=["text", "split"])
            chosen = counted(rows, fit)
            found, of_group = words.add(rows["text"].to_pylist(), chosen)
            found.tofile(file)
            lengths[end : end + rows.num_rows] = of_group
            end += rows.num_rows
            read += int(chosen.sum())
    if not words.count.any():
        raise UserError(f"the {read} documents that words are counted in hold no word")
    return words, lengths


def write_ids(
    documents: pq.ParquetFile,
    fit: str,
    numbers: Path,
    lengths: np.ndarray,
    words: Words,
    kept: pl.DataFrame,
    folder: Path,
) -> pl.DataFrame:
    """Write sequences.parquet and tokens.npy; return ``kept`` with columns count and documents.

    Args:
        documents: columns id, split and label.
        fit: see `counted`.
        numbers: what `read_words` wrote.
        lengths: what it returned.
        words: the same.
        kept: columns id and word, of the words that get an id.
        folder: where to write to.
    """
    ids, start = words.ids(kept), MARKS[START] if marked(kept) else None
    about = [documents.schema_arrow.field(name) for name in ("id", "split", "label")]
    schema = pa.schema([*about, ("length", pa.int32())])
    total = words.total[ids > 0].sum() + (documents.metadata.num_rows if start else 0)
    tokens = np.lib.format.open_memmap(
        folder / "tokens.npy", mode="w+", dtype=np.int32, shape=(int(total),)
    )
    first, end, size = 0, 0, kept["id"].max() + 1
    count, inside = np.zeros((2, size), np.int64)
    with (
        pq.ParquetWriter(
            folder / "sequences.parquet", schema, use_dictionary=["split", "label"]
        ) as writer,
        numbers.open("rb") as file,
    ):
        for group in range(documents.num_row_groups):
            rows = documents.read_row_group(group, columns=["id", "split", "label"])
            before = lengths[first : first + rows.num_rows]
            first += rows.num_rows
            found, after = encode(np.fromfile(file, np.int32, before.sum()), before, ids, start)
            tokens[end : end + len(found)] = found
            end += len(found)
            writer.write_table(
                rows.append_column(schema.field("length"), pa.array(after, pa.int32()))
            )
            chosen = counted(rows, fit)
            document, word = occurrences(found, after, size)
            count += np.bincount(found[np.repeat(chosen, after)], minlength=size)
            inside += np.bincount(word[chosen[document]], minlength=size)
    return kept.with_columns(count=count[kept["id"]], documents=inside[kept["id"]])


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "settings", "output")
    parser.add_argument("--documents", type=Path, required=True, help="Parquet file")
    parser.add_argument("--word-index", type=Path, nargs="?", help="JSON, if the encoding has one")
    args = parser.parse_args(argv)

    num_words, fit = args.settings["num_words"], args.settings.get("fit", "train")
    with pq.ParquetFile(args.documents) as documents, replacing(args.output) as part:
        part.mkdir()
        numbers = part.with_name("numbers")
        words, lengths = read_words(documents, fit, numbers)
        seen = words.vocabulary()
        if args.word_index:
            kept = index_words(read_word_index(args.word_index), num_words)
        else:
            kept = seen.select("id", "word").filter(pl.col("id") < num_words)
        logging.info("%d unique tokens, %d of them get an id", seen.height, kept.height)
        kept = write_ids(documents, fit, numbers, lengths, words, kept, part)
        kept.write_parquet(part / "vocabulary.parquet")
        summary = {
            "fit": fit,
            "unique_tokens": seen.height,
            "tokens": int(seen["count"].sum()),
            "num_words": int(kept["id"].max()) + 1,  # id 0 is padding
            "kept_tokens": int(kept.filter(~pl.col("word").is_in(list(MARKS)))["count"].sum()),
        }
        write_json(part / "encoding.json", summary)


if __name__ == "__main__":
    run(main)
