"""Keras networks of a variant: built from its settings, fitted, asked for probabilities."""

import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import keras
import numpy as np
import scipy.sparse
import tensorflow as tf

from seq2report.core.command import UserError
from seq2report.documents.sequences import Encoded, pad
from seq2report.models import cudnn
from seq2report.models.checkpoint import Checkpoint, Progress
from seq2report.models.functions import load_function
from seq2report.models.layers import Branches, build_layers, build_optimizer, call_function

STEPS = 16  # batches a call of TensorFlow: what Python does around each takes time
PREDICT_BATCH = 128  # fixed, so that XLA compiles one program for validation and test
AT_ONCE = 1 << 23  # bytes of what a network reads that are made at a time
VECTOR_FORMS = ("multihot", "features")  # of the input: one vector a document
Read = Callable[[Encoded], np.ndarray | scipy.sparse.csr_matrix]


@dataclass(frozen=True)
class Fit:
    """What a training leaves beside the weights of the epoch that was kept.

    Attributes:
        history: the rows of history.csv.
        best_epoch: the one whose weights were kept, counted from 1.
        probability: of the documents that were watched, with these weights, (n, classes).
    """

    history: list[dict]
    best_epoch: int
    probability: np.ndarray


def build_model(
    settings: dict,
    num_words: int,
    classes: int,
    matrix: np.ndarray | None = None,
    ours: dict[str, type] | None = None,
) -> keras.Model:
    """Return the network of a variant, not compiled.

    Args:
        settings: a resolved variant (``input``, ``layers``, ``fit``).
        num_words: ids of the encoding stay below this number; or how many features there are.
        classes: units of the softmax output, which follows ``layers``.
        matrix: pretrained vectors, (num_words, dimensions) float32; needed if ``input`` names an
            embedding.
        ours: classes that stand for Keras's of the same name, such as `cpu_layers.FASTER`.

    Raises:
        UserError: a layer that does not exist, does not take an argument or does not fit.
    """
    start, *stack = _input_layers(settings["input"], num_words, matrix)
    x = start
    for layer in stack:
        x = layer(x)
    if isinstance(settings["layers"], dict):
        x = _by_function(x, settings["layers"])
    else:
        x = _through(x, build_layers(settings["layers"], ours), "layers")
    if len(x.shape) != 2:
        raise UserError(
            f"layers: they end in shape {x.shape}, but the softmax output needs one vector a"
            " document; add Flatten, a pooling layer, or leave return_sequences out of the last"
            " recurrent layer"
        )
    try:
        model = keras.Model(start, keras.layers.Dense(classes, activation="softmax")(x))
    except ValueError as error:
        raise UserError(f"layers: {str(error).strip().splitlines()[0]}") from error
    if foreign := next(_foreign(model.get_config()), None):
        raise UserError(
            f"layers: found {foreign}, expected layers and operations of Keras alone, and no"
            " Lambda: the saved model has to be loaded where this code is not"
        )
    return model


def _by_function(x: keras.KerasTensor, layers: dict) -> keras.KerasTensor:
    """Return what a function of a Python file makes of ``x``.

    Raises:
        UserError: there is no such function, or it fails, or returns something else than a tensor.
    """
    file, name = layers["file"], layers["function"]
    function = load_function(file, name, layers["digest"])
    try:
        x = call_function(partial(function, x), name, layers["arguments"])
    except UserError:
        raise
    except Exception as error:  # whatever the function, or Keras, raises
        reason = str(error).strip().partition("\n")[0]
        raise UserError(f"layers.{name} ({file}): {type(error).__name__}: {reason}") from error
    if not isinstance(x, keras.KerasTensor):
        raise UserError(f"layers.{name} ({file}): found {type(x).__name__}, expected one tensor")
    return x


def _foreign(config: object) -> Iterator[str]:
    """Yield the names of what in a model's configuration is not Keras's own, or is code."""
    if isinstance(config, dict):
        name, module = config.get("class_name"), config.get("module")
        if name in ("Lambda", "__lambda__", "function") or (
            name is not None and module is not None and not _is_of_keras(module)
        ):
            yield str(name)
        for value in config.values():
            yield from _foreign(value)
    elif isinstance(config, list | tuple):
        for value in config:
            yield from _foreign(value)


def _is_of_keras(module: str) -> bool:
    return module in ("keras", "builtins") or module.startswith(("keras.", "seq2report."))


def _through(x: keras.KerasTensor, layers: list, where: str) -> keras.KerasTensor:
    """Return what the last of ``layers`` (of `build_layers`) makes of ``x``.

    Messages begin with ``where``, the place of the layers in the configuration.

    Raises:
        UserError: a layer that does not fit what comes before it.
    """
    for n, layer in enumerate(layers):
        place, given, shapes = f"{where}[{n}]", x, f"the shape {x.shape} of what comes before it"
        if isinstance(layer, Branches):
            inside = f"{place}.{type(layer.merge).__name__}.branches"
            given = [_through(x, each, f"{inside}[{m}]") for m, each in enumerate(layer.branches)]
            shapes = f"the shapes {', '.join(str(end.shape) for end in given)} of its branches"
            layer = layer.merge
        name = type(layer).__name__
        try:
            x = layer(given)
        except Exception as error:  # Keras raises whatever its layers do
            reason = str(error).strip().splitlines()[0]
            raise UserError(f"{place}: {name} does not fit {shapes}: {reason}") from error
        if not isinstance(x, keras.KerasTensor):
            raise UserError(f"{place}: {name} gives more than one output; the next layer reads one")
    return x


def compile_model(model: keras.Model, settings: dict) -> None:
    """Make ``model`` ready for `fit`; ``settings`` are ``fit`` of a resolved variant.

    Raises:
        UserError: an optimizer that does not exist or does not take an argument.
    """
    model.compile(
        optimizer=build_optimizer(settings["optimizer"], "fit.optimizer"),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=has_recurrent_layer(model) and not cudnn.is_used(model),
        steps_per_execution=STEPS,
    )


def _input_layers(given: dict, num_words: int, matrix: np.ndarray | None) -> list:
    if given["form"] in VECTOR_FORMS:
        sparse = given["form"] == "features"
        return [keras.Input((num_words,), dtype="float32", sparse=sparse)]
    start = keras.Input((given["length"],), dtype="int32")
    if given["form"] == "onehot":
        return [start, keras.layers.CategoryEncoding(num_words, output_mode="one_hot")]
    if matrix is None:
        embedding = keras.layers.Embedding(num_words, given["dimensions"], name="embedding")
    else:
        embedding = keras.layers.Embedding(
            *matrix.shape, weights=[matrix], trainable=given["trainable"], name="embedding"
        )
    return [start, embedding]


def document_shape(model: keras.Model, given: dict) -> tuple[int, ...]:
    """Return the shape of a document where the first layer that learns reads it.

    (words, dimensions) with an embedding, (words, num_words) one-hot, (num_words,) multi-hot,
    (features,).
    """
    reached = model.input if given["form"] in VECTOR_FORMS else model.layers[1].output
    return reached.shape[1:]


def has_recurrent_layer(model: keras.Model) -> bool:
    """Say whether a layer loops over time steps: there XLA pays for its compilation on a CPU."""
    kinds = (keras.layers.RNN, keras.layers.Bidirectional)
    return any(isinstance(layer, kinds) for layer in model.layers)


def path(model: keras.Model, gpu: str | None) -> str:
    """Return in words what computes a compiled ``model``: a device, and cuDNN or XLA where used."""
    how = ["cuDNN"] * cudnn.is_used(model) + ["XLA"] * model.jit_compile
    return ", ".join(["GPU" if gpu else "CPU", *how])


def inputs_of(
    sequences: Encoded, given: dict, num_words: int
) -> np.ndarray | scipy.sparse.csr_matrix:
    """Return what the network reads of these documents.

    Word ids, (n, length) int32; for ``form: multihot`` a 1 for each word that occurs,
    (n, num_words) float32; for features these, (n, features) float32, sparse.
    """
    if given["form"] == "features":
        return sequences.matrix
    if given["form"] != "multihot":
        return pad(sequences, given["length"], given["padding"], given["truncating"])
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
        size: documents a batch.
        more: arrays with a row a document; what belongs to it comes beside it.
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


def log_loss(truth: np.ndarray, probability: np.ndarray) -> float:
    """Return the mean of −ln p(true class), p clipped at 1e-7 as Keras does."""
    p = probability[np.arange(len(truth)), truth].astype(np.float64)
    return float(-np.log(np.clip(p, 1e-7, 1.0)).mean())


def fit(
    model: keras.Model,
    train: tuple[Encoded, np.ndarray],
    validation: tuple[Encoded, np.ndarray],
    read: Read,
    settings: dict,
    seed: int,
    checkpoint: Checkpoint | None = None,
) -> Fit:
    """Fit ``model`` in place and leave the weights of the best epoch in it.

    Each epoch sees the training documents in an order that ``seed`` and the epoch alone decide,
    in whole batches (the fewer than ``batch_size`` documents left over are others every epoch).
    With ``patience`` the best epoch is that of the highest validation accuracy (of equals, the
    lowest validation loss), and training stops after so many epochs without a better one (early
    stopping, Prechelt 1998); without it, it is the last epoch. Accuracy, because that is what the
    report compares: the validation loss of a network that grows too sure of itself rises long
    before its accuracy falls.

    Args:
        model: of `build_model`, compiled by `compile_model`.
        train: documents and their class numbers, (n,) int64.
        validation: the same for the validation split.
        read: see `batches`.
        settings: ``fit`` of a resolved variant.
        seed: decides the order of the documents.
        checkpoint: where a training that was broken off goes on from, and what is written.
    """
    patience = settings.get("patience")
    checkpoint = checkpoint or Checkpoint()
    progress = checkpoint.progress
    if not progress.refitted:
        checkpoint.restore(model)
    while not _is_over(progress, settings):
        start, epoch = time.perf_counter(), len(progress.history) + 1
        row = {"epoch": epoch} | _fit_epoch(model, train, read, settings, seed, epoch)
        p = probabilities(model, validation[0], read)
        row |= {
            "val_loss": log_loss(validation[1], p),
            "val_accuracy": float((p.argmax(axis=1) == validation[1]).mean()),
            "seconds": time.perf_counter() - start,
        }
        progress.history.append(row)
        logging.info(
            "epoch %d/%d: loss %.4f, accuracy %.4f, validation loss %.4f, accuracy %.4f, %.1f s",
            epoch,
            settings["epochs"],
            *(row[key] for key in ("loss", "accuracy", "val_loss", "val_accuracy", "seconds")),
        )
        _check_finite(row["val_loss"], epoch)
        best = progress.history[progress.best - 1]
        if epoch == 1 or patience is None or _rank(row) > _rank(best):
            progress.best, progress.probability = epoch, p
            progress.best_weights = model.get_weights()
        checkpoint.write(model)
    if not progress.refitted:
        model.set_weights(progress.best_weights)
        progress.best_weights = []  # which may be large
    history = [row | {"kept": row["epoch"] == progress.best} for row in progress.history]
    return Fit(history, progress.best, progress.probability)


def _is_over(progress: Progress, settings: dict) -> bool:
    """Say whether all epochs were fitted, or as many without a better one as there is patience."""
    epochs, patience = len(progress.history), settings.get("patience")
    impatient = patience is not None and epochs - progress.best >= patience
    return impatient or epochs == settings["epochs"]


def refit(
    model: keras.Model,
    train: tuple[Encoded, np.ndarray],
    read: Read,
    settings: dict,
    seed: int,
    epochs: int,
    checkpoint: Checkpoint | None = None,
) -> None:
    """Fit ``model`` in place for so many epochs, without looking at anything meanwhile.

    With training and validation documents, and the best epoch that `fit` found on one watched by
    the other, this is algorithm 7.2 of Goodfellow et al., Deep Learning (2016). Other arguments
    are as in `fit`.
    """
    checkpoint = checkpoint or Checkpoint()
    checkpoint.restore(model)
    for epoch in range(checkpoint.progress.refitted + 1, epochs + 1):
        row = _fit_epoch(model, train, read, settings, seed, epoch)
        logging.info("epoch %d/%d: loss %.4f, accuracy %.4f", epoch, epochs, *row.values())
        checkpoint.progress.refitted = epoch
        checkpoint.write(model)


def _fit_epoch(
    model: keras.Model,
    train: tuple[Encoded, np.ndarray],
    read: Read,
    settings: dict,
    seed: int,
    epoch: int,
) -> dict[str, float]:
    """Fit ``model`` in place for one epoch, and return its loss and accuracy on the way."""
    documents, truth = train
    order = np.random.default_rng([seed, epoch]).permutation(len(truth))
    size = min(settings["batch_size"], len(truth))
    data = batches(documents, read, order, size, truth)
    weights = None
    if settings.get("class_weight") == "balanced":
        weights = balanced(truth, model.output_shape[-1])
    fitted = model.fit(data, shuffle=False, verbose=0, class_weight=weights).history
    _check_finite(fitted["loss"][0], epoch)
    return {name: fitted[name][0] for name in ("loss", "accuracy")}


def balanced(truth: np.ndarray, classes: int) -> dict[int, float]:
    """Return what a document of each class counts, so that all classes count alike in the loss.

    n / (k × n_c) for n documents, n_c of them of the class, and k classes that there are documents
    of, as scikit-learn has it for ``class_weight="balanced"``; 1 for a class without documents.

    Args:
        truth: class numbers, (n,) int64.
        classes: how many there are.
    """
    sizes = np.bincount(truth, minlength=classes)
    weights = len(truth) / (np.count_nonzero(sizes) * np.maximum(sizes, 1))
    return dict(enumerate(np.where(sizes, weights, 1.0).tolist()))


def _check_finite(loss: float, epoch: int) -> None:
    if not np.isfinite(loss):
        raise UserError(
            f"the loss became {loss} in epoch {epoch}: try a lower learning rate, as in"
            " fit: {optimizer: {RMSprop: {learning_rate: 0.0001}}}"
        )


def _rank(row: dict) -> tuple[float, float]:
    return row["val_accuracy"], -row["val_loss"]
