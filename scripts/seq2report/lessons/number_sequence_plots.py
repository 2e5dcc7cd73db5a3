"""Plots of the lesson on a sequence of numbers."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from seq2report.report.plots import COLOURS, INK, NEUTRAL

NETWORK, RULE = COLOURS[0], COLOURS[1]


def loss(history: pd.DataFrame, last_number: float) -> Figure:
    """Draw the mean absolute error of each epoch, and that of repeating the last number."""
    figure = Figure(figsize=(8, 3.2))
    axes = figure.subplots()
    axes.plot(history["epoch"], history["mae"], color=NETWORK, label="LSTM, training windows")
    axes.axhline(last_number, color=RULE, linestyle="--", label="last number")
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("")
    axes.set_xlabel("epoch")
    axes.set_ylabel("mean absolute error\n(logarithmic)")
    axes.grid(alpha=0.25)
    axes.legend(loc="upper right")
    return figure


def scatter_test(test: pd.DataFrame) -> Figure:
    """Draw the network's predictions against the true numbers of the test windows."""
    figure = Figure(figsize=(5.2, 4.6))
    axes = figure.subplots()
    low, high = test["true"].min() - 5, test["true"].max() + 5
    _exact(axes, low, high)
    axes.scatter(test["true"], test["predicted"], s=26, color=NETWORK, label="LSTM, test windows")
    _label(axes)
    axes.set_aspect("equal")
    axes.legend(loc="upper left")
    return figure


def scatter_outside(predictions: pd.DataFrame, largest_trained: int) -> Figure:
    """Draw predicted against true numbers, inside and outside the training range.

    Args:
        predictions: the parts test and outside, the methods LSTM and linear regression.
        largest_trained: largest number in the training data.
    """
    figure = Figure(figsize=(8, 4.8))
    axes = figure.subplots()
    low, high = predictions["true"].min() - 5, predictions["true"].max() + 5
    axes.axvspan(largest_trained, high, color=NEUTRAL, alpha=0.18, linewidth=0)
    axes.annotate(
        "outside: larger than all\nnumbers of the training",
        (high - 1, low + 2),
        color=INK,
        ha="right",
        va="bottom",
    )
    _exact(axes, low, high)
    # Filled: test windows; hollow: windows outside. They differ without the shade, too.
    for method, colour, marker, size in (
        ("linear regression", RULE, "D", 14),
        ("LSTM", NETWORK, "o", 24),
    ):
        for part, fill in (("test", colour), ("outside", "none")):
            rows = (predictions["method"] == method) & (predictions["part"] == part)
            axes.scatter(
                predictions.loc[rows, "true"],
                predictions.loc[rows, "predicted"],
                s=size,
                marker=marker,
                edgecolors=colour,
                facecolors=fill,
                linewidths=1.1,
                label=f"{method}, {'test windows' if part == 'test' else 'outside'}",
            )
    axes.set_xlim(low, high)
    _label(axes)
    axes.legend(loc="upper left")
    return figure


def _exact(axes: Axes, low: float, high: float) -> None:
    axes.plot([low, high], [low, high], color=NEUTRAL, linewidth=1, label="predicted = true")


def _label(axes: Axes) -> None:
    axes.set_xlabel("true next number")
    axes.set_ylabel("predicted next number")
    axes.grid(alpha=0.25)
