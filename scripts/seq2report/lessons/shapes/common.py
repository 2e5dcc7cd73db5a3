"""What the tasks of the lesson on shapes share: their description, result and training."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
import polars as pl

from seq2report.core.durations import stopwatch

BATCH = 128
PREDICTION_BATCH = 256
LEARNING_RATE = 0.01
IGNORE = -1  # a target that does not count


class UnfitError(Exception):
    """The corpus is unsuitable for a task; the message says why, and the page quotes it."""


class Fit(NamedTuple):
    """What the training of a network reports."""

    loss: list[float]  # of each epoch
    cpu_seconds: float


class Outcome(NamedTuple):
    """Results of a task."""

    parameters: int  # number of weights of the network
    fit: Fit
    # part, method, metric, score and tested (number of items), of the network and of every rule
    methods: list[tuple[str, str, str, float, int]]
    facts: dict[str, object]  # sizes, columns of the table facts
    examples: pd.DataFrame  # the task's own table


class Task(NamedTuple):
    """A shape of network and the task that it is trained on."""

    shape: str
    description: str
    metric: str  # of the headline score
    part: str  # of the test, that the headline score belongs to
    epochs: int
    table: str  # name of the table of examples
    columns: list[str]  # of this table
    # documents (columns split and text), seed and epochs → results; raises `UnfitError`
    train: Callable[[pl.DataFrame, int, int], Outcome]


def fit(model, x: np.ndarray | list[np.ndarray], y: np.ndarray, epochs: int) -> Fit:
    """Fit a network in place.

    Without XLA: compiling these small networks takes longer than it saves in so few epochs.
    """
    import keras

    loss = keras.losses.SparseCategoricalCrossentropy(ignore_class=IGNORE)
    model.compile(keras.optimizers.Adam(LEARNING_RATE), loss)
    passed = stopwatch()
    fitted = model.fit(x, y, batch_size=BATCH, epochs=epochs, verbose=0)
    return Fit(fitted.history["loss"], passed()[1])


def predict(model, x: np.ndarray | list[np.ndarray]) -> np.ndarray:
    """Return the network's probabilities at each step, (n, steps, classes) float32."""
    return model.predict(x, batch_size=PREDICTION_BATCH, verbose=0)
