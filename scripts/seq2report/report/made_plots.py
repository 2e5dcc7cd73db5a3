"""Pictures of the page that tells how a report was made."""

from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from seq2report.report.plots import COLOURS, INK, NEUTRAL

VERBS = ["fetch", "read", "encode", "embed", "train", "lesson", "evaluate", "render"]
LINE, GAP = 1.0, 0.9  # heights of a name and between boxes
HALF = 0.36  # half the width of a box; columns are 1 apart


class Box(NamedTuple):
    """Rules of a verb that read from the same rules and are read by the same."""

    rules: list[str]
    x: int
    top: float  # the axis points down

    @property
    def middle(self) -> float:
        return self.top + len(self.rules) * LINE / 2


def verb(rule: str) -> str:
    """Return the verb that a rule is named by; word vectors are trained to be embedded."""
    return "embed" if rule == "train_vectors" else rule.split("_")[0]


def alike(edges: pd.DataFrame) -> list[list[str]]:
    """Return the rules in groups of one verb that read from the same and are read by the same.

    Rules that only gather, as ``all``, are left out.

    Args:
        edges: columns maker and reader.
    """
    groups: dict[tuple, list[str]] = {}
    for rule in sorted({*edges["maker"], *edges["reader"]}):
        if verb(rule) in VERBS:
            makers = frozenset(edges.loc[edges["reader"] == rule, "maker"])
            readers = frozenset(edges.loc[edges["maker"] == rule, "reader"])
            groups.setdefault((verb(rule), makers, readers), []).append(rule)
    return list(groups.values())


def direct(edges: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return the edges without those that a longer way implies: the transitive reduction.

    What leads back to a column further left, as from the pages to the table of all pages, stays.

    Args:
        edges: pairs of rules, maker and reader.
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
    """Return the groups as boxes, a column a verb in the order of `VERBS`, each in its middle."""
    columns = [[group for group in groups if verb(group[0]) == each] for each in VERBS]
    columns = [found for found in columns if found]
    heights = [sum(len(group) * LINE + GAP for group in found) - GAP for found in columns]
    boxes = []
    for x, (found, height) in enumerate(zip(columns, heights, strict=True)):
        top = (max(heights) - height) / 2
        for group in found:
            boxes.append(Box(group, x, top))
            top += len(group) * LINE + GAP
    return boxes


def connect(axes: Axes, maker: Box, reader: Box) -> None:
    """Draw a line from a box to one that reads what it made."""
    forward = reader.x > maker.x
    start = maker.x + (HALF if forward else -HALF), maker.middle
    end = reader.x - HALF, reader.middle
    # Within a column, and back to one, round the side of it.
    bend = 0 if forward else 0.3 if reader.x < maker.x else -0.4
    line = {"arrowstyle": "-", "color": NEUTRAL, "alpha": 0.6, "linewidth": 0.9}
    line |= {"connectionstyle": f"arc3,rad={bend}", "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", end, start, arrowprops=line)


def rule_graph(edges: pd.DataFrame) -> Figure:
    """Draw the rules, a column a verb, and lines from what makes to what reads it.

    Rules that read from the same and are read by the same share a box.

    Args:
        edges: columns maker and reader.
    """
    boxes = place(alike(edges))
    columns, bottom = 1 + boxes[-1].x, max(box.top + len(box.rules) * LINE for box in boxes)
    figure = Figure(figsize=(1.55 * columns, 0.21 * bottom + 0.7))
    axes = figure.subplots()
    of = {rule: box for box in boxes for rule in box.rules}
    pairs = {
        (of[maker].rules[0], of[reader].rules[0])
        for maker, reader in edges.itertuples(index=False)
        if maker in of and reader in of
    }
    for maker, reader in sorted(direct(pairs)):
        connect(axes, of[maker], of[reader])
    for x, each in {box.x: verb(box.rules[0]) for box in boxes}.items():
        axes.text(x, -1.5, each, ha="center", weight="bold")
    for box in boxes:
        each, colour = verb(box.rules[0]), COLOURS[box.x % 3]
        height = len(box.rules) * LINE
        corner, shape = (box.x - HALF, box.top), "round,pad=0,rounding_size=0.06"
        style = {"boxstyle": shape, "mutation_aspect": 4, "edgecolor": colour}
        axes.add_patch(FancyBboxPatch(corner, 2 * HALF, height, facecolor="none", **style))
        for n, rule in enumerate(box.rules):
            name = rule.removeprefix(f"{each}_")
            middle = box.top + (n + 0.5) * LINE
            axes.text(box.x, middle, name, ha="center", va="center", fontsize=8, color=INK)
    axes.set_xlim(-0.55, columns - 0.45)
    axes.set_ylim(bottom + 0.4, -2.2)
    axes.set_axis_off()
    return figure
