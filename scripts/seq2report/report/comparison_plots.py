"""Plots of the pages that compare variants: each function returns a matplotlib figure."""

import textwrap

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from seq2report.core.excerpts import excerpt
from seq2report.report import legend
from seq2report.report.numbers import METRICS, signed
from seq2report.report.plots import (
    COLUMN,
    INK,
    NEUTRAL,
    Name,
    belongs,
    figures,
    ink_on,
    letters,
    log_times,
    look,
    name_cells,
    panels,
    styles,
)

VERDICTS = {  # background, sign, colour of the sign
    "better": ("#0072B2", "+", "white"),
    "not distinguishable": (f"{NEUTRAL}40", "≈", INK),
    "worse": ("#E69F00", "−", "#111111"),
}
LISTED = 20  # variants that a plot names, the best
LONGEST = 38  # characters of a title in a plot
PANEL = 1.9, 2.15  # inches; two panels stand beside each other on a phone
TICKS = (0, 0.5, 1)  # of a panel of shares
TITLE = 18  # characters of a line of the title of a panel


def score_against_time(variants: pd.DataFrame, is_drawn: pd.Series) -> tuple[Figure, list[Name]]:
    """Plot the metric with its interval against the CPU time of one training; return its names too.

    Each variant is a dot with its `plots.letters`; a dashed line joins the Pareto front. A variant
    that is not ``is_drawn`` (`outcome.above_chance`) is only named. Of many variants, those on the
    front and the best ones are named, and the others are small dots.
    """
    table = variants.assign(drawn=is_drawn).dropna(subset="fit_cpu_seconds").reset_index(drop=True)
    named = table[table["pareto"] | (table.index < LISTED)].head(2 * LISTED)
    drawn = table[table["drawn"]]
    figure = Figure(figsize=(3.7, 2.8))
    axes = figure.subplots()
    front = drawn[drawn["pareto"]].sort_values("fit_cpu_seconds")
    line = {"drawstyle": "steps-post", "color": NEUTRAL, "linestyle": "--", "linewidth": 1.2}
    axes.plot(front["fit_cpu_seconds"], front["score"], **line)
    for row in drawn[~drawn.index.isin(named.index)].itertuples():
        label = excerpt(row.title, LONGEST)
        axes.plot(row.fit_cpu_seconds, row.score, ".", color=NEUTRAL, markersize=7, label=label)
    for _, row in drawn[drawn.index.isin(named.index)].iloc[::-1].iterrows():
        _lettered_dot(axes, row)
    log_times(axes)
    axes.yaxis.set_major_formatter(mpl.ticker.PercentFormatter(1))
    axes.set_ylabel(f"{METRICS[table['metric'].iloc[0]]} on the test documents")
    names = []
    for place, row in named.iterrows():
        left_out = "" if place in drawn.index else f" ({row['score']:.1%}, not drawn)"
        title = excerpt(row["title"], 2 * LONGEST) + left_out
        is_strong = row["pareto"] and place in drawn.index
        names.append(Name(title, row["number"], is_strong=is_strong))
    if len(named) < len(table):
        names.append(Name(f"{len(table) - len(named)} others: grey dots"))
    return figure, names


def _lettered_dot(axes: Axes, row: pd.Series) -> None:
    """Draw one variant with its interval, in its colour."""
    place, colour = (row["fit_cpu_seconds"], row["score"]), look(row["number"])["color"]
    away = np.maximum([[row["score"] - row["low"]], [row["high"] - row["score"]]], 0)
    style = {"fmt": "o", "color": colour, "markersize": 13, "elinewidth": 1}
    bars = axes.errorbar(*place, yerr=away, label=excerpt(row["title"], LONGEST), **style)
    style = {"ha": "center", "va": "center_baseline", "fontsize": 8, "fontweight": "bold"}
    style |= {"zorder": bars[0].get_zorder()}  # above its own dot, and below those drawn later
    sign = axes.annotate(letters(row["number"]), place, color=ink_on(colour), **style)
    belongs(row["number"], sign, *bars.get_children())


def pairs(comparisons: pd.DataFrame, variants: pd.DataFrame) -> tuple[Figure, list[Name]]:
    """Draw the matrix of paired tests: is the variant of the row better than that of the column?

    Returns the names of the rows, too.
    """
    titles, count = list(variants["title"]), len(variants)
    signs = [letters(number) for number in variants["number"]]
    place = {title: n for n, title in enumerate(titles)}
    rows, columns = (comparisons[f"title_{side}"].map(place) for side in "ab")
    grid = np.full((count, count), np.nan)  # the diagonal stays empty
    grid[rows, columns] = comparisons["verdict"].map({name: n for n, name in enumerate(VERDICTS)})
    side = 0.27 * count + 0.4
    figure = Figure(figsize=(side, side))
    axes = figure.subplots()
    colours = mpl.colors.ListedColormap([colour for colour, _, _ in VERDICTS.values()])
    axes.imshow(grid, cmap=colours, vmin=0, vmax=len(VERDICTS) - 1)
    for verdict, y, x in zip(comparisons["verdict"], rows, columns, strict=True):
        _, sign, ink = VERDICTS[verdict]
        axes.text(x, y, sign, ha="center", va="center", color=ink)
    texts = map(_difference, comparisons.itertuples())
    name_cells(axes, ((y, x, text, "#") for y, x, text in zip(rows, columns, texts, strict=True)))
    axes.set_yticks(range(count), signs)
    axes.set_xticks(range(count), signs)
    axes.set_xticks(np.arange(count - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(count - 1) + 0.5, minor=True)
    axes.grid(which="minor", color=NEUTRAL, linewidth=0.4)
    axes.tick_params(which="both", length=0)
    axes.tick_params(labeltop=True, labelbottom=False)
    axes.spines[:].set_visible(False)
    return figure, _names(variants)


def _difference(pair: tuple) -> str:
    """Return a paired test in words, with the difference and its interval in percentage points."""
    ends = (pair.difference, pair.low, pair.high)
    difference, low, high = (signed(100 * value) for value in ends)
    first, second = (excerpt(title, LONGEST) for title in (pair.title_a, pair.title_b))
    link = "from" if pair.verdict == "not distinguishable" else "than"
    return f"{first}: {pair.verdict} {link} {second}, {difference} points ({low} to {high})"


def score_by_length(sweeps: pd.DataFrame, metric: str) -> Figure:
    """Plot a metric with its interval against words read, one line per value of ``sweep``."""
    figure = Figure(figsize=(COLUMN, 3.4))
    axes = figure.subplots()
    for title, style in styles(list(dict.fromkeys(sweeps["sweep"]))).items():
        rows = sweeps[sweeps["sweep"] == title].sort_values("words")
        away = np.maximum([rows["score"] - rows["low"], rows["high"] - rows["score"]], 0)
        axes.errorbar(rows["words"], rows["score"], yerr=away, capsize=3, label=title, **style)
    axes.set_xticks(sorted(set(sweeps["words"])))
    axes.set(xlabel="words read per document", ylabel=f"{metric} on the test documents")
    axes.grid(alpha=0.25)
    return figure


def learning_curves(
    history: pd.DataFrame, variants: pd.DataFrame, metric: str
) -> tuple[list[Figure], list[Name]]:
    """Plot a metric by epoch on the validation split, one panel per variant.

    The training split is drawn too if its metric is in the history, as is accuracy. Returns the
    names of the panels and of the lines, too.
    """
    validation = f"val_{metric}"
    drawn = panels(len(variants), PANEL)
    for panel, row in zip(drawn, variants.itertuples(), strict=True):
        colour = look(row.number)["color"]
        for _, run in history[history["title"] == row.title].groupby("seed"):
            if metric in run:
                panel.plot(run["epoch"], run[metric], color=NEUTRAL, label="training")
            panel.plot(run["epoch"], run[validation], color=colour, label="validation")
            kept = run[run["kept"]]
            style = {"color": colour, "markersize": 5, "label": "kept"}
            panel.plot(kept["epoch"], kept[validation], "o", **style)
        _about_panel(panel, row)
        panel.xaxis.set_major_locator(mpl.ticker.MaxNLocator(integer=True, nbins=6))
        panel.set(xlabel="epoch", ylabel=METRICS[metric])
    samples = {"training": Line2D([], [], color=NEUTRAL)} if metric in history else {}
    samples["validation"] = Line2D([], [], color=INK)
    samples["epoch that is kept"] = Line2D([], [], color=INK, marker="o", linestyle="")
    return figures(drawn), [*_names(variants), *_notes(samples)]


def _about_panel(panel: Axes, row: tuple) -> None:
    """Set the title of the panel of a variant, and let a reader choose it by its name."""
    title = f"{letters(row.number)}  {excerpt(row.title, LONGEST)}"
    panel.set_title(textwrap.fill(title, TITLE), fontsize=9.5)
    panel.grid(alpha=0.25)
    belongs(row.number, panel.get_figure())


def _names(variants: pd.DataFrame) -> list[Name]:
    return [Name(excerpt(row.title, 2 * LONGEST), row.number) for row in variants.itertuples()]


def _notes(samples: dict[str, Artist]) -> list[Name]:
    return [Name(title, sample=legend.sample(artist)) for title, artist in samples.items()]


def reliability_curves(
    calibration: pd.DataFrame, variants: pd.DataFrame
) -> tuple[list[Figure], list[Name]]:
    """Draw reliability diagrams, one panel per variant; return the names of the variants too."""
    drawn = panels(len(variants), PANEL)
    for panel, row in zip(drawn, variants.itertuples(), strict=True):
        reliability_diagram(panel, calibration[calibration["title"] == row.title], row.number)
        _about_panel(panel, row)
        panel.set(xlabel="confidence", ylabel="accuracy", xticks=TICKS, yticks=TICKS)
    return figures(drawn, same_scale=False), _names(variants)


def reliability_diagram(axes: Axes, bins: pd.DataFrame, number: int) -> None:
    """Draw the reliability diagram of one variant, with the interval of each bin."""
    colour = look(number)["color"]
    away = [bins["accuracy"] - bins["low"], bins["high"] - bins["accuracy"]]
    axes.plot([0, 1], [0, 1], color=NEUTRAL, linestyle="--", linewidth=1)
    axes.plot(bins["confidence"], bins["accuracy"], color=colour, linewidth=1)
    bars = {"yerr": np.maximum(away, 0), "fmt": "none", "elinewidth": 1, "capsize": 2}
    axes.errorbar(bins["confidence"], bins["accuracy"], color=colour, alpha=0.7, **bars)
    area = 4 + 120 * bins["documents"] / bins["documents"].sum()
    axes.scatter(bins["confidence"], bins["accuracy"], s=area, color=colour, alpha=0.8)
    axes.grid(alpha=0.25)
    axes.set(xlim=(0, 1.03), ylim=(0, 1.03), aspect="equal")


def selective_accuracy(
    selective: pd.DataFrame, variants: pd.DataFrame
) -> tuple[Figure, list[Name]]:
    """Plot accuracy against coverage, one line per variant; return the names of the lines too."""
    figure = Figure(figsize=(COLUMN, 4.0))
    axes = figure.subplots()
    for row in variants.itertuples():
        rows = selective[selective["title"] == row.title]
        label = f"{letters(row.number)}  {excerpt(row.title, LONGEST)}"
        style = look(row.number)
        lines = axes.plot(rows["coverage"], rows["accuracy"], markersize=4, label=label, **style)
        belongs(row.number, *lines)
    axes.xaxis.set_major_formatter(mpl.ticker.PercentFormatter(1))
    axes.yaxis.set_major_formatter(mpl.ticker.PercentFormatter(1))
    axes.set_xlabel("coverage, the most confident documents first")
    axes.set_ylabel("accuracy on the answered documents")
    axes.grid(alpha=0.25)
    return figure, [Name(row.title, row.number, has_line=True) for row in variants.itertuples()]
