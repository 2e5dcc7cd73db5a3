"""Text to words and words to ids, as Keras's legacy ``Tokenizer`` did it, in Polars.

The lecture's rule: lower case, every character of ``FILTERS`` is a blank, split at blanks; ids
count from 1 by falling number of occurrences, words that occur equally often in the order in
which they are met first; ids at or above ``num_words`` are dropped.
"""

import polars as pl

FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'  # keras.preprocessing.text.Tokenizer's default
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


def encode(documents: pl.DataFrame, words: pl.DataFrame) -> pl.DataFrame:
    """Replace the column text by a column tokens, a list of int32 ids; unknown words are dropped.

    Args:
        documents: columns id, split, label and text.
        words: columns id and word of a `vocabulary`.
    """
    numbered = documents.with_row_index("row")
    ids = (
        numbered.select("row", word=tokens(pl.col("text")))
        .explode("word")
        .join(words.select("word", token="id"), on="word", how="inner", maintain_order="left")
        .group_by("row", maintain_order=True)
        .agg(tokens="token")
    )
    return (
        numbered.drop("text")
        .join(ids, on="row", how="left", maintain_order="left")
        .drop("row")
        .with_columns(pl.col("tokens").fill_null([]))
    )
