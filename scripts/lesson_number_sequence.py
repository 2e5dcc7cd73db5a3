"""Teach an LSTM to continue a sequence of numbers, beside rules that need no training.

The lecture's experiment: 100 windows of five numbers that follow one another, the sixth is to be
predicted, a fifth of the windows is for the test. Windows of larger numbers than any of these show
what the network does outside the range that it was trained on.
"""

import logging
import math
import time
from collections.abc import Sequence
from types import ModuleType

import numpy as np
import pandas as pd

from seq2report.core import command
from seq2report.core.command import UserError, run
from seq2report.core.tables import write_tables
from seq2report.models.backend import load_keras

WINDOWS = 100
WINDOW = 5  # numbers of a window
SCALE = 100  # all numbers are divided by it
TEST_SHARE = 0.2
UNITS = 4
BATCH_SIZE = 32  # Keras's default
OUTSIDE = np.arange(100, 150)  # first numbers of windows that follow the last window
FAR = np.array([200, 500, 1000, 10_000])
SCORED = ["train", "test", "outside"]


def windows(starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return windows and the number after each, both divided by ``SCALE``.

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

    The columns of ``x`` differ by constants, so that many weights fit equally well; of these,
    scikit-learn takes the ones with the smallest sum of squares.
    """
    from sklearn.linear_model import LinearRegression

    line = LinearRegression().fit(x, y)
    return line.coef_, float(line.intercept_)


def build_network(keras: ModuleType, steps: int):
    """Return the lecture's network, compiled: (WINDOW, 1) → LSTM(4) → Dense(1).

    Args:
        keras: as `load_keras` returns it.
        steps: batches of an epoch; TensorFlow carries them out in one call.
    """
    model = keras.Sequential(
        [
            keras.Input((WINDOW, 1)),
            # Five steps written out: the same sums as in a loop, at less cost on a CPU.
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

    The loss of an epoch is the mean over its windows, while the weights change. Every epoch sees
    all windows once, in another order.
    """
    import tensorflow as tf

    # Repeated without end, the data is set up once instead of before every epoch: a quarter of
    # the CPU time of fit(x, y).
    batches = tf.data.Dataset.from_tensor_slices((x[..., None].astype("float32"), y))
    batches = batches.shuffle(len(y), seed=seed).batch(BATCH_SIZE).repeat()
    fitted = model.fit(batches, epochs=epochs, steps_per_epoch=steps, shuffle=False, verbose=0)
    return np.array(fitted.history["loss"])


def ceiling(weights: np.ndarray, bias: float) -> float:
    """Return what the network stays below, whatever it reads.

    Every output of an LSTM is a sigmoid times a tanh, between −1 and 1 (Hochreiter and Schmidhuber
    1997, with the gates of Gers et al. 2000); `Dense` adds them up with its weights.

    Args:
        weights: (UNITS, 1), the kernel of the last layer.
        bias: of the last layer.
    """
    return float(np.abs(weights).sum() + bias)


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "seed", "output")
    parser.add_argument("--epochs", type=int, default=400)
    args = parser.parse_args(argv)
    if args.epochs < 1:
        raise UserError(f"--epochs {args.epochs}: expected 1 or more; the lecture has 400")

    keras = load_keras(args.seed)
    train, test = split_starts(args.seed)
    x, y = windows(train)
    steps = math.ceil(len(train) / BATCH_SIZE)
    start, cpu_start = time.perf_counter(), time.process_time()
    model = build_network(keras, steps)
    loss = fit_network(model, x, y, args.epochs, steps, args.seed)
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    weights, intercept = fit_line(x, y)

    rules = {
        "LSTM": lambda x: model(x[..., None].astype("float32")).numpy()[:, 0].astype(float),
        "last number": lambda x: x[:, -1],
        "last number + 1": lambda x: x[:, -1] + 1 / SCALE,
        "linear regression": lambda x: x @ weights + intercept,
    }
    parts = {"train": train, "test": test, "outside": OUTSIDE, "far": FAR}
    predictions = pd.concat(
        [
            pd.DataFrame(
                {
                    "part": part,
                    "method": method,
                    "start": starts,
                    "true": starts + WINDOW,
                    "predicted": SCALE * rule(windows(starts)[0]),
                }
            )
            for part, starts in parts.items()
            for method, rule in rules.items()
        ],
        ignore_index=True,
    )
    scored = predictions[predictions["part"].isin(SCORED)]
    errors = (scored["predicted"] - scored["true"]).abs()
    scores = (
        errors.groupby([scored["part"], scored["method"]], sort=False)
        .agg(windows="size", mae="mean", largest="max")
        .reset_index()
    )
    mae = scores.set_index(["part", "method"])["mae"]
    kernel, bias = model.layers[-1].get_weights()
    facts = {
        "seed": args.seed,
        "windows": WINDOWS,
        "window": WINDOW,
        "scale": SCALE,
        "train_windows": len(train),
        "test_windows": len(test),
        "units": UNITS,
        "parameters": model.count_params(),
        "batch_size": BATCH_SIZE,
        "steps": steps,
        "epochs": args.epochs,
        "largest_trained": int(train.max()) + WINDOW,
        "last_loss": SCALE * loss[-1],
        "test_mae": mae["test", "LSTM"],
        "outside_mae": mae["outside", "LSTM"],
        "ceiling": SCALE * ceiling(kernel, bias[0]),
        "fit_seconds": seconds,
        "fit_cpu_seconds": cpu_seconds,
    }
    tables = {
        "facts": pd.DataFrame([facts]),
        "history": pd.DataFrame({"epoch": np.arange(1, args.epochs + 1), "mae": SCALE * loss}),
        "predictions": predictions,
        "scores": scores,
        "weights": pd.DataFrame(
            {
                "term": [*(f"number {n}" for n in range(1, WINDOW + 1)), "constant"],
                "value": [*weights, SCALE * intercept],
            }
        ),
    }
    write_tables(tables, args.output)
    logging.info("mean absolute error %(test_mae).2f, outside %(outside_mae).2f", facts)


if __name__ == "__main__":
    run(main)
