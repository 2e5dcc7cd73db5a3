"""Keras networks, built from the settings of a variant and compiled."""

from collections.abc import Iterator
from functools import partial

import keras
import numpy as np

from seq2report.core.command import UserError
from seq2report.models import cudnn
from seq2report.models.functions import load_function
from seq2report.models.layers import Branches, build_layers, build_optimizer, call_function
from seq2report.models.variant import Input, Variant

STEPS = 16  # batches a call of TensorFlow: what Python does around each takes time


def build_model(
    variant: Variant,
    num_words: int,
    classes: int,
    matrix: np.ndarray | None = None,
    ours: dict[str, type] | None = None,
) -> keras.Model:
    """Return the network of a variant, not compiled.

    Args:
        variant: a network.
        num_words: ids of the encoding stay below this number; or how many features there are.
        classes: units of the softmax output, which follows ``layers``.
        matrix: pretrained vectors, (num_words, dimensions) float32; needed if ``input`` names an
            embedding.
        ours: classes that stand for Keras's of the same name, such as `cpu_layers.FASTER`.

    Raises:
        UserError: a layer that does not exist, does not take an argument or does not fit.
    """
    start, *stack = _input_layers(variant.input, num_words, matrix)
    x = start
    for layer in stack:
        x = layer(x)
    if isinstance(variant.layers, dict):
        x = _by_function(x, variant.layers)
    else:
        x = _through(x, build_layers(variant.layers, ours), "layers")
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


def compile_model(model: keras.Model, optimizer: str | dict) -> None:
    """Compile ``model`` for `fit`, with the optimizer that the variant names.

    Raises:
        UserError: an optimizer that does not exist or does not take an argument.
    """
    model.compile(
        optimizer=build_optimizer(optimizer, "fit.optimizer"),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=has_recurrent_layer(model) and not cudnn.is_used(model),
        steps_per_execution=STEPS,
    )


def _input_layers(given: Input, num_words: int, matrix: np.ndarray | None) -> list:
    if given.is_vector:
        sparse = given.form == "features"
        return [keras.Input((num_words,), dtype="float32", sparse=sparse)]
    start = keras.Input((given.length,), dtype="int32")
    if given.form == "onehot":
        return [start, keras.layers.CategoryEncoding(num_words, output_mode="one_hot")]
    if matrix is None:
        embedding = keras.layers.Embedding(num_words, given.dimensions, name="embedding")
    else:
        embedding = keras.layers.Embedding(
            *matrix.shape, weights=[matrix], trainable=given.trainable, name="embedding"
        )
    return [start, embedding]


def document_shape(model: keras.Model, given: Input) -> tuple[int, ...]:
    """Return the shape of a document where the first layer that learns reads it.

    (words, dimensions) with an embedding, (words, num_words) one-hot, (num_words,) multi-hot,
    (features,).
    """
    reached = model.input if given.is_vector else model.layers[1].output
    return reached.shape[1:]


def has_recurrent_layer(model: keras.Model) -> bool:
    """Say whether a layer loops over time steps: there XLA pays for its compilation on a CPU."""
    kinds = (keras.layers.RNN, keras.layers.Bidirectional)
    return any(isinstance(layer, kinds) for layer in model.layers)


def computed_by(model: keras.Model, gpu: str | None) -> str:
    """Return what computes a compiled ``model``: the device, and cuDNN or XLA if they are used."""
    how = ["cuDNN"] * cudnn.is_used(model) + ["XLA"] * model.jit_compile
    return ", ".join(["GPU" if gpu else "CPU", *how])
