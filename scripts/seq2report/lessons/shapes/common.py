"""What the tasks of the lesson on shapes share: their description, result and training."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
import polars as pl

BATCH = 128
PREDICTION_BATCH = 256
LEARNING_RATE = 0.01
IGNORE = -1  # a target that does not count


class UnfitError(Exception):
    """The corpus is unsuitable for a task; the message says why, and the page quotes it."""


class Outcome(NamedTuple):
    """Results of a task.

    Attributes:
        parameters: number of weights of the network.
        loss: training loss of each epoch.
        methods: part, method, metric, score and tested (number of tested items) of the network and
            of every rule.
        facts: sizes, columns of the table facts.
        examples: rows of the task's own table.
    """

    parameters: int
    loss: list[float]
    methods: list[tuple[str, str, str, float, int]]
    facts: dict[str, object]
    examples: pd.DataFrame


class Task(NamedTuple):
    """A shape of network and the task that it is trained on.

    Attributes:
        shape: name of the shape.
        description: of the task, in a few words.
        metric: of the headline score.
        part: part of the test that the headline score belongs to.
        epochs: of the training.
        table: name of the table of examples.
        columns: its columns.
        train: documents (columns split and text), seed and epochs → results; raises `UnfitError`.
    """

    shape: str
    description: str
    metric: str
    part: str
    epochs: int
    table: str
    columns: list[str]
    train: Callable[[pl.DataFrame, int, int], Outcome]


def fit(model, x: np.ndarray | list[np.ndarray], y: np.ndarray, epochs: int) -> list[float]:
    """Fit a network in place and return the loss of each epoch.

    Without XLA: compiling these small networks takes longer than it saves in so few epochs.
    """
    import keras

    loss = keras.losses.SparseCategoricalCrossentropy(ignore_class=IGNORE)
    model.compile(keras.optimizers.Adam(LEARNING_RATE), loss)
    return model.fit(x, y, batch_size=BATCH, epochs=epochs, verbose=0).history["loss"]


def predict(model, x: np.ndarray | list[np.ndarray]) -> np.ndarray:
    """Return the network's probabilities at each step, (n, steps, classes) float32."""
    return model.predict(x, batch_size=PREDICTION_BATCH, verbose=0)
