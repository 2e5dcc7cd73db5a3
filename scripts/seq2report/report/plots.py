"""Style of all plots of the report, and the map of words."""

from collections.abc import Iterable
from typing import NamedTuple

import matplotlib as mpl
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator

INK = "#1d2430"  # replaced by the text colour of the page in `html.figure`
# Okabe and Ito's colours, which colour-blind readers can tell apart; more classes go round again,
# with other markers.
COLOURS = ["#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#8C6D31", INK]
MARKERS = ["o", "s", "^", "D", "v", "P", "X", "*"]
SYMBOLS = dict(zip(MARKERS, "●■▲◆▼✚✖★", strict=True))  # in a text
LINES = ["-", "--", "-.", ":"]
LIGHT = ("#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")  # of these, with dark text on them
NEUTRAL = "#9AA3AD"
# From nothing to blue: what is nothing shows the page, light or dark.
SHARES = mpl.colors.LinearSegmentedColormap.from_list("shares", ["#0072B200", "#0072B2"])
ERRORS = mpl.colors.LinearSegmentedColormap.from_list("errors", ["#D55E0000", "#D55E00"])
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
        "legend.frameon": False,
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
    """An entry of the list below a picture: a variant with its `look`, or a note without one."""

    title: str
    number: int | None = None  # of a variant
    has_line: bool = False  # with markers
    is_strong: bool = False


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


def log_errors(axes: Axes, label: str) -> None:
    """Set the axes of errors by epoch, with a logarithmic scale, and their legend."""
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("")
    axes.set(xlabel="epoch", ylabel=label)
    axes.grid(alpha=0.25)
    axes.legend(loc="upper right")


def word_map(places: pd.DataFrame, classes: list[str]) -> Figure:
    """Draw words where a map puts them, coloured by the class that they go with."""
    figure = Figure(figsize=(10, 6.4))
    axes = figure.subplots()
    groups = [("", {"color": NEUTRAL, "marker": "."}), *styles(classes).items()]
    frequent = places.groupby("label")["count"].rank("first", ascending=False)
    labelled = frequent <= max(1, LABELLED_WORDS // len(groups))
    for label, style in groups:
        group = places[places["label"] == label]
        name = label or "no class in particular"
        axes.scatter(group["x"], group["y"], s=16, alpha=0.75, linewidths=0, label=name, **style)
        beside = {"xytext": (2, 2), "textcoords": "offset points", "fontsize": 7.5}
        beside["color"] = style["color"] if label else INK
        for word, x, y in group.loc[labelled, ["word", "x", "y"]].itertuples(index=False):
            axes.annotate(word, (x, y), **beside)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    figure.legend(loc="outside lower center", ncols=min(4, len(groups)), markerscale=1.6)
    return figure
