"""Build and compile the Keras network of a variant."""

import json
import math
from functools import partial
from pathlib import Path
from zipfile import ZipFile

import keras
import numpy as np

from seq2report.core.command import UserError, first_line, intact
from seq2report.core.excerpts import visible
from seq2report.models import cudnn
from seq2report.models.allowed import foreign_layers
from seq2report.models.functions import load_function
from seq2report.models.layers import Branches, build_layers, call_function
from seq2report.models.tuning import loss_of, optimizer_of
from seq2report.models.variant import Fit, Input, Variant

STEPS = 16  # batches per call of TensorFlow; more batches need less time in Python


def build_model(
    variant: Variant,
    num_words: int,
    classes: int,
    matrix: np.ndarray | None = None,
    encoder: keras.Model | None = None,
    ours: dict[str, type] | None = None,
) -> keras.Model:
    """Return the network of a variant, not compiled.

    Args:
        num_words: token ids are below this number; or the number of features.
        classes: units of the softmax output, which follows ``layers``.
        matrix: pretrained vectors, (num_words, dimensions) float32; required if ``input`` names an
            embedding.
        encoder: the network of an encoder; required if ``input`` names one.
        ours: classes that replace those of Keras, by name, such as `cpu_layers.FASTER`.

    Raises:
        UserError: a layer that does not exist, has a wrong argument or does not fit.
    """
    start, *stack = _input_layers(variant.input, num_words, matrix, encoder)
    x = start
    for layer in stack:
        x = layer(x)
    if isinstance(variant.layers, dict):
        x = _by_function(x, variant.layers)
    else:
        x = _through(x, build_layers(variant.layers, ours), "layers")
    try:
        model = keras.Model(start, _classified(x, classes))
    except ValueError as error:
        raise UserError(f"layers: {first_line(error)}") from error
    _refuse_foreign(model.get_config(), "layers", ours or {})
    _refuse_empty_means(model)
    return model


def _refuse_empty_means(model: keras.Model) -> None:
    """Raise `UserError` if a layer divides 0 by 0 for a document of which a mask leaves nothing."""
    means = [
        layer for layer in model.layers if isinstance(layer, keras.layers.GlobalAveragePooling1D)
    ]
    if means and any(layer.name in cudnn.masked_layers(model) for layer in means):
        raise UserError(
            "layers: GlobalAveragePooling1D averages what a mask leaves of a document, which may be"
            " nothing, and the mean of no words is no number; remove the mask (Masking)"
        )


def _classified(x: keras.KerasTensor, classes: int) -> keras.KerasTensor:
    """Return the probabilities of the classes for the output of the last layer."""
    if len(x.shape) != 2:
        raise UserError(
            f"layers: they end in shape {x.shape}, but the softmax output needs one vector per"
            " document; add Flatten, a pooling layer, or leave return_sequences out of the last"
            " recurrent layer"
        )
    return keras.layers.Dense(classes, activation="softmax", dtype="float32")(x)


def _input_layers(
    settings: Input, num_words: int, matrix: np.ndarray | None, encoder: keras.Model | None
) -> list:
    if encoder:
        return [keras.Input((None,), dtype="int32"), encoder]
    if settings.is_vector:
        return [keras.Input((num_words,), dtype="float32", sparse=settings.form == "features")]
    start = keras.Input((settings.length,), dtype="int32")
    if settings.form == "onehot":
        return [start, keras.layers.CategoryEncoding(num_words, output_mode="one_hot")]
    shape, options = (num_words, settings.dimensions), {}
    if matrix is not None:
        shape, options = matrix.shape, {"weights": [matrix], "trainable": settings.trainable}
    return [start, keras.layers.Embedding(*shape, name="embedding", **options)]


def _by_function(x: keras.KerasTensor, layers: dict) -> keras.KerasTensor:
    """Return the output of a function of a Python file for the input ``x``.

    Raises:
        UserError: the function does not exist, fails, or does not return a tensor.
    """
    file, name = layers["file"], layers["function"]
    function = load_function(file, name, layers["digest"])
    try:
        x = call_function(partial(function, x), name, layers["arguments"])
    except UserError:
        raise
    except Exception as error:  # the function and Keras may raise anything
        reason = first_line(error)
        raise UserError(f"layers.{name} ({file}): {type(error).__name__}: {reason}") from error
    if not isinstance(x, keras.KerasTensor):
        raise UserError(f"layers.{name} ({file}): found {type(x).__name__}, expected one tensor")
    return x


def _through(x: keras.KerasTensor, layers: list, where: str) -> keras.KerasTensor:
    """Return the output of ``layers``, as `build_layers` returns them, for the input ``x``.

    Error messages begin with ``where``, the position of the layers in the configuration.

    Raises:
        UserError: a layer does not fit the shape of its input.
    """
    for n, layer in enumerate(layers):
        position, inputs = f"{where}[{n}]", x
        shapes = f"the shape {x.shape} of what comes before it"
        if isinstance(layer, Branches):
            inside = f"{position}.{type(layer.merge).__name__}.branches"
            inputs = [
                _through(x, branch, f"{inside}[{m}]") for m, branch in enumerate(layer.branches)
            ]
            shapes = f"the shapes {', '.join(str(end.shape) for end in inputs)} of its branches"
            layer = layer.merge
        name = type(layer).__name__
        try:
            x = layer(inputs)
        except Exception as error:  # layers may raise anything
            reason = first_line(error)
            raise UserError(f"{position}: {name} does not fit {shapes}: {reason}") from error
        if not isinstance(x, keras.KerasTensor):
            raise UserError(
                f"{position}: {name} gives more than one output; the next layer reads one"
            )
    return x


def _refuse_foreign(config: dict, where: str, ours: dict[str, type]) -> None:
    if name := next(foreign_layers(config, ours), None):
        raise UserError(
            f"{where}: found {visible(name)}, expected layers and operations of Keras alone, and no"
            " Lambda or other code"
        )


def load_network(file: Path) -> keras.Model:
    """Return a saved network, not compiled.

    Raises:
        UserError: the file contains more than layers and operations of Keras, or is damaged.
    """
    with intact(file):
        with ZipFile(file) as archive:
            config = json.loads(archive.read("config.json"))
            if member := archive.testzip():
                raise ValueError(f"its member {member} has another checksum")
        _refuse_foreign(config, str(file), {})
        return keras.models.load_model(file, compile=False, safe_mode=True)


def compile_model(
    model: keras.Model, settings: Fit, documents: int = 1, gpu: str | None = None
) -> None:
    """Compile ``model`` for `fit` on so many documents, on this GPU if any.

    Raises:
        UserError: an optimizer that does not exist or has a wrong argument.
    """
    model.compile(
        optimizer=optimizer_of(settings, documents),
        loss=loss_of(settings, model.output_shape[-1]),
        metrics=["accuracy"],
        jit_compile=(has_recurrent_layer(model) and not cudnn.is_used(model))
        or (gpu is not None and has_encoder(model)),
        steps_per_execution=STEPS,
    )


def document_shape(model: keras.Model, settings: Input) -> tuple[int, ...]:
    """Return the shape of a document after the embedding or encoding layer.

    (length, dimensions) with an embedding or encoder, (length, num_words) one-hot, (num_words,)
    multi-hot, (features,).
    """
    if settings.encoder:
        return settings.length, model.layers[1].output.shape[1]
    return (model.input if settings.is_vector else model.layers[1].output).shape[1:]


def frozen_parameters(layer: keras.Layer) -> int:
    """Return the number of parameters of a layer or network that training does not change.

    The weights of a frozen layer do not say themselves that they are frozen after it was loaded.
    """
    if isinstance(layer, keras.Model):
        return sum(frozen_parameters(inner) for inner in layer.layers)
    weights = layer.non_trainable_weights if layer.trainable else layer.weights
    return sum(math.prod(weight.shape) for weight in weights)


def has_recurrent_layer(model: keras.Model) -> bool:
    """Return whether a layer loops over time steps; XLA is worth its compilation for these."""
    kinds = (keras.layers.RNN, keras.layers.Bidirectional)
    return any(isinstance(layer, kinds) for layer in model.layers)


def has_encoder(model: keras.Model) -> bool:
    """Return whether a pretrained encoder is part of a network."""
    return any(isinstance(layer, keras.Model) for layer in model.layers)


def computed_by(model: keras.Model, gpu: str | None) -> str:
    """Return the device that computes a compiled ``model``, with cuDNN or XLA if they are used."""
    compilers = ["cuDNN"] * cudnn.is_used(model) + ["XLA"] * model.jit_compile
    return ", ".join(["GPU" if gpu else "CPU", *compilers])
