"""Plots of the page of a variant: each function returns a matplotlib figure."""

from collections.abc import Iterable, Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seq2report.core.excerpts import excerpt
from seq2report.report.comparison_plots import reliability_diagram
from seq2report.report.numbers import METRICS
from seq2report.report.plots import (
    COLOURS,
    COLUMN,
    ERRORS,
    NEUTRAL,
    SHARES,
    figures,
    log_times,
    look,
    name_cells,
    name_grid,
    panels,
)

BAND = 3  # with this many seeds or more, mean and band replace the lines
FEW_CLASSES = 6  # up to this many classes have large cells
MOST_CLASSES = 60  # of a matrix with names
PIXELS = 150  # of a side of a heat map
LONGEST = 40  # characters of a class


def learning_curves(history: pd.DataFrame, metric: str, number: int) -> list[Figure]:
    """Plot a metric and the log loss by epoch; kept epochs are dots.

    The training split is drawn too if its metric is in the history, as are accuracy and loss.

    With `BAND` seeds or more, lines are means and bands extend from the lowest to the highest;
    each epoch covers the seeds that reached it.
    """
    colour_of, drawn = look(number)["color"], panels(2, (COLUMN, 3))
    lines = (("training", "", NEUTRAL, "--"), ("validation", "val_", colour_of, "-"))
    for axes, measure in zip(drawn, (metric, "loss"), strict=True):
        for name, prefix, colour, dashes in lines:
            if prefix + measure not in history:
                continue
            runs = history.pivot(columns="seed", index="epoch", values=prefix + measure)
            _seeds(axes, runs, {"color": colour, "linestyle": dashes, "label": name})
        kept = history[history["kept"]]
        axes.plot(kept["epoch"], kept[f"val_{measure}"], "o", color=colour_of, label="kept")
        axes.set(xlabel="epoch")
        axes.set_title(METRICS.get(measure, "log loss"), loc="left")
        axes.grid(alpha=0.25)
        axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(integer=True))
    return figures(drawn, same_scale=False)


def _seeds(axes: Axes, runs: pd.DataFrame, style: dict) -> None:
    if runs.shape[1] < BAND:
        axes.plot(runs.index, runs, **style)
        return
    axes.plot(runs.index, runs.mean(axis=1), **style)
    low, high = runs.min(axis=1), runs.max(axis=1)
    about = {"color": style["color"], "label": style["label"]}
    axes.fill_between(runs.index, low, high, alpha=0.25, linewidth=0, **about)


def confusion_shares(confusion: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Return the share of the documents of a class (row) predicted as each class (column).

    Rows and columns have the order of ``classes``, which is that of the corpus on every page. The
    row of a class without test documents is zero.
    """
    counts = confusion.pivot(index="label", columns="predicted", values="documents")
    counts = counts.reindex(index=classes, columns=classes).fillna(0)
    return counts / np.maximum(counts.sum(axis=1), 1).to_numpy()[:, None]


def confusion_matrix(
    shares: pd.DataFrame, cells: Iterable[tuple[int, int, str, str]] = ()
) -> Figure:
    """Draw the matrix of `confusion_shares`, in percent, with `plots.name_cells`."""
    classes = list(shares.index)
    side = (0.6 if len(classes) <= FEW_CLASSES else 0.42) * len(classes)
    classes = [excerpt(name, LONGEST) for name in classes]
    names = 0.09 * max(map(len, classes))  # inches that the longest name takes
    figure = Figure(figsize=(side + names + 0.8, side + names + 0.8))
    axes = figure.subplots()
    axes.imshow(shares, cmap=SHARES, vmin=0, vmax=1)
    for (i, j), share in np.ndenumerate(shares):
        if percent := round(100 * share):
            axes.text(j, i, percent, ha="center", va="center")
    axes.set_xticks(range(len(classes)), classes, rotation=90)
    axes.set_yticks(range(len(classes)), classes)
    axes.set(xlabel="predicted class", ylabel="true class")
    name_cells(axes, cells)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return figure


def heat_map(confusion: pd.DataFrame, classes: Sequence[str]) -> Figure:
    """Draw the confusion matrix of many classes without their names: errors are orange.

    More than `PIXELS` classes are joined with their neighbours.
    """
    side = min(len(classes), PIXELS)
    place = {name: n * side // len(classes) for n, name in enumerate(classes)}
    counts = np.zeros((side, side))
    at = tuple(confusion[column].map(place) for column in ("label", "predicted"))
    np.add.at(counts, at, confusion["documents"])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    errors = np.where(np.eye(side, dtype=bool), 0, shares)
    figure = Figure(figsize=(COLUMN, COLUMN))
    axes = figure.subplots()
    style = {"interpolation": "none", "extent": (0.5, len(classes) + 0.5) * 2, "origin": "lower"}
    axes.imshow(shares - errors, cmap=SHARES, vmin=0, vmax=1, **style)
    axes.imshow(errors, cmap=ERRORS, vmin=0, vmax=max(errors.max(), 1e-9), **style)
    axes.invert_yaxis()
    axes.set(xlabel="predicted class, by its number", ylabel="true class, by its number")
    axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(integer=True))
    axes.yaxis.set_major_locator(mpl.ticker.MaxNLocator(integer=True))
    _name_shares(axes, [excerpt(name, LONGEST) for name in classes], shares, counts)
    return figure


def _name_shares(axes: Axes, classes: list[str], shares: np.ndarray, counts: np.ndarray) -> None:
    """Give each cell of a heat map the names of its classes, share and answers (of all seeds)."""
    side = len(shares)
    groups = [[] for _ in range(side)]
    for n, name in enumerate(classes):
        groups[n * side // len(classes)].append(name)
    names = [names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}" for names in groups]
    cells = [
        [f"{share:.0%} ({count:,.0f})" if count else "" for share, count in zip(*row, strict=True)]
        for row in zip(shares, counts, strict=True)
    ]
    rows, columns = ([f"{kind} {name}" for name in names] for kind in ("true", "predicted"))
    name_grid(axes, rows, columns, cells)


def candidates(table: pd.DataFrame, metric: str) -> Figure:
    """Plot the validation metric of candidates, numbered in the order of the rows, against time."""
    figure = Figure(figsize=(COLUMN, 3.2))
    axes = figure.subplots()
    time, score = table["fit_cpu_seconds"], table[f"val_{metric}"]
    spread = table[f"val_{metric}_sd"].fillna(0)
    axes.errorbar(time, score, yerr=spread, fmt="none", ecolor=NEUTRAL, linewidth=1)
    axes.scatter(time[1:], score[1:], color=COLOURS[0])
    axes.scatter(time[:1], score[:1], color=COLOURS[3], label="chosen")
    for n, point in enumerate(zip(time, score, strict=True), 1):
        axes.annotate(n, point, xytext=(4, 3), textcoords="offset points", fontsize=7.5)
    log_times(axes)
    axes.yaxis.set_major_formatter("{x:.1%}")
    axes.set_ylabel(f"validation {METRICS[metric]}")
    return figure


def reliability(calibration: pd.DataFrame, number: int) -> Figure:
    """Draw the reliability diagram of one variant: accuracy against confidence."""
    figure = Figure(figsize=(3.8, 3.6))
    axes = figure.subplots()
    reliability_diagram(axes, calibration, number)
    axes.set_xlabel("confidence: probability of the predicted class")
    axes.set_ylabel("accuracy: share of correct predictions")
    return figure
