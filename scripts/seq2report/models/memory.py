"""How much memory it takes at least to train a network: told before hours are spent."""

import math

import keras

from seq2report.core.command import UserError
from seq2report.models.batches import PREDICT_BATCH
from seq2report.models.layers import build_optimizer
from seq2report.models.variant import Fit

BYTES = 4  # of a number
KEPT = 2  # times that each weight is kept: in the network, and in a copy from the best epoch


def estimate(model: keras.Model, fit: Fit) -> dict[str, int]:
    """Return bytes that training a network takes at least, by what they are for.

    weights: each number twice, once in a copy from the best epoch. optimizer: what it remembers of
    each number that is trained (RMSprop one number, Adam two). batch: the outputs of all layers for
    as many documents as are predicted at a time, or fewer where ``batch_size`` is less. Gradients,
    documents and the libraries come on top.

    Args:
        model: of `build.build_model`.
        fit: of the resolved variant.
    """
    trained = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    outputs = sum(_output_size(layer) for layer in model.layers)
    return {
        "weights": KEPT * BYTES * model.count_params(),
        "optimizer": BYTES * remembered(fit.optimizer) * trained,
        "batch": BYTES * min(fit.batch_size, PREDICT_BATCH) * outputs,
    }


def remembered(optimizer: str | dict) -> int:
    """Return how many numbers an optimizer keeps for each that it trains."""
    one = keras.Variable([[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    built = build_optimizer(optimizer)
    built.build([one])
    return sum(each.shape == one.shape for each in built.variables)


def refuse(needed: dict[str, int], memory_mb: int) -> None:
    """Raise an error where more memory is needed than there is.

    Raises:
        UserError: says for what, and what to do.
    """
    total = sum(needed.values())
    if total <= 1e6 * memory_mb:
        return
    parts = ", ".join(f"{name} {size / 1e9:,.1f} GB" for name, size in needed.items())
    raise UserError(
        f"layers: to train them takes at least {total / 1e9:,.1f} GB ({parts}), and there are"
        f" {memory_mb / 1e3:,.1f} GB; make 'num_words', 'length' or the layers smaller, or, if jobs"
        " run on a larger machine than this one, say what one may take there, as in"
        f" 'memory_mb: {math.ceil(total / 1e6)}'"
    )


def _output_size(layer: keras.layers.Layer) -> int:
    """Return how many numbers a layer puts out for a document, 0 where that is not one thing."""
    if isinstance(layer, keras.layers.InputLayer):
        return 0
    try:
        outputs = keras.tree.flatten(layer.output)
    except (AttributeError, ValueError):  # called more than once
        return 0
    return sum(math.prod(size or 1 for size in output.shape[1:]) for output in outputs)
