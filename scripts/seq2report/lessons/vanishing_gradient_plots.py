"""Plots of the lesson on vanishing gradients, from its tidy tables."""

import math

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from seq2report.report.numbers import power_of_ten
from seq2report.report.plots import COLUMN, NEUTRAL, figures, panels, styles

STAGES = {"before": "before training", "after": "after training"}
STARTS = {"as Keras starts it": "-", "gate opened": "--"}


def gradients(table: pd.DataFrame) -> list[Figure]:
    drawn = panels(2, (COLUMN, 4))
    for panel, (stage, title) in zip(drawn, STAGES.items(), strict=True):
        for cell, style in styles(list(table["cell"].unique())).items():
            line = table[(table["stage"] == stage) & (table["cell"] == cell)]
            colour = style["color"]
            panel.plot(line["steps_back"], line["median"], color=colour, label=cell)
            band = line["steps_back"], line["lower"], line["upper"]
            panel.fill_between(*band, color=colour, alpha=0.2, lw=0, label=cell)
        panel.set_yscale("log")
        # Matplotlib's own labels need formulas, which are off so that no word is parsed as one.
        panel.yaxis.set_major_formatter(lambda y, _: power_of_ten(round(math.log10(y))))
        panel.yaxis.set_minor_locator(mpl.ticker.NullLocator())
        panel.set(title=title, xlabel="k: words back from the last one")
        panel.set_ylabel("length of the gradient (logarithmic)")
        panel.grid(alpha=0.25)
    return figures(drawn)


def memory(table: pd.DataFrame, chance: float) -> Figure:
    figure = Figure(figsize=(COLUMN, 3.8))
    axes = figure.subplots()
    for cell, style in styles(list(table["cell"].unique())).items():
        for start, dashes in STARTS.items():
            runs = table[(table["cell"] == cell) & (table["start"] == start)]
            if runs.empty:
                continue
            mean = runs.groupby("steps")["accuracy"].mean()
            about = {"color": style["color"], "label": f"{cell}, {start}"}
            axes.plot(runs["steps"], runs["accuracy"], style["marker"], ms=4, **about)
            axes.plot(mean.index, mean, dashes, **about)
    axes.axhline(chance, color=NEUTRAL, linestyle=":", label="guessing")
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(mpl.ticker.FixedLocator(sorted(table["steps"].unique())))
    axes.xaxis.set_minor_locator(mpl.ticker.NullLocator())
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set(ylim=(0, 1.04), ylabel="share named correctly")
    axes.set_xlabel("n: symbols in a sequence (logarithmic)")
    axes.grid(alpha=0.25)
    return figure
