"""Draw maps of word vectors and look up neighbours, before and after training.

maps: a row a word, embedding and method (PCA, t-SNE): where it lies, and the class that it goes
with. quality: how far each map can be trusted. neighbours: the nearest words in the full space.
"""

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
from threadpoolctl import threadpool_limits

from seq2report.command import UserError, replacing, run
from seq2report.sequences import Sequences, read_sequences
from seq2report.tables import write_tables
from seq2report.tokens import occurrences

WORDS = 300  # on a map
FEWEST = 11  # words that make a map; trustworthiness needs more than twice its 5 neighbours
PROBES = 12  # words whose neighbours are listed
NEIGHBOURS = 8
NO_CLASS = ""
CLEARLY = np.log(3)  # odds three times as high as elsewhere: the word goes with the class
SEED = 1


def word_classes(sequences: Sequences, vocabulary: pl.DataFrame) -> pl.DataFrame:
    """Return columns id, word, count, label: the class that a word goes with, or "".

    The word's odds of occurring in a training document of the class are compared with its odds
    in the other documents (half a document added to each cell, Haldane 1940); the class with the
    highest ratio is taken if that is at least 3.
    """
    train = sequences.part("train")
    names = train.label.drop_nulls().unique().cast(pl.String).sort().to_list()
    shape = (len(names), vocabulary["id"].max() + 1)
    inside = np.zeros(shape, np.int64)
    for batch in train.batches():
        document, word = occurrences(batch.flat(), batch.lengths, shape[1])
        cell = np.ravel_multi_index((batch.classes(names)[document], word), shape)
        inside += np.bincount(cell, minlength=inside.size).reshape(shape)
    size = np.bincount(train.classes(names), minlength=len(names))[:, None]
    outside = inside.sum(axis=0) - inside
    log_odds = (
        np.log(inside + 0.5)
        - np.log(size - inside + 0.5)
        - np.log(outside + 0.5)
        + np.log(size.sum() - size - outside + 0.5)
    )
    log_odds[inside == 0] = -np.inf
    clear = log_odds.max(axis=0) >= CLEARLY
    best = np.where(clear, np.array(names, dtype=object)[log_odds.argmax(axis=0)], NO_CLASS)
    words = vocabulary.select("id", "word", "count").sort("id")
    return words.with_columns(label=pl.Series(best[words["id"]], dtype=pl.String))


def choose_words(words: pl.DataFrame, classes: int) -> pl.DataFrame:
    """Return the frequent words of each class and of none, in equal numbers, at most ``WORDS``.

    Stop words, numbers and words of one or two letters are left out.
    """
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    plain = words.filter(
        ~pl.col("word").is_in(list(ENGLISH_STOP_WORDS)),
        pl.col("word").str.contains(r"^\p{L}[\p{L}']{2,}$"),
    )
    return plain.filter(pl.int_range(pl.len()).over("label") < WORDS // (classes + 1))


def draw_maps(vectors: np.ndarray) -> dict[str, np.ndarray]:
    """Return (n, 2) positions by method: PCA, and t-SNE by cosine distance, started from PCA.

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
    tsne = TSNE(perplexity=perplexity, metric="cosine", init="pca", random_state=SEED)
    with threadpool_limits(1):  # the same map on any number of cores; with few words also faster
        return {
            "PCA": PCA(2, random_state=SEED).fit_transform(vectors),
            "t-SNE": tsne.fit_transform(vectors),
        }


def nearest(matrix: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the `NEIGHBOURS` rows nearest by cosine to each of ``rows``, and their cosines.

    Rows of zeros (words without a vector) are never neighbours.
    """
    norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    unit = np.divide(matrix, norms, out=np.zeros_like(matrix), where=norms > 0)
    cosine = unit[rows] @ unit.T
    cosine[:, norms[:, 0] == 0] = -np.inf
    cosine[np.arange(len(rows)), rows] = -np.inf
    best = np.argsort(-cosine, axis=1)[:, :NEIGHBOURS]
    return best, np.take_along_axis(cosine, best, axis=1)


def main(argv: Sequence[str] | None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--vocabulary", type=Path, required=True, help="vocabulary.parquet")
    parser.add_argument("--sequences", type=Path, required=True, help="sequences.parquet")
    parser.add_argument(
        "--matrix",
        nargs=3,
        action="append",
        required=True,
        metavar=("NAME", "STAGE", "FILE"),
        help="an embedding matrix of this encoding; STAGE is before or after (training)",
    )
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    args = parser.parse_args(argv)

    from sklearn.manifold import trustworthiness

    sequences = read_sequences(args.sequences)
    vocabulary = pl.read_parquet(args.vocabulary)
    matrices = {
        (name, stage): np.load(file, allow_pickle=False) for name, stage, file in args.matrix
    }
    in_all = np.logical_and.reduce([m.any(axis=1) for m in matrices.values()])
    words = word_classes(sequences, vocabulary).filter(pl.Series(in_all[1:]))
    classes = sequences.label.drop_nulls().n_unique()
    shown = choose_words(words, classes).to_pandas()
    if len(shown) < FEWEST:
        shown = words.head(WORDS).to_pandas()
    probes = shown.groupby("label", sort=True).head(max(2, PROBES // classes))
    probes = probes[probes["label"] != NO_CLASS].head(2 * PROBES)
    if probes.empty:
        probes = shown.head(PROBES)
    spelled = np.concatenate([[""], vocabulary.sort("id")["word"].to_numpy()])

    maps, quality, neighbours = [], [], []
    for (name, stage), matrix in matrices.items():
        logging.info("%s %s", name, stage)
        key = {"embedding": name, "stage": stage}
        vectors = matrix[shown["id"].to_numpy()]
        for method, xy in draw_maps(vectors).items():
            place = pd.DataFrame({**key, "method": method, "x": xy[:, 0], "y": xy[:, 1]})
            maps.append(place.join(shown[["word", "label", "count"]]))
            trusted = trustworthiness(vectors, xy, n_neighbors=5, metric="cosine")
            quality.append({**key, "method": method, "trustworthiness": trusted, "seed": SEED})
        best, cosine = nearest(matrix, probes["id"].to_numpy())
        for word, label, row, values in zip(
            probes["word"], probes["label"], best, cosine, strict=True
        ):
            for rank, (neighbour, value) in enumerate(zip(row, values, strict=True), start=1):
                entry = {"word": word, "label": label, "rank": rank}
                entry |= {"neighbour": spelled[neighbour], "cosine": float(value)}
                neighbours.append(key | entry)
    tables = {
        "maps": pd.concat(maps, ignore_index=True),
        "quality": pd.DataFrame(quality),
        "neighbours": pd.DataFrame(neighbours),
    }
    with replacing(args.output) as part:
        part.mkdir()
        write_tables(tables, part)


if __name__ == "__main__":
    run(main)
