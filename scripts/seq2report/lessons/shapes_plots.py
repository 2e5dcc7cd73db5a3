"""Plots of the lesson on shapes: diagrams of the shapes, and the results of each task."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path

from seq2report.report.plots import COLOURS, COLUMN, INK, MARKERS, NEUTRAL, figures, panels

INPUT, CELL, OUTPUT, SECOND = COLOURS[5], COLOURS[0], COLOURS[1], COLOURS[2]
WIDTH, HEIGHT = 0.76, 0.46  # of a box; time steps and rows are 1 apart
INCHES = 0.98, 0.78  # of a time step and of a row
LEFT, EDGE = 1.35, 0.55  # margin for the names of the rows, and on the other sides
RULES = {"color": NEUTRAL, "marker": "D"}


def many_to_one(words: Sequence[str], output: str) -> Figure:
    """Draw a network with an input at every step and one output after the last."""
    figure, axes = _canvas(len(words), ["input", "cell", "output"])
    _read(axes, words)
    last = len(words) - 1
    _boxes(axes, 2, [output], OUTPUT, last)
    _up(axes, 1, [last])
    return figure


def one_to_many(first: str, rest: Sequence[str]) -> Figure:
    """Draw a network that reads one symbol, and then its own outputs."""
    figure, axes = _canvas(len(rest), ["input", "cell", "output"])
    _boxes(axes, 0, [first], INPUT)
    _write(axes, rest, 0, CELL)
    return figure


def encoder_decoder(words: Sequence[str], digits: Sequence[str], start: str) -> Figure:
    """Draw a network that reads a whole sequence and then writes another one."""
    figure, axes = _canvas(len(words) + len(digits), ["input", "cell", "output"])
    _read(axes, words)
    _boxes(axes, 0, [start], INPUT, len(words))
    _right(axes, 1, len(words) - 1, len(words), width=3)
    _write(axes, digits, len(words), SECOND)
    axes.text((len(words) - 1) / 2, 1.45, "encoder", ha="center", color=CELL)
    middle = len(words) + (len(digits) - 1) / 2
    axes.text(middle, 2.38, "decoder", ha="center", color=SECOND)
    return figure


def stacked(words: Sequence[str], outputs: Sequence[str]) -> Figure:
    """Draw two layers: the outputs of the lower one are the inputs of the upper one."""
    figure, axes = _canvas(len(words), ["input", "layer 1", "layer 2", "output"])
    steps = range(len(words))
    _read(axes, words)
    _chain(axes, 2, steps, SECOND)
    _boxes(axes, 3, outputs, OUTPUT)
    _up(axes, 1, steps)
    _up(axes, 2, steps)
    return figure


def bidirectional(words: Sequence[str], outputs: Sequence[str]) -> Figure:
    """Draw two layers with the same inputs, one in each direction."""
    figure, axes = _canvas(len(words), ["input", "forwards", "backwards", "output"])
    steps = range(len(words))
    _read(axes, words)
    _chain(axes, 2, steps[::-1], SECOND)
    _boxes(axes, 3, outputs, OUTPUT)
    _up(axes, 2, steps)
    for step in steps:
        # Around the row between: inputs on the right of its box, outputs on the left.
        _past(axes, step, 0, 0.46, SECOND)
        _past(axes, step, 1, -0.46, CELL)
    return figure


def losses(history: pd.DataFrame) -> list[Figure]:
    shapes = list(dict.fromkeys(history["shape"]))
    drawn = panels(len(shapes), (3.1, 2.5))
    for panel, shape in zip(drawn, shapes, strict=True):
        run = history[history["shape"] == shape]
        panel.plot(run["epoch"], run["loss"], color=CELL, marker="o", markersize=4)
        panel.set(title=shape, xlabel="epoch", ylim=(0, None))
        panel.xaxis.get_major_locator().set_params(integer=True)
        panel.grid(alpha=0.25)
        panel.set_ylabel("training loss\n(natural logarithm)")
    return figures(drawn, same_scale=False)


def scores(methods: pd.Series, label: str) -> Figure:
    """Draw the score of each method as a point on its own line; ``label`` is of the axis."""
    figure = Figure(figsize=(5.5, 0.55 + 0.36 * len(methods)))
    axes = figure.subplots()
    for row, (method, score) in enumerate(methods.items()):
        style = {"color": CELL, "marker": "o"} if method == "network" else RULES
        axes.plot([0, score], [row, row], color=style["color"], linewidth=2)
        axes.plot(score, row, markersize=7, **style)
        axes.annotate(f"{score:.3f}", (score, row), (9, 0), textcoords="offset points", va="center")
    axes.set_yticks(range(len(methods)), methods.index)
    axes.set(ylim=(len(methods) - 0.4, -0.6), xlim=(0, 1.12 * max(methods.max(), 1e-9)))
    axes.set_xlabel(label)
    axes.grid(axis="x", alpha=0.25)
    return figure


def exact_by_digits(methods: pd.DataFrame, trained: int) -> Figure:
    """Draw the share of exactly written numbers by number of digits (digits, method, score).

    ``trained`` is the number of digits of the longest training numbers.
    """
    figure = Figure(figsize=(COLUMN, 3.2))
    axes = figure.subplots()
    digits = np.sort(methods["digits"].unique())
    axes.axvspan(trained + 0.5, digits[-1] + 0.5, color=NEUTRAL, alpha=0.18, linewidth=0)
    axes.annotate("longer than any\ntraining number", (trained + 0.54, 1.03), color=INK, va="top")
    for n, (method, run) in enumerate(methods.groupby("method", sort=False)):
        axes.plot(run["digits"], run["score"], marker=MARKERS[n], color=COLOURS[n], label=method)
    axes.set_xticks(digits)
    axes.set(xlim=(digits[0] - 0.3, digits[-1] + 0.5), ylim=(-0.04, 1.06))
    axes.set(xlabel="digits of the number", ylabel="share written exactly")
    axes.grid(alpha=0.25)
    return figure


def _canvas(steps: int, rows: Sequence[str]) -> tuple[Figure, Axes]:
    """Return an empty diagram with time steps 0, 1, … and named rows, the first one below."""
    width, height = steps - 1 + LEFT + EDGE, len(rows) - 1 + 2 * EDGE
    figure = Figure(figsize=(width * INCHES[0], height * INCHES[1]), layout="none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(-LEFT, steps - 1 + EDGE), ylim=(-EDGE, len(rows) - 1 + EDGE))
    axes.axis("off")
    for row, name in enumerate(rows):
        axes.text(-LEFT + 0.02, row, name, va="center", color=INK)
    _arrow(axes, [(-WIDTH / 2, -0.42), (steps - 1 + WIDTH / 2, -0.42)], color=NEUTRAL)
    axes.text(-LEFT + 0.02, -0.42, "time", va="center", color="#6b7480")
    return figure, axes


def _boxes(
    axes: Axes, row: int, labels: Sequence[str], colour: str, first: int = 0, line: str = "-"
) -> None:
    for step, label in enumerate(labels, first):
        style = {"facecolor": (colour, 0.22), "edgecolor": colour, "linewidth": 1.4}
        style |= {"boxstyle": "round,pad=0,rounding_size=0.08", "linestyle": line}
        corner = (step - WIDTH / 2, row - HEIGHT / 2)
        axes.add_patch(FancyBboxPatch(corner, WIDTH, HEIGHT, **style))
        size = min(9.5, 9.5 * 9 / max(len(label), 1))
        axes.text(step, row, label, ha="center", va="center", fontsize=size, color=INK)


def _chain(axes: Axes, row: int, steps: range, colour: str) -> None:
    """Draw cells that pass their state to the next one of ``steps``."""
    for step in steps:
        _boxes(axes, row, ["cell"], colour, step)
    for here, there in pairwise(steps):
        _right(axes, row, here, there)


def _right(axes: Axes, row: int, here: int, there: int, width: float = 1.2) -> None:
    side = WIDTH / 2 if there > here else -WIDTH / 2
    _arrow(axes, [(here + side, row), (there - side, row)], linewidth=width)


def _up(axes: Axes, row: int, steps: Sequence[int]) -> None:
    for step in steps:
        _arrow(axes, [(step, row + HEIGHT / 2), (step, row + 1 - HEIGHT / 2)])


def _past(axes: Axes, step: int, row: int, side: float, colour: str) -> None:
    """Draw an arrow from a box to the one two rows higher, around the one between."""
    x, low, high = step + side * 0.5, row + HEIGHT / 2, row + 2 - HEIGHT / 2
    lane = step + side
    points = [(x, low), (lane, low + 0.22), (lane, high - 0.22), (x, high)]
    _arrow(axes, points, color=colour)


def _read(axes: Axes, words: Sequence[str]) -> None:
    _boxes(axes, 0, words, INPUT)
    _chain(axes, 1, range(len(words)), CELL)
    _up(axes, 0, range(len(words)))


def _write(axes: Axes, symbols: Sequence[str], first: int, colour: str) -> None:
    """Draw cells with an output at each step that is the input of the next one."""
    steps = range(first, first + len(symbols))
    _chain(axes, 1, steps, colour)
    _up(axes, 0, steps)
    _up(axes, 1, steps)
    _boxes(axes, 2, symbols, OUTPUT, first)
    _boxes(axes, 0, symbols[:-1], OUTPUT, first + 1, "--")
    for step in steps[:-1]:
        start, lane, end = step + WIDTH / 2, step + 0.5, step + 1 - WIDTH / 2
        points = [(start, 2), (lane, 2), (lane, 0), (end, 0)]
        _arrow(axes, points, color=COLOURS[3], linestyle="--")


def _arrow(axes: Axes, points: Sequence[tuple[float, float]], **style: object) -> None:
    style = {
        "color": INK,
        "linewidth": 1.2,
        "mutation_scale": 9,
        "shrinkA": 0,
        "shrinkB": 0,
    } | style
    axes.add_patch(FancyArrowPatch(path=Path(points), arrowstyle="-|>", **style))
