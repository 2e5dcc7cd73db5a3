"""CBOW and skip-gram with negative sampling on a whole corpus, by gensim."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl

from seq2report.core.durations import stopwatch
from seq2report.core.stored import read_table
from seq2report.documents.sequences import Sequences, read_sequences
from seq2report.vectors.similarity import list_neighbours, same_class
from seq2report.vectors.word2vec import READ, Documents, spell_ids, train
from seq2report.vectors.word_maps import NO_CLASS, choose_words, draw_maps, word_classes

METHODS = {"CBOW": "cbow", "skip-gram": "skipgram"}
# Words to read, over all passes. One pass of skip-gram has more examples and takes longer.
READ_WORDS = {"CBOW": 4_000_000, "skip-gram": 1_200_000}
PASSES = (2, 20)  # fewest and most
DIMENSIONS, WINDOW, NEGATIVE = 50, 5, 5
QUERIES = 8
BANDS = {"5 to 9": 5, "10 to 29": 10, "30 to 99": 30, "100 and more": 100}
OF_A_BAND = 500  # words at most


def passes(method: str, words: int) -> int:
    """Return the number of passes over a corpus: `READ_WORDS` in all, within `PASSES`."""
    return int(np.clip(round(READ_WORDS[method] / words), *PASSES))


def choose_queries(shown: pd.DataFrame) -> pd.DataFrame:
    """Return the most frequent words of each class, at most `QUERIES`; without classes, of all.

    Of more classes than that, some are chosen at equal steps through the sorted classes.
    """
    classed = shown[shown["label"] != NO_CLASS]
    if classed.empty:
        return shown.head(QUERIES)
    per_class = max(1, QUERIES // classed["label"].nunique())
    rows = classed.groupby("label").head(per_class).sort_values("label", kind="stable")
    return rows.iloc[np.unique(np.linspace(0, len(rows) - 1, QUERIES).round().astype(int))]


def measure_bands(
    vectors: np.ndarray, labels: np.ndarray, counts: np.ndarray, seed: int
) -> pd.DataFrame:
    """Return the quality of vectors, (n, d), by frequency of the word, one row per band of `BANDS`.

    It is that of random words, at most `OF_A_BAND`: the mean length of their vectors, and
    `same_class`.
    """
    rng = np.random.default_rng(seed)
    band = np.searchsorted(list(BANDS.values()), counts, side="right") - 1
    rows = []
    for number, name in enumerate(BANDS):
        chosen = rng.permutation(np.flatnonzero(band == number))[:OF_A_BAND]
        lengths = np.linalg.norm(vectors[chosen], axis=1)
        length = lengths.mean() if len(chosen) else np.nan
        rows.append((name, len(chosen), length, same_class(vectors, labels, chosen)))
    return pd.DataFrame(rows, columns=["occurrences", "words", "length", "same_class"])


def train_methods(
    read: Sequences, spelled: np.ndarray, seed: int
) -> tuple[list[str], dict[str, np.ndarray], list[dict]]:
    """Train both methods on documents; ``spelled`` has the word of each id.

    Return the words, which are the same for both, the vectors by method, and rows of settings.
    """
    tokens = int(read.lengths.sum())
    common = {"dimensions": DIMENSIONS, "window": WINDOW, "negative": NEGATIVE}
    vectors, settings = {}, []
    for method, name in METHODS.items():
        passed = stopwatch()
        epochs = passes(method, max(tokens, 1))
        arguments = common | {"method": name, "epochs": epochs}
        words, vectors[method] = train(Documents(read, spelled), arguments, seed)
        logging.info("%s: %d words, %d passes", method, len(words), epochs)
        settings.append(
            {"method": method, **common, "passes": epochs, "words_read": epochs * tokens}
            | {"vectors": len(words), "fit_cpu_seconds": passed()[1]}
        )
    return words, vectors, settings


def measure_map(vectors: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Return the mean cosine of all pairs, and how often the nearest word has the same class."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    inside = np.flatnonzero(labels != NO_CLASS)
    return {
        "mean_cosine": float(np.mean((unit @ unit.T)[np.triu_indices(len(unit), 1)])),
        "same_class": same_class(vectors[inside], labels[inside], np.arange(len(inside))),
    }


def build_facts(
    read: Sequences, labels: np.ndarray, counts: np.ndarray, shown: pd.DataFrame, drawn: str
) -> dict[str, object]:
    """Return sizes and headline figures of the documents, and of the words that have a vector.

    Their classes are ``labels``, their occurrences ``counts``. ``shown`` are those on the map, and
    ``drawn`` is the method of the map.
    """
    share = shown["label"].value_counts(normalize=True).drop(NO_CLASS, errors="ignore")
    guess = float(((share / share.sum()) ** 2).sum()) if len(share) else np.nan
    facts = {"documents": len(read.ids), "tokens": int(read.lengths.sum()), "vectors": len(labels)}
    facts |= {"classes": len(set(labels[labels != NO_CLASS])), "map_words": len(shown)}
    facts |= {"drawn": drawn, "guess": guess, "softmax_multiplications": len(labels) * DIMENSIONS}
    facts |= {"negative_multiplications": (1 + NEGATIVE) * DIMENSIONS}
    return facts | {"rare": float((counts < BANDS["10 to 29"]).mean())}


def build_tables(
    vocabulary: Path, sequences: Path, seed: int
) -> tuple[dict[str, pd.DataFrame], dict]:
    """Return the tables and facts of a corpus; a `UserError` says that it has too little text."""
    known = read_table(vocabulary).sort("id")
    documents = read_sequences(sequences)
    read = documents.of_split(*READ)
    words, vectors, settings = train_methods(read, spell_ids(known), seed)

    table = pl.DataFrame({"word": words}).with_row_index("row")
    table = table.join(word_classes(documents, known), on="word", maintain_order="left")
    labels = table["label"].to_numpy()
    classed = np.flatnonzero(labels != NO_CLASS)
    size = known["id"].max() + 1
    counts = sum(np.bincount(batch.flat(), minlength=size) for batch in read.batches())
    counts = counts[table["id"].to_numpy()]
    shown = choose_words(table, len(set(labels[classed]))).to_pandas()
    queries, rows, neighbours, bands = choose_queries(shown), shown["row"].to_numpy(), [], []
    for setting in settings:
        method, matrix = setting["method"], vectors[setting["method"]]
        setting |= measure_map(matrix[rows], shown["label"].to_numpy())
        near = list_neighbours(words, matrix, queries["row"].to_numpy())
        near.insert(1, "label", near["word"].map(queries.set_index("word")["label"]))
        near.insert(2, "method", method)
        neighbours.append(near)
        of_bands = measure_bands(matrix[classed], labels[classed], counts[classed], seed)
        bands.append(of_bands.assign(method=method))
    # The map shows the method whose neighbours are more often of the same class.
    drawn = max(settings, key=lambda row: np.nan_to_num(row["same_class"]))["method"]
    points = draw_maps(vectors[drawn][rows])["t-SNE"]
    tables = {
        "settings": pd.DataFrame(settings),
        "neighbours": pd.concat(neighbours, ignore_index=True),
        "bands": pd.concat(bands, ignore_index=True),
        "map": shown[["word", "label", "count"]].assign(x=points[:, 0], y=points[:, 1]),
    }
    return tables, build_facts(read, labels, counts, shown, drawn)
