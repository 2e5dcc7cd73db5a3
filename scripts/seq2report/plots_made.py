"""Pictures of the page that tells how a report was made."""

import pandas as pd
from matplotlib.figure import Figure

from seq2report.plots import COLOURS, INK, NEUTRAL

VERBS = ["fetch", "read", "encode", "embed", "train", "lesson", "evaluate", "render"]


def verb(rule: str) -> str:
    """Return the verb that a rule is named by; word vectors are trained to be embedded."""
    return "embed" if rule == "train_vectors" else rule.split("_")[0]


def rule_graph(edges: pd.DataFrame) -> Figure:
    """Draw the rules, a column a verb, and lines from what makes to what reads it.

    Rules that only gather, as ``all``, are not drawn.

    Args:
        edges: columns maker and reader.
    """
    rules = sorted({*edges["maker"], *edges["reader"]})
    columns = {each: [rule for rule in rules if verb(rule) == each] for each in VERBS}
    columns = {each: found for each, found in columns.items() if found}
    tallest = max(map(len, columns.values()))
    figure = Figure(figsize=(1.75 * len(columns), 0.3 * tallest + 0.6))
    axes = figure.subplots()
    places = {
        rule: (x, (tallest - len(found)) / 2 + y)
        for x, found in enumerate(columns.values())
        for y, rule in enumerate(found)
    }
    for maker, reader in edges.itertuples(index=False):
        if maker in places and reader in places:
            (x, y), (to_x, to_y) = places[maker], places[reader]
            bend = 0.3 if to_x > x else -0.18  # within a column, round the side of it
            axes.annotate(
                "",
                (to_x - 0.4, to_y),
                (x + (0.4 if to_x > x else -0.4), y),
                arrowprops={
                    "arrowstyle": "-",
                    "color": NEUTRAL,
                    "alpha": 0.45,
                    "linewidth": 0.8,
                    "connectionstyle": f"arc3,rad={0 if to_x > x else bend}",
                },
            )
    for n, (each, found) in enumerate(columns.items()):
        axes.text(n, -1.1, each, ha="center", weight="bold")
        for rule in found:
            name = rule.removeprefix(f"{each}_")
            colour = COLOURS[n % 3]
            box = {"boxstyle": "round,pad=0.25", "facecolor": "none", "edgecolor": colour}
            axes.text(
                *places[rule], name, ha="center", va="center", fontsize=7, color=INK, bbox=box
            )
    axes.set_xlim(-0.6, len(columns) - 0.4)
    axes.set_ylim(tallest - 0.3, -1.6)
    axes.set_axis_off()
    return figure
