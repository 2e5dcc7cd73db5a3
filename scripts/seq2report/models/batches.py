"""Inputs of a network in batches, and its predictions."""

import math
from collections.abc import Callable, Iterator

import keras
import numpy as np
import scipy.sparse
import tensorflow as tf

from seq2report.documents.pieces import BATCH, Pieces
from seq2report.documents.sequences import Encoded, pad
from seq2report.models.variant import Input

PREDICT_BATCH = 128  # fixed, so that XLA compiles one program for validation and test
POOL = 50  # batches whose documents are sorted by length
AT_ONCE = 1 << 23  # bytes of input arrays that are built at a time
Read = Callable[[Encoded], np.ndarray | scipy.sparse.csr_matrix]


def inputs_of(
    sequences: Encoded, settings: Input, num_words: int
) -> np.ndarray | scipy.sparse.csr_matrix:
    """Return the input array of a network for some documents.

    Token ids, (n, length) int32; with ``form: multihot``, 1 for each token that occurs,
    (n, num_words) float32; features, (n, features) float32, sparse or dense. Ids of word pieces,
    (n, longest) int32.
    """
    if settings.features:
        return sequences.matrix
    if settings.form == "pieces":
        return sequences.matrix(settings.length)
    if settings.form != "multihot":
        return pad(sequences, settings.length, settings.padding, settings.truncating)
    ones = np.zeros((len(sequences.lengths), num_words), dtype=np.float32)
    ones[np.repeat(np.arange(len(ones)), sequences.lengths), sequences.flat()] = 1
    return ones


def batches(
    sequences: Encoded, read: Read, order: np.ndarray, size: int, *more: np.ndarray
) -> tf.data.Dataset:
    """Return batches of ``size`` documents; only some are in memory at a time.

    ``read`` returns the network's input for some documents, (n, …), as `inputs_of`. The last rows
    of ``order`` are left out if they do not fill a batch. ``more`` are arrays with one row per
    document, which are batched with the documents.
    """
    rows = order[: len(order) // size * size].reshape(-1, size)
    if isinstance(sequences, Pieces):
        return _ragged(sequences, read, rows, more)
    first = read(sequences.take(rows[0]))

    def chunks() -> Iterator[tuple[np.ndarray, ...]]:
        at_once = max(1, AT_ONCE // first.nbytes)
        for start in range(0, len(rows), at_once):
            some = rows[start : start + at_once]
            x = read(sequences.take(some.ravel()))
            yield x.reshape(*some.shape, *x.shape[1:]), *(array[some] for array in more)

    def sparse_batches() -> Iterator[tuple]:
        for batch in rows:
            x = read(sequences.take(batch)).tocoo()
            indices = np.stack([x.row, x.col], axis=1).astype(np.int64)
            yield tf.SparseTensor(indices, x.data, x.shape), *(array[batch] for array in more)

    from_generator = tf.data.Dataset.from_generator
    specs = [tf.TensorSpec((size, *array.shape[1:]), array.dtype) for array in more]
    if scipy.sparse.issparse(first):
        signature = (tf.SparseTensorSpec(first.shape, tf.float32), *specs)
        data = from_generator(sparse_batches, output_signature=signature)
    else:
        specs.insert(0, tf.TensorSpec(first.shape, first.dtype))
        signature = tuple(tf.TensorSpec((None, *spec.shape), spec.dtype) for spec in specs)
        chunked = from_generator(chunks, output_signature=signature)
        data = chunked.flat_map(lambda *chunk: tf.data.Dataset.from_tensor_slices(chunk))
    return data.apply(tf.data.experimental.assert_cardinality(len(rows))).prefetch(2)


def _ragged(
    pieces: Pieces, read: Read, rows: np.ndarray, more: tuple[np.ndarray, ...]
) -> tf.data.Dataset:
    """Return batches whose length is that of their longest document."""

    def each() -> Iterator[tuple[np.ndarray, ...]]:
        for batch in rows:
            yield read(pieces.take(batch)), *(array[batch] for array in more)

    size = rows.shape[1]
    specs = [tf.TensorSpec((size, *array.shape[1:]), array.dtype) for array in more]
    signature = (tf.TensorSpec((size, None), tf.int32), *specs)
    data = tf.data.Dataset.from_generator(each, output_signature=signature)
    return data.apply(tf.data.experimental.assert_cardinality(len(rows))).prefetch(2)


def shuffled(documents: Encoded, size: int, seed: int, epoch: int) -> np.ndarray:
    """Return the rows of the documents in the order of an epoch, (n,) int64.

    Pieces come in batches of ``size`` documents of similar length, in random order, so that short
    documents are not filled up to the length of long ones.
    """
    random = np.random.default_rng([seed, epoch])
    order = random.permutation(len(documents))
    if not isinstance(documents, Pieces):
        return order
    # What fills no batch is left out, so it is chosen before sorting: not always the longest.
    order, rest = np.split(order, [len(order) // size * size])
    pools = np.split(order, range(POOL * size, len(order), POOL * size))
    order = np.concatenate([p[np.argsort(documents.lengths[p], kind="stable")] for p in pools])
    return np.append(random.permutation(order.reshape(-1, size)), rest)


def probabilities(model: keras.Model, sequences: Encoded, read: Read) -> np.ndarray:
    """Return (n, classes) float32 probabilities of the documents, in their order."""
    n, size, order = len(sequences), PREDICT_BATCH, np.arange(len(sequences))
    if isinstance(sequences, Pieces):
        size, order = min(BATCH, max(n, 1)), np.argsort(sequences.lengths, kind="stable")
    filled = np.resize(order, math.ceil(n / size) * size)  # fills the last batch
    predicted = model.predict(batches(sequences, read, filled, size), verbose=0)[:n]
    probability = np.empty_like(predicted)
    probability[order] = predicted
    return probability
