"""Plots of the lesson on CBOW: six words in the plane, and results of many random starts."""

import math
import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seq2report.report.plots import COLOURS, COLUMN, NEUTRAL, figures, panels, styles


def words_in_plane(points: pd.DataFrame, by: str) -> list[Figure]:
    """Draw words (columns word, x, y, sentence), one panel per value of the column ``by``."""
    names = list(dict.fromkeys(points[by]))
    drawn = panels(len(names), (3.5, 3.5))
    for panel, name in zip(drawn, names, strict=True):
        _place(panel, points[points[by] == name])
        panel.set_title(textwrap.fill(name, 38))
    return figures(drawn, same_scale=False)


def _place(axes: Axes, points: pd.DataFrame) -> None:
    reach = 1.35 * np.abs(points[["x", "y"]].to_numpy()).max()
    axes.axhline(0, color=NEUTRAL, linewidth=0.7)
    axes.axvline(0, color=NEUTRAL, linewidth=0.7)
    for sentence, style in styles(list(dict.fromkeys(points["sentence"]))).items():
        rows = points[points["sentence"] == sentence].sort_values("y", ascending=False)
        about = {"c": style["color"], "marker": style["marker"], "label": sentence}
        axes.scatter(rows["x"], rows["y"], s=40, **about)
        # From top to bottom, so that labels of words at the same point are below each other.
        taken: list[tuple[float, float]] = []
        for word, x, y in rows[["word", "x", "y"]].itertuples(index=False):
            near = sum(math.hypot(x - a, y - b) < 0.16 * reach for a, b in taken)
            taken.append((x, y))
            offset = {"xytext": (9 if near else 6, 4 - 11 * near), "textcoords": "offset points"}
            axes.annotate(word, (x, y), **offset)
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    axes.tick_params(labelsize=8)
    axes.set_xlabel("hidden unit 1", fontsize=8.5)
    axes.set_ylabel("hidden unit 2", fontsize=8.5)


def loss(history: pd.DataFrame, lowest: float) -> Figure:
    """Draw the loss of each epoch (columns epoch, loss) and the smallest possible loss."""
    figure = Figure(figsize=(COLUMN, 2.8))
    axes = figure.subplots()
    axes.plot(history["epoch"], history["loss"], color=COLOURS[0], label="loss")
    axes.axhline(lowest, color=COLOURS[3], linestyle="--", label="smallest possible")
    axes.set(ylim=(0, None), xlabel="epoch", ylabel="cross-entropy")
    axes.grid(alpha=0.25)
    return figure


def separation(shares: pd.DataFrame) -> list[Figure]:
    """Draw shares of the random starts by epoch; columns setting, epoch, line, nearest."""
    drawn = panels(2, (COLUMN, 3.4))
    titles = {"line": "separated by a line", "nearest": "nearest word is in the sentence"}
    for panel, (measure, title) in zip(drawn, titles.items(), strict=True):
        for setting, style in styles(list(dict.fromkeys(shares["setting"]))).items():
            rows = shares[shares["setting"] == setting]
            style |= {"markersize": 4, "markevery": 5}
            panel.plot(rows["epoch"], 100 * rows[measure], label=setting, **style)
        panel.set(title=title, xlabel="epoch", ylim=(-3, 103))
        panel.set_ylabel("% of the random starts")
        panel.grid(alpha=0.25)
    return figures(drawn)


def bands(table: pd.DataFrame) -> list[Figure]:
    """Draw vectors by frequency of the word; columns method, occurrences, length, same_class."""
    left, right = drawn = panels(2, (COLUMN, 3.2))
    order = list(dict.fromkeys(table["occurrences"]))
    for method, style in styles(list(dict.fromkeys(table["method"]))).items():
        rows = table[table["method"] == method].set_index("occurrences").loc[order]
        left.plot(range(len(order)), rows["length"], label=method, **style)
        right.plot(range(len(order)), 100 * rows["same_class"], label=method, **style)
    left.set(title="mean length of the vectors", ylim=(0, None))
    right.set(title="% whose nearest word has the same class", ylim=(0, 100))
    for panel in (left, right):
        panel.set_xticks(range(len(order)), order)
        panel.set_xlabel("occurrences of the word")
        panel.grid(alpha=0.25)
    return figures(drawn, same_scale=False)
