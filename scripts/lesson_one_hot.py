"""Compare words as one-hot vectors with words as points: distances, lookups and sizes.

The lecture's four words, once as one-hot vectors, once with two features made by hand and, where
pretrained vectors are given, once as those have them. A vector of a word is a row of a table: the
product of its one-hot vector and the table is checked against reading the row.
"""

import logging
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from seq2report.core import command
from seq2report.core.command import UserError, run
from seq2report.core.tables import write_tables
from seq2report.vectors.similarity import nearest
from seq2report.vectors.vectors import open_vectors, read_rows

KINDS = {"surf": "sea", "waves": "sea", "car": "road", "jeep": "road"}
WORDS = list(KINDS)
FEATURES = ("sea", "road")
BY_HAND = np.array([[0.9, 0.1], [1.0, 0.0], [0.0, 1.0], [0.3, 0.9]])  # how much has it to do with
TEXTS = ("surf waves", "waves surf surf", "waves", "car jeep")
ONE_HOT_SPACE, BY_HAND_SPACE, PRETRAINED_SPACE = "one-hot", "made by hand", "pretrained"
SAME, OTHER = "same kind", "different kinds"

# Sizes that the lecture's networks have.
VOCABULARY = 20_000  # words
DIMENSIONS = 50  # of the vector of a word
LENGTH = 150  # words of a document
DOCUMENTS = 20_000  # of a corpus
BYTES = 4  # of a number, float32 or int32
MEGABYTE = 1_000_000  # bytes
TRIES = 3  # of each way to look up rows; the fastest counts


def one_hot(ids: np.ndarray, size: int) -> np.ndarray:
    """Return a row for each id, 1 in the column of the id and 0 elsewhere.

    Args:
        ids: (n,) int, from 0 to ``size`` − 1.
        size: how many words there are.

    Returns:
        (n, size) float32.
    """
    rows = np.zeros((len(ids), size), dtype=np.float32)
    rows[np.arange(len(ids)), ids] = 1
    return rows


def multi_hot(texts: Sequence[str]) -> np.ndarray:
    """Return (texts, words) int, 1 where one of `WORDS` occurs in a text, however often."""
    return np.array([[int(word in text.split()) for word in WORDS] for text in texts])


def distances(vectors: np.ndarray, space: str) -> pd.DataFrame:
    """Return how far apart words are, a row for each ordered pair, a word with itself included.

    Args:
        vectors: (len(WORDS), d), none of them all zeros.
        space: name of these vectors.

    Returns:
        Columns space, word, other, pair (`SAME` or `OTHER`, "" of a word with itself),
        euclidean (length of the difference), cosine (of the angle; 1 in the same direction).
    """
    vectors = np.asarray(vectors, dtype=np.float64)
    euclidean = np.linalg.norm(vectors[:, None] - vectors[None], axis=2)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosine = unit @ unit.T
    rows = []
    for i, word in enumerate(WORDS):
        for j, other in enumerate(WORDS):
            pair = SAME if KINDS[word] == KINDS[other] else OTHER
            pair = "" if i == j else pair
            rows.append((space, word, other, pair, euclidean[i, j], cosine[i, j]))
    return pd.DataFrame(rows, columns=["space", "word", "other", "pair", "euclidean", "cosine"])


def summarise(table: pd.DataFrame) -> pd.DataFrame:
    """Return mean, smallest and largest distance of the pairs of each kind in each space.

    Args:
        table: `distances` of one space or of several.

    Returns:
        Columns space, pair, pairs (each counted once), and for euclidean and cosine
        <measure>_mean, _min, _max.
    """
    grouped = table[table["pair"] != ""].groupby(["space", "pair"], sort=False)
    summary = grouped[["euclidean", "cosine"]].agg(["mean", "min", "max"])
    summary.columns = ["_".join(names) for names in summary.columns]
    summary.insert(0, "pairs", grouped.size() // 2)
    return summary.reset_index()


def separated(table: pd.DataFrame) -> bool:
    """Return whether in `distances` of one space words of one kind are nearest, by cosine.

    That is, whether the least similar pair of the same kind is more similar than the most similar
    pair of different kinds.
    """
    cosine = table.groupby("pair")["cosine"]
    return bool(cosine.min()[SAME] > cosine.max()[OTHER])


def look_up(seed: int) -> dict[str, float]:
    """Read the rows of a document in a table of random numbers twice: as a product, and directly.

    Returns:
        difference (the largest between the two), multiplications, product_seconds and
        lookup_seconds (wall clock, the fastest of `TRIES`).
    """
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(VOCABULARY, DIMENSIONS)).astype(np.float32)
    ids = rng.integers(VOCABULARY, size=LENGTH)
    encoded = one_hot(ids, VOCABULARY)
    ways = {"product": lambda: encoded @ table, "lookup": lambda: table[ids]}
    found, seconds = {}, {}
    for name, way in ways.items():
        times = []
        for _ in range(TRIES):
            start = time.perf_counter()
            found[name] = way()
            times.append(time.perf_counter() - start)
        seconds[name] = min(times)
    return {
        "difference": float(np.abs(found["product"] - found["lookup"]).max()),
        "multiplications": encoded.size * DIMENSIONS,
        "product_seconds": seconds["product"],
        "lookup_seconds": seconds["lookup"],
    }


def sizes() -> pd.DataFrame:
    """Return what a document costs in each form.

    Returns:
        Columns form, rows, columns, numbers, megabytes (of 10^6 bytes), corpus_gigabytes
        (`DOCUMENTS` of them, 10^9 bytes) and order (whether the order of the words is kept).
    """
    forms = [
        ("one-hot, a row a word", LENGTH, VOCABULARY, True),
        (f"embedding, {DIMENSIONS} numbers a word", LENGTH, DIMENSIONS, True),
        ("ids, one number a word", LENGTH, 1, True),
        ("multi-hot, one row in all", 1, VOCABULARY, False),
    ]
    table = pd.DataFrame(forms, columns=["form", "rows", "columns", "order"])
    table.insert(3, "numbers", table["rows"] * table["columns"])
    table.insert(4, "megabytes", BYTES * table["numbers"] / MEGABYTE)
    table.insert(5, "corpus_gigabytes", table["megabytes"] * DOCUMENTS / 1000)
    return table


def list_neighbours(words: list[str], vectors: np.ndarray, rows: np.ndarray) -> pd.DataFrame:
    """Return the nearest words by cosine: columns word, rank (from 1), neighbour, cosine.

    Args:
        words: (n,).
        vectors: (n, d) float32.
        rows: of the words whose neighbours are looked for.
    """
    best, cosine = nearest(vectors, rows)
    found = [
        (words[row], rank + 1, words[other], float(value))
        for row, others, values in zip(rows, best, cosine, strict=True)
        for rank, (other, value) in enumerate(zip(others, values, strict=True))
        if np.isfinite(value)  # of few words, the word itself would come last
    ]
    return pd.DataFrame(found, columns=["word", "rank", "neighbour", "cosine"])


def labelled(
    name: str, labels: Sequence[str], values: np.ndarray, columns: Sequence[str]
) -> pd.DataFrame:
    """Return a table of ``values``, (labels, columns), with the column ``name`` before them."""
    table = pd.DataFrame(values, columns=list(columns))
    table.insert(0, name, list(labels))
    return table


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "seed", "output")
    parser.add_argument("--words", type=Path, nargs="?", help="words.parquet of pretrained vectors")
    parser.add_argument("--vectors", type=Path, nargs="?", help="vectors.npy of pretrained vectors")
    parser.add_argument("--source", type=Path, nargs="?", help="file that read_vectors read")
    args = parser.parse_args(argv)
    if bool(args.words) != bool(args.vectors):
        given, other = ("--words", "--vectors") if args.words else ("--vectors", "--words")
        raise UserError(f"{given} without {other}: expected both or none; add {other}")

    ids = np.arange(len(WORDS))
    encoded = one_hot(ids, len(WORDS))
    spaces = {ONE_HOT_SPACE: encoded, BY_HAND_SPACE: BY_HAND}
    words, vectors = [], np.zeros((0, 0), dtype=np.float32)
    missing, neighbours = [], list_neighbours([], np.zeros((0, 1), np.float32), ids[:0])
    if args.words:
        spelled, stored = open_vectors(args.words, args.vectors, args.source)
        words = spelled["word"].to_list()
        vectors = read_rows(
            spelled, stored, np.arange(len(words)), str(args.source or args.vectors)
        )
        place = {word: row for row, word in enumerate(words) if word in KINDS}
        missing = [w for w in WORDS if w not in place or not vectors[place[w]].any()]
        if not missing:
            rows = np.array([place[word] for word in WORDS])
            spaces[PRETRAINED_SPACE] = vectors[rows]
            neighbours = list_neighbours(words, vectors, rows)
    by_space = {name: distances(found, name) for name, found in spaces.items()}
    table = pd.concat(by_space.values(), ignore_index=True)
    summary = summarise(table)
    means = summary.set_index(["space", "pair"])
    product = encoded @ BY_HAND
    large = look_up(args.seed)
    # Words without a pretrained vector leave the facts on them empty.
    pretrained = PRETRAINED_SPACE in spaces
    facts = {
        "seed": args.seed,
        "words": len(WORDS),
        "one_hot_euclidean": means.loc[(ONE_HOT_SPACE, SAME), "euclidean_mean"],
        "one_hot_cosine": means.loc[(ONE_HOT_SPACE, SAME), "cosine_mean"],
        **{
            f"{name}_{kind}_cosine": means["cosine_mean"].get((space, pair), np.nan)
            for name, space in (("by_hand", BY_HAND_SPACE), ("pretrained", PRETRAINED_SPACE))
            for kind, pair in (("same_kind", SAME), ("different_kinds", OTHER))
        },
        "pretrained_words": len(words),
        "pretrained_dimensions": vectors.shape[1],
        "missing": ", ".join(missing),
        "pretrained": pretrained,
        "pretrained_separated": pretrained and separated(by_space[PRETRAINED_SPACE]),
        "small_difference": float(np.abs(product - BY_HAND[ids]).max()),
        "vocabulary": VOCABULARY,
        "dimensions": DIMENSIONS,
        "length": LENGTH,
        "documents": DOCUMENTS,
        "bytes": BYTES,
        "table_megabytes": BYTES * VOCABULARY * DIMENSIONS / MEGABYTE,
        **large,
    }
    tables = {
        "one_hot": labelled("word", WORDS, encoded.astype(int), WORDS),
        "features": labelled("word", WORDS, BY_HAND, FEATURES),
        "distances": table,
        "summary": summary,
        "lookup": labelled("word", WORDS, product, FEATURES),
        "multi_hot": labelled("text", TEXTS, multi_hot(TEXTS), WORDS),
        "neighbours": neighbours,
        "sizes": sizes(),
        "facts": pd.DataFrame([facts]),
    }
    write_tables(tables, args.output)
    if missing:
        logging.info("no pretrained vector of %s", ", ".join(missing))


if __name__ == "__main__":
    run(main)
