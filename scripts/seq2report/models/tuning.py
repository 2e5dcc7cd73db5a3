"""Warm-up of the learning rate and label smoothing."""

from collections.abc import Callable

import keras

from seq2report.core.command import UserError
from seq2report.models.layers import build_optimizer
from seq2report.models.variant import Fit


class WarmUp(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warm-up from 0 to ``peak``, then linear decay to 0, as in BERT (Devlin et al. 2019).

    Args:
        rising: number of batches before that with the learning rate ``peak``.
        total: number of batches after which the learning rate is 0; more than ``rising``.
    """

    def __init__(self, peak: float, rising: int, total: int):
        self.peak, self.rising, self.total = peak, rising, total

    def __call__(self, step: object) -> object:
        """Return the learning rate of the batch ``step``, counted from 0."""
        step = keras.ops.cast(step, "float32")
        decayed = (self.total - step) / (self.total - self.rising)
        warmed = step / self.rising if self.rising else decayed
        return self.peak * keras.ops.minimum(warmed, decayed)


def optimizer_of(fit: Fit, documents: int) -> keras.optimizers.Optimizer:
    """Return the optimizer of a training on so many documents, with warm-up if it is set.

    Raises:
        UserError: an optimizer that does not exist or has a wrong argument, or a warm-up of a
            learning rate that is a schedule already.
    """
    optimizer = build_optimizer(fit.optimizer)
    if fit.warmup is None:
        return optimizer
    if not isinstance(optimizer.learning_rate, keras.Variable):
        raise UserError(
            f"fit.warmup: found {fit.warmup} and a schedule as the learning_rate of the optimizer,"
            " expected one of them; remove warmup, or set the learning_rate to a number"
        )
    batches = documents // min(fit.batch_size, documents)  # of an epoch; the rest is left out
    total = fit.epochs * batches
    peak = float(optimizer.learning_rate)
    optimizer.learning_rate = WarmUp(peak, int(fit.warmup * total), total)
    return optimizer


def loss_of(fit: Fit, classes: int) -> str | Callable:
    """Return the cross-entropy between class numbers and probabilities, smoothed if it is set.

    With ``label_smoothing`` s, the target of a document is 1 − s + s / classes for its own class
    and s / classes for each other class, as in `keras.losses.CategoricalCrossentropy`.
    """
    if not fit.label_smoothing:
        return "sparse_categorical_crossentropy"

    def smoothed_crossentropy(truth: object, probability: object) -> object:
        target = keras.ops.one_hot(keras.ops.cast(truth, "int32"), classes)
        return keras.losses.categorical_crossentropy(
            target, probability, label_smoothing=fit.label_smoothing
        )

    return smoothed_crossentropy
