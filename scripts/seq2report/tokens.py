"""Text to words and words to ids, as Keras's legacy ``Tokenizer`` did it, in Polars.

The lecture's rule: lower case, every character of ``FILTERS`` is a blank, split at blanks; ids
count from 1 by falling number of occurrences, words that occur equally often in the order in
which they are met first; ids at or above ``num_words`` are dropped.

Keras's IMDB reviews have ids of another kind: those of a word index, see `index_words`.
"""

import json
from pathlib import Path

import polars as pl

from seq2report.command import UserError

FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'  # keras.preprocessing.text.Tokenizer's default
START, UNKNOWN = "<start>", "<unknown>"  # no text holds them: < and > are among FILTERS
MARKS = {START: 1, UNKNOWN: 2}
INDEX_FROM = 3  # what keras.datasets.imdb.load_data adds to a rank
TOKEN = "[^ " + "".join("\\" + c if c in "&-[]\\^~" else c for c in FILTERS) + "]+"


def tokens(text: pl.Expr) -> pl.Expr:
    """Return the words of each text, a list of str."""
    return text.str.to_lowercase().str.extract_all(TOKEN)


def vocabulary(documents: pl.DataFrame) -> pl.DataFrame:
    """Count words: columns id (int32, from 1), word, count, documents, by falling count.

    Args:
        documents: a column text; their order decides between words that occur equally often.
    """
    return (
        documents.select(
            document=pl.int_range(pl.len(), dtype=pl.Int32), word=tokens(pl.col("text"))
        )
        .explode("word")
        .drop_nulls("word")
        .with_row_index("met")
        .group_by("word")
        .agg(count=pl.len(), documents=pl.col("document").n_unique(), met=pl.col("met").min())
        .sort(["count", "met"], descending=[True, False])
        .select(
            pl.int_range(1, pl.len() + 1, dtype=pl.Int32).alias("id"), "word", "count", "documents"
        )
    )


def read_word_index(path: Path | str) -> dict[str, int]:
    """Read a JSON object that tells each word's rank, from 1 (the most frequent).

    Raises:
        UserError: it is something else.
    """
    try:
        index = json.loads(Path(path).read_bytes())
    except ValueError as error:
        raise UserError(f"{path}: no JSON ({error}); remove it and fetch it again") from error
    if not isinstance(index, dict) or not index:
        raise UserError(f"{path}: found {type(index).__name__}, expected words and their ranks")
    for word, rank in index.items():
        if type(rank) is not int or rank < 1:
            raise UserError(f"{path}: the rank of '{word}' is {rank!r}, expected 1, 2, 3, …")
    return index


def index_words(index: dict[str, int], num_words: int) -> pl.DataFrame:
    """Return columns id (int32) and word: the `MARKS`, then the words whose id is below num_words.

    Ids are those that ``keras.datasets.imdb.load_data`` gives: a word's rank + `INDEX_FROM`.
    """
    ids = MARKS | {word: rank + INDEX_FROM for word, rank in index.items()}
    return (
        pl.DataFrame(
            {"id": ids.values(), "word": ids.keys()}, schema={"id": pl.Int32, "word": pl.String}
        )
        .filter(pl.col("id") < num_words)
        .sort("id")
    )


def encode(documents: pl.DataFrame, words: pl.DataFrame) -> pl.DataFrame:
    """Replace the column text by a column tokens, a list of int32 ids.

    Words without an id are dropped. Where ``words`` hold the `MARKS`, such words become the mark
    of unknown ones instead, and each document begins with its own.

    Args:
        documents: columns id, split, label and text.
        words: columns id and word of a `vocabulary` or of `index_words`.
    """
    marked = words["word"].is_in(list(MARKS)).any()
    numbered = documents.with_row_index("row")
    ids = (
        numbered.select("row", word=tokens(pl.col("text")))
        .explode("word")
        .join(
            words.select("word", token="id"),
            on="word",
            how="left" if marked else "inner",
            maintain_order="left",
        )
        .with_columns(pl.col("token").fill_null(MARKS[UNKNOWN]))
        .group_by("row", maintain_order=True)
        .agg(tokens="token")
    )
    found = pl.col("tokens").fill_null([])
    start = pl.lit([MARKS[START]], dtype=pl.List(pl.Int32))
    return (
        numbered.drop("text")
        .join(ids, on="row", how="left", maintain_order="left")
        .drop("row")
        .with_columns(pl.concat_list(start, found).alias("tokens") if marked else found)
    )
