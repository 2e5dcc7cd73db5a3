"""Plots of the page about a corpus."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seq2report.report.plots import COLOURS, COLUMN, NEUTRAL

LOSSES = {  # name of a share: two columns of the table cuts, its numerator and denominator
    "documents truncated": ("longer", "documents"),
    "running text lost": ("lost", "ids"),
    "input that is padding": ("zeros", "numbers"),
}


def losses(cuts: pd.DataFrame) -> pd.DataFrame:
    """Return columns cut, configured, and one share per entry of `LOSSES` (table cuts)."""
    shares = {name: cuts[lost] / cuts[whole] for name, (lost, whole) in LOSSES.items()}
    return cuts[["cut", "configured"]].assign(**shares)


def lengths_and_cuts(lengths: pd.DataFrame, cuts: pd.DataFrame) -> Figure:
    """Plot the distribution of document lengths, and below it the losses by truncation."""
    figure = Figure(figsize=(COLUMN, 4.8))
    above, below = figure.subplots(2, sharex=True, height_ratios=(2, 3))
    longest = max(int(lengths["words"].max()), int(cuts["cut"].max()))
    edges = np.unique(np.geomspace(1, longest + 1, 50).astype(int))
    for counted, label, style in (
        ("words", "all words", {"histtype": "step", "color": NEUTRAL}),
        ("ids", "words with an id", {"color": COLOURS[5]}),
    ):
        rows = lengths[lengths["counted"] == counted]
        above.hist(rows["words"], bins=edges, weights=rows["documents"], label=label, **style)
    above.set_ylabel("documents")
    shares = losses(cuts)
    for name, colour, style in zip(LOSSES, COLOURS, ["-", "--", ":"], strict=False):
        below.plot(shares["cut"], shares[name], style, marker="o", color=colour, label=name)
    below.yaxis.set_major_formatter(mpl.ticker.PercentFormatter(1))
    below.set(ylim=(0, 1), ylabel="share", xscale="log")
    below.xaxis.set_major_formatter("{x:g}")
    below.xaxis.set_minor_formatter("")
    below.set_xlabel("words of a document\n(bottom: words read; logarithmic)")
    below.grid(alpha=0.25)
    _mark_read(above, below, list(cuts.loc[cuts["configured"], "cut"]))
    return figure


def _mark_read(above: Axes, below: Axes, lengths: list[int]) -> None:
    """Mark the lengths that networks read; close to each other, they share one note."""
    for length in lengths:
        for axes in (above, below):
            axes.axvline(length, color=COLOURS[3], linestyle="--", linewidth=1.2)
    if lengths:
        place = {"xycoords": ("data", "axes fraction"), "va": "bottom", "ha": "center"}
        note = f"read: {', '.join(map(str, lengths))}"
        above.annotate(note, (np.sqrt(min(lengths) * max(lengths)), 1), **place)


def vocabulary_growth(growth: pd.DataFrame, k: float, beta: float, kept: int) -> Figure:
    """Plot different words against words read, with Heaps' law (NaN without a fit)."""
    figure = Figure(figsize=(COLUMN, 3.2))
    axes = figure.subplots()
    axes.plot(growth["words"], growth["different"], color=COLOURS[0], label="different words")
    if not np.isnan(beta):
        law = f"Heaps' law: {k:.3g} n^{beta:.2f}"
        axes.plot(growth["words"], k * growth["words"] ** beta, "--", color=COLOURS[1], label=law)
    axes.axhline(kept, color=NEUTRAL, linestyle=":", label=f"words with an id: {kept:,}")
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(5))  # millions are wide
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:,.0f}")
    axes.set(xlabel="words read, in the order of the training documents", ylabel="different words")
    axes.grid(alpha=0.25)
    return figure
