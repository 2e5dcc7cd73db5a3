"""Encode documents: vocabulary.parquet, sequences.parquet, tokens.npy and encoding.json.

vocabulary.parquet has one row per word with an id: id, word, count and documents (how often, and in
how many documents, the word occurs where words are counted). sequences.parquet has one row per
document: id, split, label, length (number of its words with an id). tokens.npy has the word ids of
all documents, one after the other, neither padded nor truncated, int32. encoding.json has the
numbers of words that were seen and kept.

Ids come from counting words in the documents, or from a word index (JSON: word to rank), as for
Keras's own IMDB reviews. The vocabulary then begins with two special tokens: 1 starts a document, 2
replaces every word without an id.

Documents are read once, one row group at a time. Until all are read and ids are known, the numbers
of the words are in a file.
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
from seq2report.core.stored import create_numbers, open_parquet
from seq2report.documents.tokens import (
    SPECIAL,
    START,
    Words,
    encode,
    has_special,
    index_words,
    occurrences,
    read_word_index,
    real_words,
)


def counted(rows: pa.Table, fit: str) -> np.ndarray:
    """Return whether the words of each document are counted: training documents, or all."""
    if fit == "all":
        return np.ones(rows.num_rows, dtype=bool)
    return pc.equal(rows["split"], "train").to_numpy()


def read_words(documents: pq.ParquetFile, fit: str, numbers: Path) -> tuple[Words, np.ndarray]:
    """Return the words of all documents, and the number of each document, (documents,) int32.

    Args:
        documents: columns text and split.
        fit: "train" or "all", the documents whose words are counted.
        numbers: file to write: the number of each word, int32, in the order of the texts.

    Raises:
        UserError: the documents whose words are counted have none.
    """
    words, end, total = Words(), 0, 0
    # One array from the start: small arrays between the large ones of the row groups would prevent
    # that their memory is freed.
    lengths = np.empty(documents.metadata.num_rows, np.int32)
    with numbers.open("wb") as file:
        for group in range(documents.num_row_groups):
            rows = documents.read_row_group(group, columns=["text", "split"])
            chosen, of_group = counted(rows, fit), slice(end, end + rows.num_rows)
            added, lengths[of_group] = words.add(rows["text"].to_pylist(), chosen)
            added.tofile(file)
            end += rows.num_rows
            total += int(chosen.sum())
    if not words.count.any():
        raise UserError(f"the {total} documents whose words are counted have no word")
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

    ``numbers``, ``lengths`` and ``words`` are those of `read_words`; ``kept`` has the columns id
    and word of all words with an id.
    """
    ids, start = words.ids(kept), SPECIAL[START] if has_special(kept) else None
    columns = ["id", "split", "label"]
    fields = [documents.schema_arrow.field(name) for name in columns]
    schema = pa.schema([*fields, ("length", pa.int32())])
    total = words.total[ids > 0].sum() + (documents.metadata.num_rows if start else 0)
    path, shape = folder / "tokens.npy", (int(total),)
    tokens = create_numbers(path, np.int32, shape)
    end, first, size = 0, 0, kept["id"].max() + 1
    count, containing = np.zeros((2, size), np.int64)
    path, options = folder / "sequences.parquet", {"use_dictionary": ["split", "label"]}
    with numbers.open("rb") as file, pq.ParquetWriter(path, schema, **options) as writer:
        for group in range(documents.num_row_groups):
            rows = documents.read_row_group(group, columns=columns)
            before = lengths[first : first + rows.num_rows]
            first += rows.num_rows
            flat, after = encode(np.fromfile(file, np.int32, before.sum()), before, ids, start)
            tokens[end : end + len(flat)] = flat
            end += len(flat)
            length = pa.array(after, pa.int32())
            writer.write_table(rows.append_column(schema.field("length"), length))
            chosen = counted(rows, fit)
            document, word = occurrences(flat, after, size)
            count += np.bincount(flat[np.repeat(chosen, after)], minlength=size)
            containing += np.bincount(word[chosen[document]], minlength=size)
    return kept.with_columns(count=count[kept["id"]], documents=containing[kept["id"]])


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "settings", "output")
    parser.add_argument("--documents", type=Path, required=True, help="Parquet file")
    parser.add_argument("--word-index", type=Path, nargs="?", help="JSON, if the encoding has one")
    args = parser.parse_args(argv)

    num_words, fit = args.settings["num_words"], args.settings.get("fit", "train")
    with open_parquet(args.documents) as documents, replacing(args.output) as folder:
        folder.mkdir()
        numbers = folder.with_name("numbers")
        words, lengths = read_words(documents, fit, numbers)
        seen = words.vocabulary()
        if args.word_index:
            kept = index_words(read_word_index(args.word_index), num_words)
        else:
            kept = seen.select("id", "word").filter(pl.col("id") < num_words)
        logging.info("%d unique tokens, %d of them get an id", seen.height, kept.height)
        kept = write_ids(documents, fit, numbers, lengths, words, kept, folder)
        kept.write_parquet(folder / "vocabulary.parquet")
        summary = {
            "fit": fit,
            "unique_tokens": seen.height,
            "tokens": int(seen["count"].sum()),
            "num_words": int(kept["id"].max()) + 1,  # id 0 is padding
            "kept_tokens": int(real_words(kept)["count"].sum()),
        }
        write_json(folder / "encoding.json", summary)


if __name__ == "__main__":
    run(main)
