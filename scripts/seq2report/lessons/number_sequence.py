"""An LSTM that continues a sequence of numbers, compared with simple rules.

The lecture's experiment: 100 windows of five consecutive numbers; the network predicts the sixth.
One fifth of the windows is the test set. Windows of numbers larger than all of these show what the
network predicts outside the range of its training.
"""

import math
from collections.abc import Callable
from itertools import product
from types import ModuleType

import numpy as np
import pandas as pd

from seq2report.core.durations import stopwatch

WINDOWS = 100
WINDOW = 5  # numbers per window
SCALE = 100  # divisor of all numbers
TEST_SHARE = 0.2
UNITS = 4
BATCH_SIZE = 32  # Keras's default
OUTSIDE = np.arange(100, 150)  # first numbers of windows that follow the last window
FAR = np.array([200, 500, 1000, 10_000])
SCORED = ["train", "test", "outside"]


def windows(starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return windows, (n, WINDOW), and the number after each, (n,), all divided by `SCALE`."""
    numbers = starts[:, None] + np.arange(WINDOW + 1)
    return numbers[:, :-1] / SCALE, numbers[:, -1] / SCALE


def split_starts(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the first numbers of the training and of the test windows, each sorted, (n,) int.

    The first and the last window belong to the training, so all test windows lie between them.
    """
    inner = np.random.default_rng(seed).permutation(np.arange(1, WINDOWS - 1))
    test = np.sort(inner[: round(TEST_SHARE * WINDOWS)])
    return np.setdiff1d(np.arange(WINDOWS), test), test


def fit_line(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the weights, (WINDOW,) float64, and the intercept of a linear regression.

    The columns of ``x`` differ by constants, so many weights fit equally well. scikit-learn
    returns those with the smallest sum of squares.
    """
    from sklearn.linear_model import LinearRegression

    line = LinearRegression().fit(x, y)
    return line.coef_, float(line.intercept_)


def build_network(keras: ModuleType, steps: int):
    """Return the lecture's network, compiled: (WINDOW, 1) → LSTM(4) → Dense(1).

    TensorFlow runs the batches of an epoch, ``steps``, in one call.
    """
    # Unrolled: the same results as a loop, and faster on a CPU.
    lstm = keras.layers.LSTM(UNITS, unroll=True)
    model = keras.Sequential([keras.Input((WINDOW, 1)), lstm, keras.layers.Dense(1)])
    model.compile(optimizer="adam", loss="mean_absolute_error", steps_per_execution=steps)
    return model


def fit_network(
    model, x: np.ndarray, y: np.ndarray, epochs: int, steps: int, seed: int
) -> np.ndarray:
    """Fit ``model`` in place and return the loss of each epoch, (epochs,) float64.

    The loss of an epoch is the mean over its windows while the weights change. Every epoch uses
    all windows once, in a different order.
    """
    import tensorflow as tf

    # An endless data set is set up once, not before every epoch: a quarter of the CPU time of
    # fit(x, y).
    batches = tf.data.Dataset.from_tensor_slices((x[..., None].astype("float32"), y))
    batches = batches.shuffle(len(y), seed=seed).batch(BATCH_SIZE).repeat()
    fitted = model.fit(batches, epochs=epochs, steps_per_epoch=steps, shuffle=False, verbose=0)
    return np.array(fitted.history["loss"])


def ceiling(weights: np.ndarray, bias: float) -> float:
    """Return an upper bound of the network's predictions for any input.

    Every output of an LSTM is a sigmoid times a tanh, between −1 and 1 (Hochreiter and Schmidhuber
    1997, with the gates of Gers et al. 2000). The dense layer adds them up with its weights.
    """
    return float(np.abs(weights).sum() + bias)


def predict(rules: dict[str, Callable], splits: dict[str, np.ndarray]) -> pd.DataFrame:
    """Return columns part, method, start, true and predicted, in numbers of the sequence.

    ``rules`` turn windows, (n, WINDOW), into predictions, (n,), both divided by `SCALE`; ``splits``
    have the first numbers of the windows, (n,) int.
    """
    frames = []
    for (split, starts), (method, rule) in product(splits.items(), rules.items()):
        columns = {"part": split, "method": method, "start": starts, "true": starts + WINDOW}
        predicted = SCALE * rule(windows(starts)[0])
        frames.append(pd.DataFrame(columns | {"predicted": predicted}))
    return pd.concat(frames, ignore_index=True)


def score(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return columns part, method, windows, mae and largest: errors in numbers of the sequence."""
    scored = predictions[predictions["part"].isin(SCORED)]
    errors = (scored["predicted"] - scored["true"]).abs()
    groups = errors.groupby([scored["part"], scored["method"]], sort=False)
    return groups.agg(windows="size", mae="mean", largest="max").reset_index()


def build_rules(model, x: np.ndarray, y: np.ndarray) -> tuple[dict[str, Callable], pd.DataFrame]:
    """Return the rules for `predict`, and the weights of the regression (columns term, value).

    The linear regression is fitted on windows ``x``, (n, WINDOW), and the numbers after them.
    """
    weights, intercept = fit_line(x, y)
    rules = {
        "LSTM": lambda x: model(x[..., None].astype("float32")).numpy()[:, 0].astype(float),
        "last number": lambda x: x[:, -1],
        "last number + 1": lambda x: x[:, -1] + 1 / SCALE,
        "linear regression": lambda x: x @ weights + intercept,
    }
    terms = [*(f"number {n}" for n in range(1, WINDOW + 1)), "constant"]
    return rules, pd.DataFrame({"term": terms, "value": [*weights, SCALE * intercept]})


def describe(
    model, train: np.ndarray, test: np.ndarray, loss: np.ndarray, scores: pd.DataFrame
) -> dict:
    mae = scores.set_index(["part", "method"])["mae"]
    kernel, bias = model.layers[-1].get_weights()
    facts = {"windows": WINDOWS, "window": WINDOW, "scale": SCALE, "units": UNITS}
    facts |= {"train_windows": len(train), "test_windows": len(test), "batch_size": BATCH_SIZE}
    facts |= {"parameters": model.count_params(), "steps": math.ceil(len(train) / BATCH_SIZE)}
    facts |= {"epochs": len(loss), "largest_trained": int(train.max()) + WINDOW}
    facts |= {"last_loss": loss[-1], "test_mae": mae["test", "LSTM"]}
    facts["outside_mae"] = mae["outside", "LSTM"]
    return facts | {"ceiling": SCALE * ceiling(kernel, bias[0])}


def list_parameters(model) -> pd.DataFrame:
    """Return every parameter: columns layer, gate ("" for Dense), kind, row, column and value.

    The kinds of the LSTM are input, recurrent and bias, those of the dense layer weights and bias.
    Keras stores the gates of an LSTM in the order update, forget, candidate, output.
    """
    lstm, dense = (layer.get_weights() for layer in model.layers)
    frames = []

    def add(layer: str, gate: str, kind: str, weights: np.ndarray) -> None:
        weights = np.atleast_2d(weights)
        row, column = np.indices(weights.shape).reshape(2, -1)
        names = {"layer": layer, "gate": gate, "kind": kind, "row": row, "column": column}
        frames.append(pd.DataFrame(names | {"value": weights.ravel().astype(float)}))

    for n, gate in enumerate(("update", "forget", "candidate", "output")):
        for kind, weights in zip(("input", "recurrent", "bias"), lstm, strict=True):
            add("LSTM", gate, kind, np.split(weights, 4, axis=-1)[n])
    for kind, weights in zip(("weights", "bias"), dense, strict=True):
        add("Dense", "", kind, weights)
    return pd.concat(frames, ignore_index=True)


def run_lesson(keras: ModuleType, epochs: int, seed: int) -> dict[str, pd.DataFrame]:
    """Return the tables facts, history, predictions, scores, weights and parameters.

    Keras has to be seeded.
    """
    train, test = split_starts(seed)
    x, y = windows(train)
    steps = math.ceil(len(train) / BATCH_SIZE)
    watch = stopwatch()
    model = build_network(keras, steps)
    loss = SCALE * fit_network(model, x, y, epochs, steps, seed)
    seconds, cpu_seconds = watch()
    rules, weights = build_rules(model, x, y)
    splits = {"train": train, "test": test, "outside": OUTSIDE, "far": FAR}
    predictions = predict(rules, splits)
    scores = score(predictions)
    facts = {"seed": seed, "fit_seconds": seconds, "fit_cpu_seconds": cpu_seconds}
    facts = pd.DataFrame([facts | describe(model, train, test, loss, scores)])
    history = pd.DataFrame({"epoch": np.arange(1, epochs + 1), "mae": loss})
    tables = {"facts": facts, "history": history, "predictions": predictions}
    tables |= {"scores": scores, "weights": weights}
    return tables | {"parameters": list_parameters(model)}
