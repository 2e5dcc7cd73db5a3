"""Plots of the lesson on the inside of an LSTM, from its tidy tables."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font

from seq2report.report.plots import COLOURS, COLUMN, NEUTRAL, name_grid, styles

LONGEST = 16  # characters of a word below a plot
SHOWN_CLASSES = 4  # lines at most
WORD = 9.5  # points: 12 pixels on a phone


def labels(words: pd.Series) -> list[str]:
    """Return words as labels: short, with a box for characters that the font lacks."""
    font = get_font(findfont(mpl.rcParams["font.sans-serif"][0]))

    def label(word: str) -> str:
        short = word if len(word) <= LONGEST else word[: LONGEST - 1] + "…"
        return "".join(c if c.isprintable() and font.get_char_index(ord(c)) else "□" for c in short)

    return [label(word) for word in words]


# As in the drawings: orange is negative, blue is positive.
STATES = mpl.colors.LinearSegmentedColormap.from_list("states", [COLOURS[1], "white", COLOURS[0]])


def heat_map(gates: pd.DataFrame, gate: str, order: pd.Series) -> Figure:
    """Draw one gate (0 to 1) or the cell state: words along x, units in their order along y.

    ``gates`` has the columns step, word, unit, gate and value.
    """
    rows = gates[gates["gate"] == gate]
    values = rows.pivot_table(index="unit", columns="step", values="value").loc[list(order)]
    words = rows.drop_duplicates("step").sort_values("step")["word"]
    figure = Figure(figsize=(10, 1.7 + 0.14 * len(values)))
    axes = figure.subplots()
    if gate == "cell":
        limit = float(np.abs(values.to_numpy()).max())
        scale = {"cmap": STATES, "vmin": -limit, "vmax": limit}
    else:
        scale = {"cmap": "cividis", "vmin": 0, "vmax": 1}
    words = labels(words)
    image = axes.imshow(values, aspect="auto", interpolation="nearest", **scale)
    name_grid(axes, [f"unit {unit}" for unit in values.index], words, _written(values))
    axes.set_xticks(range(len(words)), words, rotation=90, fontsize=WORD)
    axes.set_yticks(range(len(values)), values.index, fontsize=WORD)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_ylabel("unit")
    figure.colorbar(image, ax=axes, fraction=0.03, pad=0.01)
    return figure


def _written(values: pd.DataFrame) -> list[list[str]]:
    return [[f"{value:.2f}" for value in row] for row in values.to_numpy()]


def probability_by_word(probabilities: pd.DataFrame, label: str) -> Figure:
    """Draw the predicted probabilities if the text ended at a word, one line per class.

    Of two classes only the true one, ``label``, is drawn, because the probabilities add up to 1.
    Of more classes, it and those with the highest peaks are drawn, `SHOWN_CLASSES` in total.
    """
    table = probabilities.pivot_table(index="step", columns="label", values="probability")
    highest = table.drop(columns=label).max().sort_values(ascending=False).index
    shown = [label] if table.shape[1] == 2 else [label, *highest[: SHOWN_CLASSES - 1]]
    words = probabilities.drop_duplicates("step").sort_values("step")["word"]
    figure = Figure(figsize=(10, 3.2))
    axes = figure.subplots()
    for name, style in styles(shown).items():
        axes.plot(range(len(table)), table[name], label=name, markersize=4, **style)
    axes.axhline(1 / table.shape[1], color=NEUTRAL, linestyle=":", label="guessing")
    axes.set_xticks(range(len(words)), labels(words), rotation=90, fontsize=WORD)
    axes.set(xlim=(-0.5, len(words) - 0.5), ylim=(-0.02, 1.02), ylabel="probability")
    axes.grid(alpha=0.25)
    return figure


def squashes() -> Figure:
    """Draw the two functions that limit the values of an LSTM: sigmoid and tanh."""
    x = np.linspace(-5, 5, 201)
    figure = Figure(figsize=(COLUMN, 2.6))
    axes = figure.subplots()
    axes.plot(x, 1 / (1 + np.exp(-x)), color=COLOURS[0], label="σ (sigmoid): from 0 to 1")
    axes.plot(x, np.tanh(x), color=COLOURS[3], label="tanh: from −1 to 1")
    axes.axhline(0, color=NEUTRAL, linewidth=0.8)
    axes.grid(alpha=0.25)
    return figure
