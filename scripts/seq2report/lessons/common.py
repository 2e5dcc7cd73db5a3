"""What lessons on documents share: arguments, the corpus, word vectors in Keras."""

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np

from seq2report.core import command
from seq2report.core.command import read_json
from seq2report.core.stored import read_numbers
from seq2report.documents.sequences import Sequences, pad, read_sequences

DIMENSIONS = 50  # of word vectors that are learned


class Corpus(NamedTuple):
    """An encoded corpus."""

    sequences: Sequences  # the documents as word ids
    classes: list[str]  # names of the classes
    # fixed word vectors, (num_words, d) float32, or the shape of those to learn
    vectors: np.ndarray | tuple[int, int]


class Documents(NamedTuple):
    """Documents as a network reads them."""

    ids: np.ndarray  # (n, length) int32, padded and truncated at the start
    truth: np.ndarray  # (n,) int32, class numbers
    words: np.ndarray  # (n,) int64, length of the whole document
    names: np.ndarray  # (n,) str, ids of the documents


def parser(description: str, epochs: int) -> argparse.ArgumentParser:
    """Return the parser of a lesson that trains on an encoded corpus for ``epochs`` by default."""
    parser = command.parser(description, "corpus", "seed", "output")
    parser.add_argument("--encoding", type=Path, required=True, help="encoding.json")
    parser.add_argument("--sequences", type=Path, required=True, help="sequences.parquet")
    parser.add_argument("--matrix", type=Path, nargs="?", help="matrix.npy of pretrained vectors")
    parser.add_argument("--epochs", type=int, default=epochs, help="of the training on documents")
    return parser


def read_corpus(args: argparse.Namespace) -> Corpus:
    """Return the corpus that the arguments of `parser` name."""
    if args.matrix:
        vectors = read_numbers(args.matrix)
    else:
        vectors = (read_json(args.encoding)["num_words"], DIMENSIONS)
    return Corpus(read_sequences(args.sequences), read_json(args.corpus)["classes"], vectors)


def draw_documents(
    corpus: Corpus, split: str, rng: np.random.Generator, most: int, length: int, shortest: int = 1
) -> Documents:
    """Return at most ``most`` random documents of ``shortest`` words or more, cut to ``length``."""
    documents = corpus.sequences.of_split(split)
    rows = rng.permutation(np.flatnonzero(documents.lengths >= shortest))[:most]
    chosen = documents.take(rows)
    truth = chosen.classes(corpus.classes).astype(np.int32)
    ids = pad(chosen, length, "pre", "pre")
    return Documents(ids, truth, chosen.lengths, chosen.ids.to_numpy())


def describe_training(corpus: Corpus, fitted: int, tested: Documents, epochs: int) -> dict:
    """Return facts about the documents of a lesson and the training on them."""
    facts = {"fitted_documents": fitted, "tested_documents": len(tested.truth), "epochs": epochs}
    facts["learned_vectors"] = isinstance(corpus.vectors, tuple)
    largest_class = np.bincount(tested.truth).max() / len(tested.truth)
    return facts | {"largest_class": float(largest_class)}


def embedding(vectors: np.ndarray | tuple[int, int], **options: object):
    """Return a Keras embedding layer of fixed vectors, or of vectors to learn, see `Corpus`."""
    from keras.layers import Embedding

    if isinstance(vectors, tuple):
        return Embedding(*vectors, **options)
    return Embedding(*vectors.shape, weights=[vectors], trainable=False, **options)
