"""Plots of the pages about the number of labels: each function returns a matplotlib figure."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, PercentFormatter

from seq2report.report.numbers import METRICS
from seq2report.report.plots import COLUMN, Name, belongs, letters, look


def curves(sizes: pd.DataFrame, doubling: pd.DataFrame) -> tuple[Figure, list[Name]]:
    """Plot the metric with its interval against the number of labels, one line per variant.

    Returns the names of the lines, too.

    A dotted line leads to the expected score with twice as many labels, if a power law fits.
    """
    figure = Figure(figsize=(COLUMN, 4.2))
    axes = figure.subplots()
    titles, names = list(dict.fromkeys(sizes["title"])), []
    expected = doubling.set_index("title")
    for n, title in enumerate(titles):
        rows = sizes[sizes["title"] == title]
        number = rows["number"].iloc[0]
        style, label = look(number), f"{letters(number)}  {title}"
        # Side by side: intervals at the same number of labels would hide each other.
        labels = rows["labels"] * 1.015 ** (n - (len(titles) - 1) / 2)
        away = np.maximum([rows["score"] - rows["low"], rows["high"] - rows["score"]], 0)
        bars = axes.errorbar(labels, rows["score"], yerr=away, capsize=3, label=label, **style)
        belongs(number, *bars.get_children())
        names.append(Name(title, number, has_line=True))
        law = expected.loc[title]
        if pd.notna(law["gain"]):
            ends = [labels.iloc[-1], law["doubled"]], [rows["score"].iloc[-1], law["expected"]]
            label = f"{label}, expected"
            belongs(number, *axes.plot(*ends, linestyle=":", color=style["color"], label=label))
    ticks = sorted(set(sizes["labels"]))
    if doubling["gain"].notna().any():
        ticks.append(doubling["doubled"].iloc[0])
    axes.set_xscale("log")
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xlabel("labelled documents,\ntraining and validation (logarithmic)")
    axes.set_ylabel(f"{METRICS[sizes['metric'].iloc[0]]} on the test documents")
    axes.grid(alpha=0.25)
    return figure, names
