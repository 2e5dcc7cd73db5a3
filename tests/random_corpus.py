"""A corpus of random words for the lessons that train on documents."""

import numpy as np
import polars as pl
from helpers import write_sequences

from seq2report.core.command import write_json

CLASSES = ["<b>con</b>", "mid", "pro"]
NUM_WORDS = 30


def write_corpus(folder, words, typical):
    """Write a corpus with one typical word per class; return the options of a lesson.

    ``words`` are possible lengths of a document; ``typical`` is the share of the typical word.
    """
    rng = np.random.default_rng(1)
    rows = []
    for split, count in (("train", 90), ("test", 30)):
        for n in range(count):
            tokens = rng.integers(4, NUM_WORDS, size=rng.choice(words))
            tokens[rng.random(len(tokens)) < typical] = 1 + n % 3
            rows.append({"split": split, "label": CLASSES[n % 3], "tokens": tokens.tolist()})
    documents = pl.DataFrame(rows, schema_overrides={"tokens": pl.List(pl.Int32)})
    documents = documents.with_row_index("id").with_columns(pl.col("id").cast(pl.String))
    write_sequences(folder, documents)
    write_json(folder / "corpus.json", {"classes": CLASSES})
    write_json(folder / "encoding.json", {"num_words": NUM_WORDS})
    files = {"corpus": "corpus.json", "encoding": "encoding.json"}
    files["sequences"] = "sequences.parquet"
    return {name: folder / file for name, file in files.items()} | {"seed": 1}
