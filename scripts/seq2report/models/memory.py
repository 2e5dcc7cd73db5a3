"""Estimate the memory that the training of a network needs, before it starts."""

import math
from itertools import dropwhile

import keras

from seq2report.core.command import UserError
from seq2report.models.batches import PREDICT_BATCH
from seq2report.models.layers import build_optimizer
from seq2report.models.variant import Fit

BYTES = 4  # per number
KEPT = 2  # copies of each weight: in the network, and from the best epoch


def estimate(model: keras.Model, fit: Fit, length: int | None = None) -> dict[str, int]:
    """Return the bytes that the training of a network needs at least, by purpose.

    ``length`` is the number of word pieces that an encoder reads.

    weights: both copies. optimizer: its variables for each trained weight (one for RMSprop, two for
    Adam). batch: the outputs of all layers for a batch of training or prediction, whichever is
    smaller, without those of an encoder before its first trained layer, which are not kept.
    Gradients, documents and libraries are not included.
    """
    trained = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    outputs = sum(_output_size(layer, length) for layer in model.layers)
    weight = keras.Variable([[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    optimizer = build_optimizer(fit.optimizer)
    optimizer.build([weight])
    per_weight = sum(variable.shape == weight.shape for variable in optimizer.variables)
    return {
        "weights": KEPT * BYTES * model.count_params(),
        "optimizer": BYTES * per_weight * trained,
        "batch": BYTES * min(fit.batch_size, PREDICT_BATCH) * outputs,
    }


def refuse(needed: dict[str, int], memory_mb: int) -> None:
    """Check that the memory of this machine is sufficient.

    Raises:
        UserError: it is not; the message lists the needs by purpose.
    """
    total = sum(needed.values())
    if total <= 1e6 * memory_mb:
        return
    parts = ", ".join(f"{name} {size / 1e9:,.1f} GB" for name, size in needed.items())
    raise UserError(
        f"layers: to train them takes at least {total / 1e9:,.1f} GB ({parts}), and there are"
        f" {memory_mb / 1e3:,.1f} GB; make 'num_words', 'length', 'batch_size' or the layers"
        " smaller; if jobs run on a larger machine than this one, set its memory, as in"
        f" 'memory_mb: {math.ceil(total / 1e6)}'"
    )


def _output_size(layer: keras.layers.Layer, length: int | None) -> int:
    """Return the number of outputs of a layer for one document, 0 if it has no single output.

    Of an encoder, it is the sum over its layers from the first one that is trained.
    """
    if isinstance(layer, keras.layers.InputLayer):
        return 0
    if isinstance(layer, keras.Model):
        kept = dropwhile(lambda inner: not inner.trainable, layer.layers)
        return sum(_output_size(inner, length) for inner in kept)
    try:
        outputs = keras.tree.flatten(layer.output)
    except (AttributeError, ValueError):  # called more than once
        return 0
    known = length or 1
    return sum(math.prod(size or known for size in out.shape[1:]) for out in outputs)
