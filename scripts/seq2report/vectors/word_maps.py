"""Maps of word vectors: choice of words and documents, classes of words, projection."""

import numpy as np
import polars as pl
from scipy.sparse import csr_array
from threadpoolctl import threadpool_limits

from seq2report.core.command import UserError
from seq2report.documents.sequences import Sequences
from seq2report.documents.tokens import occurrences

WORDS = 300  # on a map
FEWEST = 11  # points of a map; trustworthiness needs more than twice its 5 neighbours
STEPS = 500  # of t-SNE; twice as many are at most 0.004 more trustworthy on the sample corpora
NO_CLASS = ""
CLEARLY = np.log(3)  # log odds ratio from which on a word belongs to a class
SEED = 1
# Three letters and more of an alphabet; one and more of another script, with combining marks.
WORD = (
    r"^(?:[\p{Latin}\p{Greek}\p{Cyrillic}][\p{L}\p{M}']{2,}"
    r"|[\p{L}--\p{Latin}--\p{Greek}--\p{Cyrillic}][\p{L}\p{M}\x{200c}\x{200d}']*)$"
)


def word_classes(sequences: Sequences, vocabulary: pl.DataFrame) -> pl.DataFrame:
    """Return columns id, word, count, documents (training documents with the word) and label.

    The label is the class with the highest odds ratio if that is at least 3, otherwise "". The
    ratio compares the odds of the word in training documents of the class with its odds in the
    other training documents (half a document is added to each cell, Haldane 1940).
    """
    train = sequences.of_split("train")
    names = train.label.drop_nulls().unique().cast(pl.String).sort().to_list()
    shape = (len(names), vocabulary["id"].max() + 1)
    counts = csr_array(shape, dtype=np.int64)  # most words occur in few of many classes
    for batch in train.batches():
        document, word = occurrences(batch.flat(), batch.lengths, shape[1])
        places = (batch.classes(names)[document], word)
        counts += csr_array((np.ones(len(word), np.int64), places), shape)
    size = np.bincount(train.classes(names), minlength=len(names))
    documents = counts.sum(axis=0)
    counts = counts.tocoo()
    (of_class, word), inside = counts.coords, counts.data
    outside, others = documents[word] - inside, size.sum() - size
    log_odds = (
        np.log(inside + 0.5)
        - np.log(size[of_class] - inside + 0.5)
        - np.log(outside + 0.5)
        + np.log(others[of_class] - outside + 0.5)
    )
    order = np.lexsort((of_class, -log_odds, word))
    order = order[np.unique(word[order], return_index=True)[1]]  # the best class of each word
    order = order[log_odds[order] >= CLEARLY]
    best = np.full(shape[1], NO_CLASS, object)
    best[word[order]] = np.array(names, object)[of_class[order]]
    words = vocabulary.select("id", "word", "count").sort("id")
    return words.with_columns(
        documents=pl.Series(documents[words["id"]], dtype=pl.Int64),
        label=pl.Series(best[words["id"]], dtype=pl.String),
    )


def choose_words(words: pl.DataFrame, classes: int) -> pl.DataFrame:
    """Return the most frequent words of each class and of none, equally many, at most ``WORDS``.

    Numbers are excluded; in alphabets, words of one or two letters; in English, stop words. A text
    is taken for English if they are a fifth of it: they are almost half of English texts. If fewer
    than ``FEWEST`` are left, they are the most frequent of all words.
    """
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    is_stop_word = pl.col("word").is_in(list(ENGLISH_STOP_WORDS))
    stop_words = words.filter(is_stop_word)["count"].sum()
    is_english = stop_words > 0.2 * words["count"].sum()
    plain = words.filter(~is_stop_word | (not is_english), pl.col("word").str.contains(WORD))
    of_class = max(1, WORDS // (classes + 1))
    chosen = plain.filter(pl.int_range(pl.len()).over("label") < of_class)
    return (chosen if chosen.height >= FEWEST else words).head(WORDS)


def draw_maps(vectors: np.ndarray) -> dict[str, np.ndarray]:
    """Return (n, 2) positions by method: PCA, and t-SNE by cosine distance, initialised by PCA.

    Raises:
        UserError: too few words or dimensions for a map.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    if len(vectors) < FEWEST or vectors.shape[1] < 2:
        raise UserError(
            f"a map of words needs {FEWEST} words or more and 2 dimensions or more, found"
            f" {len(vectors)} words with a vector in every embedding, of {vectors.shape[1]}"
            " dimensions; add documents, or vectors that fit them"
        )
    perplexity = min(30, (len(vectors) - 1) / 3)
    tsne = TSNE(
        perplexity=perplexity, metric="cosine", init="pca", max_iter=STEPS, random_state=SEED
    )
    with threadpool_limits(1):  # the same map on any number of cores; faster for few words
        return {
            "PCA": PCA(2, random_state=SEED).fit_transform(vectors),
            "t-SNE": tsne.fit_transform(vectors),
        }


def trust(vectors: np.ndarray, positions: np.ndarray) -> float:
    """Return the trustworthiness of a map, 0 to 1, for 5 neighbours by cosine.

    Venna and Kaski 2001, "Neighborhood preservation in nonlinear projection methods". It decreases
    with every neighbour on the map that is not a neighbour in the full space.
    """
    from sklearn.manifold import trustworthiness

    return float(trustworthiness(vectors, positions, n_neighbors=5, metric="cosine"))


def framed(positions: np.ndarray) -> np.ndarray:
    """Centre a map and scale it to the range -1 to 1 without distortion, (n, 2)."""
    low, high = positions.min(axis=0), positions.max(axis=0)
    return (positions - (low + high) / 2) / (max(high - low) / 2 or 1)


def choose_documents(sequences: Sequences, known: np.ndarray, number: int) -> Sequences:
    """Draw test documents at random, equally many per class, in the order of the corpus.

    Args:
        known: (ids,) bool, whether a token id has a vector; documents without one are excluded.
        number: maximum number of documents; of more classes than this, some are not drawn.
    """
    test = sequences.of_split("test")
    read = [
        np.bincount(
            np.repeat(np.arange(len(batch)), batch.lengths),
            weights=known[batch.flat()],
            minlength=len(batch),
        )
        for batch in test.batches()
    ]
    rows = np.flatnonzero(np.concatenate([*read, []]) > 0)
    names = test.label.unique().cast(pl.String).sort().to_list()
    return test.take(draw_equally(rows, test.classes(names), number))


def draw_equally(rows: np.ndarray, classes: np.ndarray, number: int) -> np.ndarray:
    """Draw rows at random, equally many per class, sorted.

    Args:
        classes: class number of each document, (n,) int64; ``rows`` are some of these documents.
        number: maximum number of rows; of more classes than this, some are not drawn.
    """
    names = np.unique(classes)
    shuffled = np.random.default_rng(SEED).permutation(rows)
    of_class = classes[shuffled]
    per_class = max(1, number // max(1, len(names)))
    chosen = [shuffled[of_class == name][:per_class] for name in names]
    drawn = np.concatenate([*chosen, []]).astype(int)
    if len(drawn) > number:
        drawn = np.random.default_rng(SEED).choice(drawn, number, replace=False)
    return np.sort(drawn)


def document_vectors(documents: Sequences, matrix: np.ndarray) -> np.ndarray:
    """Return the mean vector of the words of each document, (n, d) float32.

    Words without a vector (a row of zeros) are ignored.
    """
    words, ends = documents.flat(), np.append(0, np.cumsum(documents.lengths))
    ones = np.ones(len(words), np.float32)
    counts = csr_array((ones, words, ends), shape=(len(documents), len(matrix)))
    return counts @ matrix / np.maximum(counts @ matrix.any(axis=1), 1)[:, None]
