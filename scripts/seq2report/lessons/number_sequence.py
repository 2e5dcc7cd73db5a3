"""An LSTM that continues a sequence of numbers, compared with rules that need no training.

The lecture's experiment: 100 windows of five consecutive numbers; the network predicts the sixth.
One fifth of the windows is the test set. Windows of numbers larger than all of these show what the
network predicts outside the range of its training.
"""

import math
from collections.abc import Callable
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
    """Return windows and the number after each window, both divided by `SCALE`.

    Args:
        starts: (n,) int, the first number of each window.

    Returns:
        (n, WINDOW) and (n,) float64.
    """
    numbers = starts[:, None] + np.arange(WINDOW + 1)
    return numbers[:, :-1] / SCALE, numbers[:, -1] / SCALE


def split_starts(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the first numbers of the training and of the test windows, each sorted, (n,) int."""
    from sklearn.model_selection import train_test_split

    train, test = train_test_split(np.arange(WINDOWS), test_size=TEST_SHARE, random_state=seed)
    return np.sort(train), np.sort(test)


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

    Args:
        keras: as `load_keras` returns it.
        steps: batches per epoch; TensorFlow runs them in one call.
    """
    model = keras.Sequential(
        [
            keras.Input((WINDOW, 1)),
            # Unrolled: the same results as a loop, and faster on a CPU.
            keras.layers.LSTM(UNITS, unroll=True),
            keras.layers.Dense(1),
        ]
    )
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

    Args:
        weights: (UNITS, 1), the kernel of the last layer.
        bias: of the last layer.
    """
    return float(np.abs(weights).sum() + bias)


def predict(rules: dict[str, Callable], splits: dict[str, np.ndarray]) -> pd.DataFrame:
    """Return columns part, method, start, true and predicted, in numbers of the sequence.

    Args:
        rules: functions from windows, (n, WINDOW), to predictions, (n,), both divided by `SCALE`.
        splits: first numbers of the windows, (n,) int.
    """
    frames = [
        pd.DataFrame(
            {
                "part": split,
                "method": method,
                "start": starts,
                "true": starts + WINDOW,
                "predicted": SCALE * rule(windows(starts)[0]),
            }
        )
        for split, starts in splits.items()
        for method, rule in rules.items()
    ]
    return pd.concat(frames, ignore_index=True)


def score(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return columns part, method, windows, mae and largest: errors in numbers of the sequence."""
    scored = predictions[predictions["part"].isin(SCORED)]
    errors = (scored["predicted"] - scored["true"]).abs()
    groups = errors.groupby([scored["part"], scored["method"]], sort=False)
    return groups.agg(windows="size", mae="mean", largest="max").reset_index()


def build_rules(model, x: np.ndarray, y: np.ndarray) -> tuple[dict[str, Callable], pd.DataFrame]:
    """Return the rules for `predict`, and the weights of the regression (columns term, value).

    Args:
        model: trained network.
        x: training windows, (n, WINDOW), that the linear regression is fitted on.
        y: numbers after them, (n,).
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
    """Return facts: sizes of the experiment and its headline figures."""
    mae = scores.set_index(["part", "method"])["mae"]
    kernel, bias = model.layers[-1].get_weights()
    return {
        "windows": WINDOWS,
        "window": WINDOW,
        "scale": SCALE,
        "train_windows": len(train),
        "test_windows": len(test),
        "units": UNITS,
        "parameters": model.count_params(),
        "batch_size": BATCH_SIZE,
        "steps": math.ceil(len(train) / BATCH_SIZE),
        "epochs": len(loss),
        "largest_trained": int(train.max()) + WINDOW,
        "last_loss": loss[-1],
        "test_mae": mae["test", "LSTM"],
        "outside_mae": mae["outside", "LSTM"],
        "ceiling": SCALE * ceiling(kernel, bias[0]),
    }


def run_lesson(keras: ModuleType, epochs: int, seed: int) -> dict[str, pd.DataFrame]:
    """Return the tables facts, history, predictions, scores and weights.

    Args:
        keras: as `load_keras` returns it, seeded.
        epochs: of the training.
        seed: of the split and of the order of the windows.
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
    facts = {
        "seed": seed,
        **describe(model, train, test, loss, scores),
        "fit_seconds": seconds,
        "fit_cpu_seconds": cpu_seconds,
    }
    return {
        "facts": pd.DataFrame([facts]),
        "history": pd.DataFrame({"epoch": np.arange(1, epochs + 1), "mae": loss}),
        "predictions": predictions,
        "scores": scores,
        "weights": weights,
    }
