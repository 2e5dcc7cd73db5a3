"""Vocabularies, documents and vectors of a few words."""

import numpy as np
import polars as pl
from hypothesis import strategies as st


def sequences_of(documents, split="train"):
    """Documents from (label, word ids)."""
    rows = [(str(n), split, label, ids) for n, (label, ids) in enumerate(documents)]
    schema = {"id": pl.String, "split": pl.String, "label": pl.String, "tokens": pl.List(pl.Int32)}
    return pl.DataFrame(rows, schema=schema, orient="row")


def words_of(names):
    ids = range(1, len(names) + 1)
    table = {"id": ids, "word": names, "count": [9] * len(names), "documents": [1] * len(names)}
    return pl.DataFrame(table, schema_overrides={"id": pl.Int32})


MATRIX = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).normal(size=(14, 3)).astype("float32")
)
