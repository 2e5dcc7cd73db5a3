"""Style of all plots of the report, and the map of words."""

import json
from collections.abc import Iterable
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator, NullLocator

INK = "#1d2430"  # replaced by the text colour of the page in `html.figure`
PAPER = "#fefdfc"  # and by its background
# Okabe and Ito's colours, which colour-blind readers can tell apart; more classes go round again,
# with other markers.
COLOURS = ["#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#8C6D31", INK]
MARKERS = ["o", "s", "^", "D", "v", "P", "X", "*"]
SYMBOLS = dict(zip(MARKERS, "●■▲◆▼✚✖★", strict=True))  # in a text
LINES = ["-", "--", "-.", ":"]
LIGHT = ("#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")  # of these, with dark text on them
NEUTRAL = "#7A8490"  # contrast 3.8 on white, 4.7 on the dark page
# From nothing to blue, on which text can be read: what is nothing shows the page, light or dark.
SHARES = mpl.colors.LinearSegmentedColormap.from_list("shares", ["#0072B200", "#0072B2BF"])
ERRORS = mpl.colors.LinearSegmentedColormap.from_list("errors", ["#D55E0000", "#D55E00"])
GRID = "grid"  # the address of the patch of `name_grid`
COLUMN = 4.1  # inches: the width of a phone if text has 12 pixels (`html.figure`)
LEAST = 5  # ratio of the ends of an axis of times; a narrower one would exaggerate differences
WIDE = 2000  # from this ratio on, it names powers of ten only
LABELLED_WORDS = 60  # on a map; the other words are points

mpl.rcdefaults()  # no matplotlibrc of a home or folder
mpl.rcParams.update(
    {
        "svg.fonttype": "none",  # text stays text: small, sharp and searchable
        "svg.hashsalt": "seq2report",  # the same picture is the same file
        "text.parse_math": False,  # a word with two dollar signs is not a formula
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": 9.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 10.5,
        "axes.titlelocation": "left",
        "figure.constrained_layout.use": True,
        "figure.facecolor": "none",
        "axes.facecolor": "none",
        **dict.fromkeys(
            ["text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"], INK
        ),
    }
)


def letters(number: int) -> str:
    """Return the sign of the variant with a number (from 1) in the configuration: A to Z, AA."""
    rest, last = divmod(number - 1, 26)
    return (letters(rest) if rest else "") + chr(ord("A") + last)


def look(number: int) -> dict[str, str]:
    """Return colour, marker and line of a variant, the same on every page; 56 variants differ.

    Variants that share a colour have different lines, up to 28 variants.
    """
    seen = [colour for colour in COLOURS if colour != INK]  # on light and on dark paper
    return {
        "color": seen[(number - 1) % len(seen)],
        "marker": MARKERS[(number - 1) % len(MARKERS)],
        "linestyle": LINES[(number - 1) // len(seen) % len(LINES)],
    }


class Name(NamedTuple):
    """An entry of the list below a picture: a variant with its `look`, a label, or a note."""

    title: str
    number: int | None = None  # of a variant
    has_line: bool = False  # with markers
    is_strong: bool = False
    key: str = ""  # of the parts of a label, which a reader can choose
    sample: str = ""  # SVG of `legend.sample`


def shown_label(label: object) -> str:
    """Return a label in one line; Matplotlib's own labels begin with an underscore."""
    return "" if str(label).startswith("_") else " ".join(str(label).split())


def belongs(number: int, *artists: Artist) -> None:
    """Mark artists as those of a variant (by its number), which a reader can choose by `Name`."""
    for artist in artists:
        artist.set_gid(f"of-{letters(number)}")


def ink_on(colour: str) -> str:
    """Return the colour of text on a colour of `look`."""
    return "#111111" if colour in LIGHT else "#ffffff"


def styles(names: list[str]) -> dict[str, dict]:
    """Return a colour and a marker for each name, the same wherever the names are the same."""
    return {
        name: {
            "color": COLOURS[n % len(COLOURS)],
            "marker": MARKERS[(n + n // len(COLOURS)) % len(MARKERS)],
        }
        for n, name in enumerate(names)
    }


def name_cells(axes: Axes, cells: Iterable[tuple[int, int, str, str]]) -> None:
    """Give cells (row, column) of a matrix a text for the pointer, and a link or only ``#``.

    They are invisible; `hover.overlay` writes them.
    """
    for row, column, text, address in cells:
        corner = (column - 0.5, row - 0.5)
        axes.add_patch(Rectangle(corner, 1, 1, visible=False, gid=text, url=address))


def name_grid(axes: Axes, rows: list[str], columns: list[str], cells: list[list[str]]) -> None:
    """Give the cells of a picture of pixels their texts, which the script of the page shows.

    The first row is the upper one. Unlike `name_cells`, it takes a few bytes per cell.
    """
    left, right, *ends = axes.images[0].get_extent()
    described = {"rows": rows, "columns": columns, "cells": [";".join(row) for row in cells]}
    text = json.dumps(described, separators=(",", ":"), ensure_ascii=False)
    shape = (left, min(ends)), right - left, abs(ends[1] - ends[0])
    axes.add_patch(Rectangle(*shape, visible=False, gid=text, url=GRID))


def panels(count: int, size: tuple[float, float]) -> list[Axes]:
    """Return the axes of some figures of one size, which stand beside or below each other."""
    return [Figure(figsize=size).subplots() for _ in range(count)]


def figures(drawn: list[Axes], same_scale: bool = True) -> list[Figure]:
    """Return the figures of `panels`, by default all with the same range of values."""
    if same_scale:
        ends = np.array([axes.get_ylim() for axes in drawn])
        for axes in drawn:
            axes.set_ylim(ends[:, 0].min(), ends[:, 1].max())
    return [axes.get_figure() for axes in drawn]


def log_times(axes: Axes) -> None:
    """Set the horizontal axis of training times, with a logarithmic scale of at least `LEAST`."""
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    wider = max(1, LEAST * low / high) ** 0.5
    axes.set_xlim(low / wider, high * wider)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < WIDE * low else (1,)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("CPU seconds of one training (logarithmic)")
    axes.grid(alpha=0.25)


def log_errors(axes: Axes, label: str) -> None:
    """Set the axes of errors by epoch, with a logarithmic scale."""
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("")
    axes.set(xlabel="epoch", ylabel=label)
    axes.grid(alpha=0.25)


def word_map(places: pd.DataFrame, classes: list[str]) -> Figure:
    """Draw words where a map puts them, coloured by the class that they go with."""
    figure = Figure(figsize=(5.5, 5.2))
    axes = figure.subplots()
    groups = [("", {"color": NEUTRAL, "marker": "."}), *styles(classes).items()]
    frequent = places.groupby("label")["count"].rank("first", ascending=False)
    labelled = frequent <= max(1, LABELLED_WORDS // len(groups))
    for label, style in groups:
        group = places[places["label"] == label]
        name = label or "no class in particular"
        axes.scatter(group["x"], group["y"], s=16, alpha=0.75, linewidths=0, label=name, **style)
        beside = {"xytext": (2, 2), "textcoords": "offset points", "fontsize": 7.5}
        beside |= {"color": INK, "label": name}  # a marker shows the class
        for word, x, y in group.loc[labelled, ["word", "x", "y"]].itertuples(index=False):
            axes.annotate(word, (x, y), **beside)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    return figure
