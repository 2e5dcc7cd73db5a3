"""Plots of the lesson on a sequence of numbers."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seq2report.report.plots import COLOURS, COLUMN, INK, NEUTRAL, log_errors

NETWORK, RULE = COLOURS[0], COLOURS[1]


def loss(history: pd.DataFrame, last_number: float) -> Figure:
    """Draw the mean absolute error of each epoch, and that of repeating the last number."""
    figure = Figure(figsize=(COLUMN, 3.2))
    axes = figure.subplots()
    axes.plot(history["epoch"], history["mae"], color=NETWORK, label="LSTM, training windows")
    axes.axhline(last_number, color=RULE, linestyle="--", label="last number")
    log_errors(axes, "mean absolute error\n(logarithmic)")
    return figure


def scatter_test(test: pd.DataFrame) -> Figure:
    figure = Figure(figsize=(COLUMN, 4.6))
    axes = figure.subplots()
    low, high = test["true"].min() - 5, test["true"].max() + 5
    _exact(axes, low, high)
    axes.scatter(test["true"], test["predicted"], s=26, color=NETWORK, label="LSTM, test windows")
    _label(axes)
    axes.set_aspect("equal")
    return figure


def scatter_outside(predictions: pd.DataFrame, largest_trained: int) -> Figure:
    """Draw predictions of LSTM and linear regression, inside and outside the training range."""
    figure = Figure(figsize=(COLUMN, 4.6))
    axes = figure.subplots()
    low, high = predictions["true"].min() - 5, predictions["true"].max() + 5
    axes.axvspan(largest_trained, high, color=NEUTRAL, alpha=0.18, linewidth=0)
    outside = "outside: larger than all\nnumbers of the training"
    axes.annotate(outside, (high - 1, low + 2), color=INK, ha="right", va="bottom")
    _exact(axes, low, high)
    # Filled: test windows; hollow: windows outside. They differ without the shade, too.
    styles = {"linear regression": (RULE, "D", 14), "LSTM": (NETWORK, "o", 24)}
    for method, (colour, marker, size) in styles.items():
        style = {"s": size, "marker": marker, "edgecolors": colour, "linewidths": 1.1}
        for part, name, fill in (("test", "test windows", colour), ("outside", "outside", "none")):
            rows = predictions[predictions["method"].eq(method) & predictions["part"].eq(part)]
            label = f"{method}, {name}"
            axes.scatter(rows["true"], rows["predicted"], label=label, facecolors=fill, **style)
    axes.set_xlim(low, high)
    _label(axes)
    return figure


def _exact(axes: Axes, low: float, high: float) -> None:
    axes.plot([low, high], [low, high], color=NEUTRAL, linewidth=1, label="predicted = true")


def _label(axes: Axes) -> None:
    axes.set(xlabel="true next number", ylabel="predicted next number")
    axes.grid(alpha=0.25)
