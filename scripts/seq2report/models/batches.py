"""What a network reads of documents, in batches; and its probabilities for them."""

import math
from collections.abc import Callable, Iterable, Iterator

import keras
import numpy as np
import scipy.sparse
import tensorflow as tf

from seq2report.documents.sequences import Encoded, pad
from seq2report.models.variant import Input

PREDICT_BATCH = 128  # fixed, so that XLA compiles one program for validation and test
AT_ONCE = 1 << 23  # bytes of what a network reads that are made at a time
Read = Callable[[Encoded], np.ndarray | scipy.sparse.csr_matrix]


def inputs_of(
    sequences: Encoded, given: Input, num_words: int
) -> np.ndarray | scipy.sparse.csr_matrix:
    """Return what the network reads of these documents.

    Word ids, (n, length) int32; for ``form: multihot`` a 1 for each word that occurs,
    (n, num_words) float32; for features these, (n, features) float32, sparse.
    """
    if given.form == "features":
        return sequences.matrix
    if given.form != "multihot":
        return pad(sequences, given.length, given.padding, given.truncating)
    ones = np.zeros((len(sequences.lengths), num_words), dtype=np.float32)
    ones[np.repeat(np.arange(len(ones)), sequences.lengths), sequences.flat()] = 1
    return ones


def batches(
    sequences: Encoded, read: Read, order: np.ndarray, size: int, *more: np.ndarray
) -> tf.data.Dataset:
    """Return batches of ``size`` documents; only some are in memory at a time.

    Args:
        sequences: all the documents.
        read: from some documents to what the network reads, (n, …); see `inputs_of`.
        order: rows of ``sequences``; the last ones that fill no batch are left out.
        size: documents per batch.
        more: arrays with one row per document; its row comes with the document.
    """
    rows = order[: len(order) // size * size].reshape(-1, size)
    first = read(sequences.take(rows[0]))
    beside = (tf.TensorSpec((size, *array.shape[1:]), array.dtype) for array in more)
    if scipy.sparse.issparse(first):
        return _sparse_batches(sequences, read, rows, beside, *more)
    at_once = max(1, AT_ONCE // first.nbytes)

    def chunks() -> Iterator[tuple[np.ndarray, ...]]:
        for start in range(0, len(rows), at_once):
            some = rows[start : start + at_once]
            x = read(sequences.take(some.ravel()))
            yield x.reshape(*some.shape, *x.shape[1:]), *(array[some] for array in more)

    signature = (
        tf.TensorSpec((None, *first.shape), first.dtype),
        *(tf.TensorSpec((None, *spec.shape), spec.dtype) for spec in beside),
    )
    chunked = tf.data.Dataset.from_generator(chunks, output_signature=signature)
    flat = chunked.flat_map(lambda *chunk: tf.data.Dataset.from_tensor_slices(chunk))
    return flat.apply(tf.data.experimental.assert_cardinality(len(rows))).prefetch(2)


def _sparse_batches(
    documents: Encoded, read: Read, rows: np.ndarray, beside: Iterable, *more: np.ndarray
) -> tf.data.Dataset:
    """Return a batch for each row of ``rows``: a sparse tensor, and what belongs to it."""

    def tensors() -> Iterator[tuple]:
        for batch in rows:
            x = read(documents.take(batch)).tocoo()
            places = np.stack([x.row, x.col], axis=1).astype(np.int64)
            yield tf.SparseTensor(places, x.data, x.shape), *(array[batch] for array in more)

    shape = read(documents.take(rows[0])).shape
    signature = (tf.SparseTensorSpec(shape, tf.float32), *beside)
    made = tf.data.Dataset.from_generator(tensors, output_signature=signature)
    return made.apply(tf.data.experimental.assert_cardinality(len(rows))).prefetch(2)


def probabilities(model: keras.Model, sequences: Encoded, read: Read) -> np.ndarray:
    """Return (n, classes) float32 probabilities for the documents, in their order."""
    n = len(sequences)
    order = np.arange(math.ceil(n / PREDICT_BATCH) * PREDICT_BATCH) % n  # the last one is whole too
    return model.predict(batches(sequences, read, order, PREDICT_BATCH), verbose=0)[:n]
