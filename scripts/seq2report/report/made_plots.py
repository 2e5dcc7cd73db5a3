"""Plots of the page *How it was made*."""

from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, PathPatch
from matplotlib.path import Path

from seq2report.report.plots import COLOURS, INK, PAPER

VERBS = ["fetch", "read", "encode", "embed", "train", "lesson", "evaluate", "render"]
LINE, GAP = 1.0, 0.9  # heights of a name and between boxes
HALF = 0.36  # half the width of a box; columns are 1 apart
BEND = 0.2  # how far a line runs on before it turns


class Box(NamedTuple):
    """Rules with one verb that read from the same verbs."""

    rules: list[str]
    x: int
    top: float  # the axis points downwards

    @property
    def middle(self) -> float:
        return self.top + len(self.rules) * LINE / 2


def verb(rule: str) -> str:
    """Return the verb in the name of a rule; training word vectors counts as embedding."""
    return "embed" if rule == "train_vectors" else rule.split("_")[0]


def alike(edges: pd.DataFrame) -> list[list[str]]:
    """Return groups of rules with one verb that read the output of the same verbs.

    Rules without a verb of `VERBS`, for example ``all``, are left out.
    """
    groups: dict[tuple, list[str]] = {}
    for rule in sorted({*edges["maker"], *edges["reader"]}):
        if verb(rule) in VERBS:
            makers = frozenset(map(verb, edges.loc[edges["reader"] == rule, "maker"]))
            groups.setdefault((verb(rule), makers.intersection(VERBS)), []).append(rule)
    return list(groups.values())


def direct(edges: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return the transitive reduction: the edges that no longer path implies.

    Edges that lead to a column further left, for example from pages to the table of jobs, stay.
    """
    ahead = {pair for pair in edges if VERBS.index(verb(pair[0])) <= VERBS.index(verb(pair[1]))}
    readers: dict[str, set[str]] = {}
    for maker, reader in ahead:
        readers.setdefault(maker, set()).add(reader)

    def reached(rule: str) -> set[str]:
        following = readers.get(rule, set())
        return following.union(*map(reached, following))

    implied = {
        (maker, last) for maker in readers for reader in readers[maker] for last in reached(reader)
    }
    return edges - implied


def place(groups: list[list[str]]) -> list[Box]:
    """Return the groups as boxes, one centred column per verb, in the order of `VERBS`."""
    columns = [[group for group in groups if verb(group[0]) == name] for name in VERBS]
    columns = [column for column in columns if column]
    heights = [sum(len(group) * LINE + GAP for group in column) - GAP for column in columns]
    boxes = []
    for x, (column, height) in enumerate(zip(columns, heights, strict=True)):
        top = (max(heights) - height) / 2
        for group in column:
            boxes.append(Box(group, x, top))
            top += len(group) * LINE + GAP
    return boxes


def connect(axes: Axes, maker: Box, reader: Box) -> None:
    """Draw a line from a box, in its colour, to one that reads its output.

    It leaves a box on the right and reaches one on the left, except within a column, where it
    leaves on the left, and to an earlier column, which it reaches on the right.
    """
    leaves, reaches = (1 if reader.x != maker.x else -1), (1 if reader.x < maker.x else -1)
    start = maker.x + leaves * HALF, maker.middle
    end = reader.x + reaches * HALF, reader.middle
    bends = [(start[0] + leaves * BEND, start[1]), (end[0] + reaches * BEND, end[1])]
    path = Path([start, *bends, end], [Path.MOVETO, *[Path.CURVE4] * 3])
    style = {"edgecolor": colour(maker), "alpha": 0.75, "linewidth": 1.1}
    axes.add_patch(PathPatch(path, facecolor="none", **style))


def colour(box: Box) -> str:
    """Return the colour of a box and of the lines that leave it, that of its column."""
    return COLOURS[box.x % 3]


def listed(edges: pd.DataFrame) -> str:
    """Return the text alternative of the graph: the rules of each verb."""
    makers = edges["maker"].drop_duplicates()
    groups = (f"{name}: {', '.join(rules)}" for name, rules in makers.groupby(makers.map(verb)))
    return "Rules by verb: " + "; ".join(groups)


def rule_graph(edges: pd.DataFrame) -> Figure:
    """Draw the rules, one column per verb, with lines to those that read their output."""
    boxes = place(alike(edges))
    columns, bottom = 1 + boxes[-1].x, max(box.top + len(box.rules) * LINE for box in boxes)
    figure = Figure(figsize=(1.55 * (columns + 0.25), 0.21 * bottom + 0.7))
    axes = figure.subplots()
    box_of = {rule: box for box in boxes for rule in box.rules}
    pairs = {
        (box_of[maker].rules[0], box_of[reader].rules[0])
        for maker, reader in edges.itertuples(index=False)
        if maker in box_of and reader in box_of
    }
    for maker, reader in sorted(direct(pairs)):
        connect(axes, box_of[maker], box_of[reader])
    for x, name in {box.x: verb(box.rules[0]) for box in boxes}.items():
        axes.text(x, -1.5, name, ha="center", weight="bold")
    for box in boxes:
        _draw(axes, box)
    axes.set(xlim=(-0.55, columns - 0.2), ylim=(bottom + 0.4, -2.2))
    axes.set_axis_off()
    return figure


def _draw(axes: Axes, box: Box) -> None:
    corner, shape = (box.x - HALF, box.top), "round,pad=0,rounding_size=0.06"
    style = {"boxstyle": shape, "mutation_aspect": 4, "edgecolor": colour(box)}
    height = len(box.rules) * LINE
    axes.add_patch(FancyBboxPatch(corner, 2 * HALF, height, facecolor=PAPER, **style))
    for n, rule in enumerate(box.rules):
        name, y = rule.removeprefix(f"{verb(rule)}_"), box.top + (n + 0.5) * LINE
        axes.text(box.x, y, name, ha="center", va="center", fontsize=8, color=INK)
