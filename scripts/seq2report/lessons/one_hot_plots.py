"""Plots of the lesson on one-hot vectors and embeddings."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from seq2report.report.plots import COLUMN, figures, panels, styles

# Similar words are dark in both: a small distance, a large cosine.
SHADES = {"euclidean": "Blues_r", "cosine": "Blues"}


def heat_maps(distances: pd.DataFrame, measure: str) -> list[Figure]:
    """Draw the "euclidean" or "cosine" distances between words, one panel per space.

    Distances have one scale per panel, as the vectors of one space may be longer than those of
    another. Cosines have one scale for all panels.
    """
    spaces = list(dict.fromkeys(distances["space"]))
    words = list(dict.fromkeys(distances["word"]))
    lowest = min(0, distances[measure].min()) if measure == "cosine" else 0
    drawn = panels(len(spaces), (3.4, 3.2))
    for panel, space in zip(drawn, spaces, strict=True):
        rows = distances[distances["space"] == space]
        values = rows.pivot(index="word", columns="other", values=measure).loc[words, words]
        values = values.to_numpy()
        highest = 1 if measure == "cosine" else values.max()
        panel.imshow(values, cmap=SHADES[measure], vmin=lowest, vmax=highest)
        shade = (values - lowest) / (highest - lowest)
        dark = shade > 0.55 if measure == "cosine" else shade < 0.45
        for (i, j), value in np.ndenumerate(values):
            colour = "white" if dark[i, j] else "#111111"
            # + 0.0: a small negative number, rounded to two digits, must not become "-0.00".
            text = f"{round(value, 2) + 0.0:.2f}"
            panel.text(j, i, text, ha="center", va="center", color=colour)
        panel.set_title(space)
        panel.set_xticks(range(len(words)), words)
        panel.set_yticks(range(len(words)), words)
        panel.tick_params(length=0)
        panel.spines[:].set_visible(False)
    return figures(drawn, same_scale=False)


def scatter(features: pd.DataFrame, kinds: dict[str, str]) -> Figure:
    """Draw words (column word) with two features as coordinates, coloured by their kinds."""
    x, y = (name for name in features.columns if name != "word")
    figure = Figure(figsize=(COLUMN, 4))
    axes = figure.subplots()
    for kind, style in styles(list(dict.fromkeys(kinds.values()))).items():
        rows = features[features["word"].map(kinds) == kind]
        axes.scatter(rows[x], rows[y], s=55, c=style["color"], marker=style["marker"])
        label = {"xytext": (7, 5), "textcoords": "offset points", "fontsize": 11}
        for word, *place in rows[["word", x, y]].itertuples(index=False):
            axes.annotate(word, place, **label)
    axes.set(xlim=(-0.1, 1.25), ylim=(-0.1, 1.2))
    axes.set(xlabel=f"has to do with the {x}", ylabel=f"has to do with the {y}")
    axes.grid(alpha=0.25)
    return figure
