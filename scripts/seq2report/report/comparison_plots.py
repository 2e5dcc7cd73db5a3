"""Plots of the pages that compare variants: each function returns a matplotlib figure."""

import math
import textwrap

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seq2report.report.numbers import METRICS
from seq2report.report.plots import COLOURS, INK, NEUTRAL, styles

VERDICTS = {  # background, sign, colour of the sign
    "better": ("#0072B2", "+", "white"),
    "not distinguishable": ("#9AA3AD40", "≈", INK),
    "worse": ("#E69F00", "−", "#111111"),
}
FEW_PANELS = 9  # up to this many panels are drawn large


def score_against_time(variants: pd.DataFrame) -> Figure:
    """Plot the metric with its interval against the CPU time of one training.

    Each variant is a numbered dot; a dashed line joins the Pareto front. A variant whose score
    is less than half of the best one is only listed, because it would compress the scale.
    """
    table = variants.reset_index(drop=True)
    drawn = table[table["score"] > table["score"].max() / 2]
    figure = Figure(figsize=(10, max(4.6, 0.24 * len(table) + 0.4)))
    axes, names = figure.subplots(1, 2, width_ratios=(2.1, 1))
    front = drawn[drawn["pareto"]].sort_values("fit_cpu_seconds")
    line = {"drawstyle": "steps-post", "color": COLOURS[0], "linestyle": "--", "linewidth": 1}
    axes.plot(front["fit_cpu_seconds"], front["score"], **line)
    for n, row in drawn.iterrows():
        _numbered_dot(axes, n + 1, row)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("")
    axes.xaxis.set_major_locator(mpl.ticker.LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_minor_locator(mpl.ticker.NullLocator())
    axes.yaxis.set_major_formatter(mpl.ticker.PercentFormatter(1))
    axes.set_xlabel("CPU seconds of one training (logarithmic)")
    axes.set_ylabel(f"{METRICS[table['metric'].iloc[0]]} on the test documents")
    axes.grid(alpha=0.25)
    names.set_axis_off()
    for n, row in table.iterrows():
        weight = "bold" if row["pareto"] else "normal"
        left_out = "" if n in drawn.index else f" ({row['score']:.1%}, not drawn)"
        text, y = f"{n + 1}  {row['title']}{left_out}", 1 - (n + 0.5) / len(table)
        names.annotate(text, (0, y), xycoords="axes fraction", va="center", fontweight=weight)
    return figure


def _numbered_dot(axes: Axes, number: int, row: pd.Series) -> None:
    """Draw one variant with its interval; members of the Pareto front are blue."""
    point = (row["fit_cpu_seconds"], row["score"])
    away = np.maximum([[row["score"] - row["low"]], [row["high"] - row["score"]]], 0)
    colour = COLOURS[0] if row["pareto"] else "#6B7480"
    axes.errorbar(*point, yerr=away, fmt="o", color=colour, markersize=14, elinewidth=1.2)
    style = {"ha": "center", "va": "center_baseline", "fontsize": 8, "fontweight": "bold"}
    axes.annotate(number, point, color="white", **style)


def pairs(comparisons: pd.DataFrame, titles: list[str]) -> Figure:
    """Draw the matrix of paired tests: is the variant of the row better than that of the column?"""
    count = len(titles)
    place = {title: n for n, title in enumerate(titles)}
    rows, columns = (comparisons[f"title_{side}"].map(place) for side in "ab")
    grid = np.full((count, count), np.nan)  # the diagonal stays empty
    grid[rows, columns] = comparisons["verdict"].map({name: n for n, name in enumerate(VERDICTS)})
    names = 0.09 * max(map(len, titles)) + 0.7  # inches that the longest title takes
    figure = Figure(figsize=(max(0.3 * count + names, 5.5), 0.3 * count + 1))
    axes = figure.subplots()
    colours = mpl.colors.ListedColormap([colour for colour, _, _ in VERDICTS.values()])
    axes.imshow(grid, cmap=colours, vmin=0, vmax=len(VERDICTS) - 1)
    for verdict, y, x in zip(comparisons["verdict"], rows, columns, strict=True):
        _, sign, ink = VERDICTS[verdict]
        axes.text(x, y, sign, ha="center", va="center", color=ink)
    for verdict, (colour, sign, _) in VERDICTS.items():
        axes.scatter([], [], marker="s", s=90, color=colour, label=f"{sign}  {verdict}")
    axes.set_yticks(range(count), [f"{title}  {n}" for n, title in enumerate(titles, 1)])
    axes.set_xticks(range(count), range(1, count + 1))
    axes.set_xticks(np.arange(count - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(count - 1) + 0.5, minor=True)
    axes.grid(which="minor", color=NEUTRAL, linewidth=0.4)
    axes.tick_params(which="both", length=0)
    axes.tick_params(labeltop=True, labelbottom=False)
    axes.spines[:].set_visible(False)
    axes.set_anchor("E")  # a browser may need more room for the names than matplotlib thinks
    figure.legend(loc="outside lower center", ncols=len(VERDICTS))
    return figure


def score_by_length(sweeps: pd.DataFrame, metric: str) -> Figure:
    """Plot a metric with its interval against words read, one line per value of ``sweep``."""
    figure = Figure(figsize=(8, 3.4))
    axes = figure.subplots()
    for title, style in styles(list(dict.fromkeys(sweeps["sweep"]))).items():
        rows = sweeps[sweeps["sweep"] == title].sort_values("words")
        away = np.maximum([rows["score"] - rows["low"], rows["high"] - rows["score"]], 0)
        axes.errorbar(rows["words"], rows["score"], yerr=away, capsize=3, label=title, **style)
    axes.set_xticks(sorted(set(sweeps["words"])))
    axes.set(xlabel="words read per document", ylabel=f"{metric} on the test documents")
    axes.grid(alpha=0.25)
    axes.legend()
    return figure


def learning_curves(history: pd.DataFrame, metric: str) -> Figure:
    """Plot a metric by epoch on the validation split, one panel per variant.

    The training split is drawn too if its metric is in the history, as is accuracy.
    """
    validation = f"val_{metric}"
    titles = list(dict.fromkeys(history["title"]))
    columns = min(3 if len(titles) <= FEW_PANELS else 5, len(titles))
    rows = math.ceil(len(titles) / columns)
    width, height = (3.6, 2.5) if len(titles) <= FEW_PANELS else (2.3, 2.0)
    figure = Figure(figsize=(width * columns, height * rows))
    panels = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    for panel, title in zip(panels, titles, strict=False):
        for seed, run in history[history["title"] == title].groupby("seed"):
            names = ("training", "validation") if seed == history["seed"].min() else (None, None)
            if metric in run:
                panel.plot(run["epoch"], run[metric], color=NEUTRAL, label=names[0])
            panel.plot(run["epoch"], run[validation], color=COLOURS[0], label=names[1])
            kept = run[run["kept"]]
            panel.plot(kept["epoch"], kept[validation], "o", color=COLOURS[3], markersize=5)
        panel.set_title(textwrap.fill(title, round(9 * width)))
        panel.grid(alpha=0.25)
        panel.xaxis.set_major_locator(mpl.ticker.MaxNLocator(integer=True, nbins=6))
        panel.set_xlabel("epoch")
    for panel in panels[::columns]:
        panel.set_ylabel(METRICS[metric])
    panels[0].legend(loc="lower right")
    for panel in panels[len(titles) :]:
        panel.set_visible(False)
    return figure


def reliability_curves(calibration: pd.DataFrame, titles: list[str]) -> Figure:
    """Draw reliability diagrams: accuracy against confidence, one panel per variant."""
    columns = min(4, len(titles))
    rows = math.ceil(len(titles) / columns)
    figure = Figure(figsize=(2.6 * columns, 2.7 * rows))
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
    for panel, title in zip(panels, titles, strict=False):
        bins = calibration[calibration["title"] == title]
        panel.plot([0, 1], [0, 1], color=NEUTRAL, linestyle="--", linewidth=1)
        panel.plot(bins["confidence"], bins["accuracy"], color=COLOURS[0], linewidth=1)
        area = 4 + 120 * bins["documents"] / bins["documents"].sum()
        panel.scatter(bins["confidence"], bins["accuracy"], s=area, color=COLOURS[0], alpha=0.8)
        panel.set_title(textwrap.fill(title, 26), fontsize=9)
        panel.grid(alpha=0.25)
        panel.set_aspect("equal")
    for n, panel in enumerate(panels):
        panel.set_visible(n < len(titles))
        panel.tick_params(labelbottom=n + columns >= len(titles))  # no panel below it
    figure.supxlabel("confidence: probability of the predicted class", fontsize=9.5)
    figure.supylabel("accuracy: share of correct predictions", fontsize=9.5)
    return figure


def selective_accuracy(selective: pd.DataFrame, titles: list[str]) -> Figure:
    """Plot accuracy against coverage, one line per variant."""
    figure = Figure(figsize=(10, 4.0))
    axes = figure.subplots()
    for title, style in styles(titles).items():
        rows = selective[selective["title"] == title]
        axes.plot(rows["coverage"], rows["accuracy"], markersize=4, label=title, **style)
    axes.xaxis.set_major_formatter(mpl.ticker.PercentFormatter(1))
    axes.set_xlabel("coverage: share of the documents answered, most confident first")
    axes.set_ylabel("accuracy on the answered documents")
    axes.grid(alpha=0.25)
    figure.legend(loc="outside right upper")
    return figure
