"""Inputs of a network in batches, and its predictions."""

import math
from collections.abc import Callable, Iterator

import keras
import numpy as np
import scipy.sparse
import tensorflow as tf

from seq2report.documents.sequences import Encoded, pad
from seq2report.models.variant import Input

PREDICT_BATCH = 128  # fixed, so that XLA compiles one program for validation and test
AT_ONCE = 1 << 23  # bytes of input arrays that are built at a time
Read = Callable[[Encoded], np.ndarray | scipy.sparse.csr_matrix]


def inputs_of(
    sequences: Encoded, settings: Input, num_words: int
) -> np.ndarray | scipy.sparse.csr_matrix:
    """Return the input array of a network for some documents.

    Token ids, (n, length) int32; with ``form: multihot``, 1 for each token that occurs,
    (n, num_words) float32; features, (n, features) float32, sparse.
    """
    if settings.form == "features":
        return sequences.matrix
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


def probabilities(model: keras.Model, sequences: Encoded, read: Read) -> np.ndarray:
    """Return (n, classes) float32 probabilities of the documents, in their order."""
    n = len(sequences)
    order = np.arange(math.ceil(n / PREDICT_BATCH) * PREDICT_BATCH) % n  # fills the last batch
    return model.predict(batches(sequences, read, order, PREDICT_BATCH), verbose=0)[:n]
