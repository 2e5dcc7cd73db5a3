"""Plots of the lesson on one and two features."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from seq2report.report.plots import COLOURS, COLUMN, INK, NEUTRAL, log_errors

TRUE, SUN = INK, COLOURS[1]
ONE, TWO = COLOURS[3], COLOURS[0]  # networks with one feature and with two
MARKERS = {ONE: "s", TWO: "o"}


def weather(series: pd.DataFrame) -> Figure:
    figure = Figure(figsize=(COLUMN, 4))
    upper, lower = figure.subplots(2, 1, sharex=True)
    day = series["hour"] / 24 + 1
    upper.plot(day, series["temperature"], color=TRUE)
    upper.set_ylabel("temperature, °C")
    lower.fill_between(day, series["irradiance"], color=SUN, alpha=0.35, linewidth=0)
    lower.plot(day, series["irradiance"], color=SUN)
    lower.set_ylabel("irradiance, W/m²")
    _days(lower)
    upper.grid(alpha=0.25)
    return figure


def week(predictions: pd.DataFrame, inputs: tuple[str, str]) -> Figure:
    """Draw the true temperature with the predictions of the LSTM, and their errors.

    Here and below, ``inputs`` are the names of one feature and of two.
    """
    figure = Figure(figsize=(COLUMN, 5))
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    truth = predictions[predictions["inputs"] == inputs[0]]
    upper.plot(truth["hour"] / 24 + 1, truth["temperature"], color=TRUE, linewidth=1, label="true")
    for name, colour in zip(inputs, (ONE, TWO), strict=True):
        rows = predictions[predictions["inputs"] == name]
        day, error = rows["hour"] / 24 + 1, rows["predicted"] - rows["temperature"]
        style = {"color": colour, "marker": MARKERS[colour], "markersize": 3, "linestyle": "none"}
        style["label"] = f"LSTM: {name}"
        upper.plot(day, rows["predicted"], **style)
        lower.plot(day, error, **style)
    lower.axhline(0, color=NEUTRAL, linewidth=1)
    upper.set_ylabel("temperature, °C")
    lower.set_ylabel("predicted − true, °C")
    upper.grid(alpha=0.25)
    _days(lower)
    return figure


def errors(scores: pd.DataFrame, floor: float, inputs: tuple[str, str]) -> Figure:
    """Draw the mean absolute error of every method, one point per run, and that of the noise."""
    groups = scores.groupby(["method", "inputs"], sort=False)["mae"]
    order = groups.mean().sort_values(ascending=False)
    figure = Figure(figsize=(5.5, 0.5 * len(order) + 1.2))
    axes = figure.subplots()
    for y, (method, name) in enumerate(order.index):
        colour = ONE if name == inputs[0] else TWO
        style = {"color": colour, "marker": MARKERS[colour], "markersize": 7, "fillstyle": "none"}
        mae = groups.get_group((method, name))
        axes.plot(mae, [y] * len(mae), linestyle="none", **style)
    axes.axvline(floor, color=NEUTRAL, linestyle="--")
    place = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
    axes.annotate("noise alone", (floor, 0), xytext=(5, 3), color=INK, **place)
    axes.set_yticks(range(len(order)), [f"{method}: {name}" for method, name in order.index])
    axes.set(ylim=(len(order) - 0.5, -0.5), xlim=(0, None))
    axes.set_xlabel("mean absolute error\non the test hours, °C")
    axes.grid(axis="x", alpha=0.25)
    return figure


def training(history: pd.DataFrame, inputs: tuple[str, str]) -> Figure:
    figure = Figure(figsize=(COLUMN, 3.2))
    axes = figure.subplots()
    for name, colour in zip(inputs, (ONE, TWO), strict=True):
        style = {"color": colour, "marker": MARKERS[colour], "markersize": 3, "linewidth": 1}
        for _, curve in history[history["inputs"] == name].groupby("run"):
            axes.plot(curve["epoch"], curve["loss"], **style, label=f"LSTM: {name}")
    axes.xaxis.get_major_locator().set_params(integer=True)
    log_errors(axes, "mean squared error\n(standardised, logarithmic)")
    return figure


def _days(axes: Axes) -> None:
    axes.set_xlabel("day of the series")
    axes.xaxis.set_major_locator(MultipleLocator(1))
    axes.grid(alpha=0.25)
    axes.margins(x=0.01)
