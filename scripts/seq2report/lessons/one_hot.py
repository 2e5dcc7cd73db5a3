"""Compare words as one-hot vectors with words as points: distances, lookups and sizes.

The lecture's four words as one-hot vectors, with two features made by hand and, if available, in
pretrained vectors. The vector of a word is a row of a matrix: the product of its one-hot vector and
the matrix is compared with reading the row.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from seq2report.core.durations import stopwatch
from seq2report.vectors.similarity import list_neighbours

KINDS = {"surf": "sea", "waves": "sea", "car": "road", "jeep": "road"}
WORDS = list(KINDS)
FEATURES = ("sea", "road")
BY_HAND = np.array([[0.9, 0.1], [1.0, 0.0], [0.0, 1.0], [0.3, 0.9]])  # (WORDS, FEATURES)
TEXTS = ("surf waves", "waves surf surf", "waves", "car jeep")
ONE_HOT_SPACE, BY_HAND_SPACE, PRETRAINED_SPACE = "one-hot", "made by hand", "pretrained"
SAME, OTHER = "same kind", "different kinds"

# Sizes of the networks of this report.
VOCABULARY = 20_000  # words
DIMENSIONS = 50  # of a word vector
LENGTH = 150  # words of a document
DOCUMENTS = 20_000  # of a corpus
BYTES = 4  # of a number, float32 or int32
MEGABYTE = 1_000_000  # bytes
REPEATS = 3  # of each timed lookup; the fastest counts


def one_hot(ids: np.ndarray, size: int) -> np.ndarray:
    """Return one row per id, (n, size) float32: 1 in the column of the id and 0 elsewhere."""
    rows = np.zeros((len(ids), size), dtype=np.float32)
    rows[np.arange(len(ids)), ids] = 1
    return rows


def multi_hot(texts: Sequence[str]) -> np.ndarray:
    """Return (texts, words) int, 1 where one of `WORDS` occurs in a text, however often."""
    return np.array([[int(word in text.split()) for word in WORDS] for text in texts])


def distances(vectors: np.ndarray, space: str) -> pd.DataFrame:
    """Return the distances between `WORDS`, one row per ordered pair, self-pairs included.

    ``vectors`` are (len(WORDS), d), none of them all zeros. Columns space (their name), word,
    other, pair (`SAME` or `OTHER`, "" for a self-pair), euclidean (length of the difference) and
    cosine (of the angle; 1 for the same direction).
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
    """Return mean, smallest and largest of the `distances` per space and kind of pair.

    Columns space, pair, pairs (each counted once), and <measure>_mean, _min and _max of both.
    """
    grouped = table[table["pair"] != ""].groupby(["space", "pair"], sort=False)
    summary = grouped[["euclidean", "cosine"]].agg(["mean", "min", "max"])
    summary.columns = ["_".join(names) for names in summary.columns]
    summary.insert(0, "pairs", grouped.size() // 2)
    return summary.reset_index()


def separated(table: pd.DataFrame) -> bool:
    """Return whether every pair of the same kind has a higher cosine than all other pairs."""
    cosine = table.groupby("pair")["cosine"]
    return bool(cosine.min()[SAME] > cosine.max()[OTHER])


def look_up(seed: int) -> dict[str, float]:
    """Read the rows of a document in a random matrix twice: as a product, and directly.

    Return their largest difference, the multiplications, and the fastest time of `REPEATS`.
    """
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(VOCABULARY, DIMENSIONS)).astype(np.float32)
    ids = rng.integers(VOCABULARY, size=LENGTH)
    encoded = one_hot(ids, VOCABULARY)
    methods = {"product": lambda: encoded @ matrix, "lookup": lambda: matrix[ids]}
    rows, seconds = {}, {}
    for name, compute in methods.items():
        times = []
        for _ in range(REPEATS):
            passed = stopwatch()
            rows[name] = compute()
            times.append(passed()[0])
        seconds[f"{name}_seconds"] = min(times)
    difference = float(np.abs(rows["product"] - rows["lookup"]).max())
    return {"difference": difference, "multiplications": encoded.size * DIMENSIONS, **seconds}


def sizes() -> pd.DataFrame:
    """Return the size of a document in each form, and that of `DOCUMENTS` documents.

    The column order says whether the word order is kept; a gigabyte is 10^9 bytes.
    """
    forms = [
        ("one-hot, one row per word", LENGTH, VOCABULARY, True),
        (f"embedding, {DIMENSIONS} numbers per word", LENGTH, DIMENSIONS, True),
        ("ids, one number per word", LENGTH, 1, True),
        ("multi-hot, one row per document", 1, VOCABULARY, False),
    ]
    table = pd.DataFrame(forms, columns=["form", "rows", "columns", "order"])
    table.insert(3, "numbers", table["rows"] * table["columns"])
    table.insert(4, "megabytes", BYTES * table["numbers"] / MEGABYTE)
    table.insert(5, "corpus_gigabytes", table["megabytes"] * DOCUMENTS / 1000)
    return table


def labelled(
    name: str, labels: Sequence[str], values: np.ndarray, columns: Sequence[str]
) -> pd.DataFrame:
    """Return a table of ``values``, (labels, columns), with the column ``name`` before them."""
    return pd.DataFrame({name: labels} | dict(zip(columns, values.T, strict=True)))


def build_tables(
    seed: int, words: Sequence[str] = (), vectors: np.ndarray | None = None
) -> dict[str, pd.DataFrame]:
    """Return all tables of the lesson; pretrained ``vectors`` are (n, d) float32, of ``words``."""
    vectors = np.zeros((0, 0), np.float32) if vectors is None else vectors
    encoded = one_hot(np.arange(len(WORDS)), len(WORDS))
    spaces = {ONE_HOT_SPACE: encoded, BY_HAND_SPACE: BY_HAND}
    place = {word: row for row, word in enumerate(words) if word in KINDS}
    missing = [word for word in WORDS if word not in place or not vectors[place[word]].any()]
    neighbours = list_neighbours([], np.zeros((0, 1), np.float32), np.array([], dtype=int))
    if not missing:
        rows = np.array([place[word] for word in WORDS])
        spaces[PRETRAINED_SPACE] = vectors[rows]
        neighbours = list_neighbours(words, vectors, rows)
    table = pd.concat([distances(matrix, name) for name, matrix in spaces.items()])
    product = encoded @ BY_HAND
    pretrained = {"pretrained_words": len(words), "pretrained_dimensions": vectors.shape[1]}
    pretrained["missing"] = ", ".join(missing) if len(words) else ""
    return {
        "one_hot": labelled("word", WORDS, encoded.astype(int), WORDS),
        "features": labelled("word", WORDS, BY_HAND, FEATURES),
        "distances": table.reset_index(drop=True),
        "summary": summarise(table),
        "lookup": labelled("word", WORDS, product, FEATURES),
        "multi_hot": labelled("text", TEXTS, multi_hot(TEXTS), WORDS),
        "neighbours": neighbours,
        "sizes": sizes(),
        "facts": pd.DataFrame([build_facts(seed, table, product, pretrained)]),
    }


def build_facts(
    seed: int, table: pd.DataFrame, product: np.ndarray, pretrained: dict[str, object]
) -> dict[str, object]:
    """Return sizes and headline figures; those of pretrained vectors may be NaN.

    ``table`` has the `distances` of all spaces; ``product`` is that of one-hot and `BY_HAND`.
    """
    means = summarise(table).set_index(["space", "pair"])
    same = means.loc[(ONE_HOT_SPACE, SAME)]
    facts = {"seed": seed, "words": len(WORDS), "one_hot_euclidean": same["euclidean_mean"]}
    facts["one_hot_cosine"] = same["cosine_mean"]
    for name, space in (("by_hand", BY_HAND_SPACE), ("pretrained", PRETRAINED_SPACE)):
        for kind, pair in (("same_kind", SAME), ("different_kinds", OTHER)):
            facts[f"{name}_{kind}_cosine"] = means["cosine_mean"].get((space, pair), np.nan)
    facts |= pretrained
    rows = table[table["space"] == PRETRAINED_SPACE]
    facts["pretrained"] = not rows.empty
    facts["pretrained_separated"] = not rows.empty and separated(rows)
    facts["small_difference"] = float(np.abs(product - BY_HAND).max())
    facts |= {"vocabulary": VOCABULARY, "dimensions": DIMENSIONS, "length": LENGTH}
    facts |= {"documents": DOCUMENTS, "bytes": BYTES}
    facts["table_megabytes"] = BYTES * VOCABULARY * DIMENSIONS / MEGABYTE
    return facts | look_up(seed)
