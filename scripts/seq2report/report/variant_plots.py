"""Pictures of a variant's page: each function takes tidy tables and returns a matplotlib figure."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from seq2report.report.plots import COLOURS, INK, NEUTRAL, SHARES

BAND = 3  # seeds from which on a band stands for their lines
FEW_CLASSES = 6  # that have large cells


def learning_curves(history: pd.DataFrame) -> Figure:
    """Draw accuracy and loss of each epoch, training and validation.

    From `BAND` seeds on, a line is their mean and the band goes from the lowest to the highest;
    each epoch is drawn from the seeds that came so far. The kept epochs are points.

    Args:
        history: columns seed, epoch, accuracy, val_accuracy, loss, val_loss and kept.
    """
    figure = Figure(figsize=(9, 3.2))
    lines = (("training", "", NEUTRAL, "--"), ("validation", "val_", COLOURS[0], "-"))
    for axes, measure in zip(figure.subplots(1, 2), ("accuracy", "loss"), strict=True):
        for name, prefix, colour, dashes in lines:
            style = {"color": colour, "linestyle": dashes}
            _seeds(
                axes, history.pivot(columns="seed", index="epoch", values=prefix + measure), style
            )
            axes.plot([], [], label=name, **style)
        kept = history[history["kept"]]
        axes.plot(kept["epoch"], kept[f"val_{measure}"], "o", color=COLOURS[3], label="kept")
        axes.set_xlabel("epoch")
        axes.set_ylabel(measure)
        axes.grid(alpha=0.25)
        axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(integer=True))
    axes.legend()
    return figure


def _seeds(axes: Axes, runs: pd.DataFrame, style: dict) -> None:
    """Draw a column of ``runs`` for each seed, by epoch; or what they have in common."""
    if runs.shape[1] < BAND:
        axes.plot(runs.index, runs, **style)
        return
    axes.plot(runs.index, runs.mean(axis=1), **style)
    low, high = runs.min(axis=1), runs.max(axis=1)
    axes.fill_between(runs.index, low, high, color=style["color"], alpha=0.25, linewidth=0)


def class_order(shares: np.ndarray) -> np.ndarray:
    """Return an order of the classes in which those that are confused stand side by side.

    Hierarchical clustering by average linkage; two classes are the nearer, the more of the
    documents of either are given the other. The leaves are ordered so that neighbours are as near
    as the tree allows (Bar-Joseph, Gifford and Jaakkola 2001, "Fast optimal leaf ordering for
    hierarchical clustering").

    Args:
        shares: of the documents of a class (row), those that were given each class, (n, n).

    Returns:
        Class numbers, (n,), each once.
    """
    if len(shares) < 3:
        return np.arange(len(shares))
    distance = 1 - (shares + shares.T) / 2
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform(distance, checks=False), "average", optimal_ordering=True)
    return leaves_list(tree)


def confusion_shares(confusion: pd.DataFrame) -> pd.DataFrame:
    """Return which share of the documents of a class (row) was given each class (column).

    Both are in `class_order`. A class without test documents has zeros.

    Args:
        confusion: of one variant, columns label, predicted and documents, every pair once.
    """
    counts = confusion.pivot(index="label", columns="predicted", values="documents")
    counts = counts[counts.index]
    shares = counts / np.maximum(counts.sum(axis=1), 1).to_numpy()[:, None]
    order = class_order(shares.to_numpy())
    return shares.iloc[order, order]


def confusion_matrix(shares: pd.DataFrame) -> Figure:
    """Draw the table of `confusion_shares`, in percent."""
    classes = list(shares.index)
    side = (0.6 if len(classes) <= FEW_CLASSES else 0.42) * len(classes)
    names = 0.09 * max(map(len, classes))  # inches that the longest name takes
    figure = Figure(figsize=(side + names + 0.8, side + names + 0.8))
    axes = figure.subplots()
    axes.imshow(shares, cmap=SHARES, vmin=0, vmax=1)
    for (i, j), share in np.ndenumerate(shares):
        if percent := round(100 * share):
            shade = "white" if share > 0.55 else INK
            axes.text(j, i, percent, ha="center", va="center", color=shade)
    axes.set_xticks(range(len(classes)), classes, rotation=90)
    axes.set_yticks(range(len(classes)), classes)
    axes.set_xlabel("class that the model gives")
    axes.set_ylabel("true class")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return figure


def reliability(calibration: pd.DataFrame) -> Figure:
    """Draw how right a variant is where it is how sure.

    Args:
        calibration: of one variant, columns confidence, accuracy and documents, a row a bin.
    """
    figure = Figure(figsize=(3.8, 3.6))
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=NEUTRAL, linestyle="--", linewidth=1)
    axes.plot(calibration["confidence"], calibration["accuracy"], color=COLOURS[0], linewidth=1)
    area = 6 + 200 * calibration["documents"] / calibration["documents"].sum()
    axes.scatter(
        calibration["confidence"], calibration["accuracy"], s=area, color=COLOURS[0], alpha=0.8
    )
    axes.set_xlabel("how sure: the probability of the answer")
    axes.set_ylabel("how right: share of right answers")
    axes.set_aspect("equal")
    axes.grid(alpha=0.25)
    return figure
