"""What lessons share: arguments, the corpus, word vectors in Keras, columns of shown tables."""

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from seq2report.core import command
from seq2report.core.command import read_json
from seq2report.documents.sequences import Sequences, read_sequences

DIMENSIONS = 50  # of word vectors that are learned
Tables = dict[str, pd.DataFrame]  # the tables of a lesson by name


def choose(table: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """Return the columns of ``names``, renamed, in their order."""
    return table[list(names)].rename(columns=names)


class Corpus(NamedTuple):
    """An encoded corpus.

    Attributes:
        sequences: the documents as word ids.
        classes: names of the classes.
        vectors: fixed word vectors, (num_words, d) float32, or the shape of those to learn.
    """

    sequences: Sequences
    classes: list[str]
    vectors: np.ndarray | tuple[int, int]


def parser(description: str, epochs: int) -> argparse.ArgumentParser:
    """Return the parser of a lesson that trains on an encoded corpus.

    Args:
        description: docstring of the command.
        epochs: default number of epochs.
    """
    parser = command.parser(description, "corpus", "seed", "output")
    parser.add_argument("--encoding", type=Path, required=True, help="encoding.json")
    parser.add_argument("--sequences", type=Path, required=True, help="sequences.parquet")
    parser.add_argument("--matrix", type=Path, nargs="?", help="matrix.npy of pretrained vectors")
    parser.add_argument("--epochs", type=int, default=epochs, help="of the training on documents")
    return parser


def read_corpus(args: argparse.Namespace) -> Corpus:
    """Return the corpus that the arguments of `parser` name."""
    if args.matrix:
        vectors = np.load(args.matrix, allow_pickle=False)
    else:
        vectors = (read_json(args.encoding)["num_words"], DIMENSIONS)
    return Corpus(read_sequences(args.sequences), read_json(args.corpus)["classes"], vectors)


def embedding(vectors: np.ndarray | tuple[int, int], **options: object):
    """Return a Keras embedding layer of fixed vectors, or of vectors to learn, see `Corpus`."""
    from keras.layers import Embedding

    if isinstance(vectors, tuple):
        return Embedding(*vectors, **options)
    return Embedding(*vectors.shape, weights=[vectors], trainable=False, **options)
