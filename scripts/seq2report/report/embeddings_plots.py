"""Maps of the page about word vectors: charts with zoom, search and hover, side by side.

Text of a corpus is data in these charts and never part of an expression.
"""

import textwrap
import warnings
from collections.abc import Iterable

import altair as alt
import numpy as np
import pandas as pd

from seq2report.report.plots import COLOURS, INK, NEUTRAL

SIDE = 545  # pixels of a square map; the script of the page reduces it on small screens
FRAME = 1.08  # a map goes from -1 to 1
LETTER, LINE = 6.5, 13.0  # pixels: width of a letter and height of a line
ZOOMS = (0.5, 1, 2, 4, 8)  # thresholds at which more words are labelled; 0.5: half the width
NEVER = 1000  # zoom of a word without a label
MOST = 40  # labels up to zoom 1
MOST_CLASSES = 49  # with a colour and shape of their own
NONE = "no class in particular"
OTHER = "other classes"
OUTCOMES = {"right": (COLOURS[0], "circle"), "wrong": (COLOURS[3], "cross")}
SHAPES = ["circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "triangle-right"]
SEEN = [colour for colour in COLOURS if colour != INK]  # on light and on dark paper


def looks(classes: list[str]) -> tuple[list[str], list[str]]:
    """Return colours and shapes of classes, all different for up to `MOST_CLASSES`.

    `NONE` and `OTHER` are grey.
    """
    named = [name for name in classes if name not in (NONE, OTHER)]
    seen = {
        name: (SEEN[n % len(SEEN)], SHAPES[(n + n // len(SEEN)) % len(SHAPES)])
        for n, name in enumerate(named)
    } | dict.fromkeys([NONE, OTHER], (NEUTRAL, "circle"))
    return [seen[name][0] for name in classes], [seen[name][1] for name in classes]


def legend(names: Iterable[str]) -> list[str]:
    """Return the classes of a legend, `NONE` last; of many, the first of ``names`` and `OTHER`."""
    unique = dict.fromkeys(names)
    last = [NONE] if unique.pop(NONE, NONE) is None else []
    first = list(unique)
    shown = sorted(first) if len(first) <= MOST_CLASSES else sorted(first[: MOST_CLASSES - 1])
    return shown + [OTHER] * (len(first) > MOST_CLASSES) + last


def label_zooms(positions: np.ndarray, words: list[str]) -> np.ndarray:
    """Return the zoom from which on each word is labelled, one of `ZOOMS` or `NEVER`, (n,) float.

    A word (position -1 to 1, (n, 2), the most important first) is labelled if its label overlaps
    no label of a more important word.
    """
    zooms = np.full(len(words), float(NEVER))
    half = np.array([[LETTER * (len(word) + 1), LINE] for word in words]).reshape(-1, 2) / 2
    pixels = positions * SIDE / (2 * FRAME)
    for zoom in ZOOMS:
        for n in np.flatnonzero(zooms == NEVER):
            labelled = zooms <= zoom
            apart = np.abs(pixels[labelled] - pixels[n]) * zoom
            free = not (apart < half[labelled] + half[n]).all(axis=1).any()
            if free and (zoom > 1 or labelled.sum() < MOST):
                zooms[n] = zoom
    return zooms


def side_by_side(
    points: pd.DataFrame,
    panels: list[tuple[str, str]],
    methods: list[str],
    classes: list[str],
    searched: dict[str, str],
    outcome: int | None = None,
) -> alt.ConcatChart:
    """Return one map per panel of the same points, with one search box and one legend for all.

    Args:
        points: columns label, those of ``searched`` and, for panel p and method m (from 0), xp_m,
            yp_m and, for points with labels, zp_m of `label_zooms`.
        panels: title and subtitle of each.
        methods: the last one is shown first.
        classes: values of ``label``, in the order of the legend.
        searched: columns that are searched and shown under the pointer, by their shown names; the
            first one is the label of a point.
        outcome: the panel, if any, whose points have the colours of the column outcome, one of
            `OUTCOMES`.
    """
    looks_of = [_outcomes() if n == outcome else _classes(classes) for n in range(len(panels))]
    drawn = [
        _panel(number, points, look, searched).properties(title=_title(*panel))
        for number, (panel, look) in enumerate(zip(panels, looks_of, strict=True))
    ]
    data = points.assign(key=range(len(points)))
    with warnings.catch_warnings():
        # It is intended that picked and hovered are the same on all maps.
        warnings.filterwarnings("ignore", "Automatically deduplicated selection parameter")
        about = {"searched": searched}  # for the script of the page
        chart = alt.concat(*drawn, data=data, columns=2, spacing=18, usermeta=about)
        params = _parameters(methods, next(iter(searched)), outcome is not None)
        chart = chart.add_params(*params)
    # Shapes mean classes in one panel and outcomes in the other: then each has its own legend.
    resolved = "shared" if outcome is None else "independent"
    scales = dict.fromkeys(["color", "shape", "fill"], resolved)
    return chart.resolve_scale(**scales).configure_legend(
        orient="bottom", title=None, symbolSize=80, labelFontSize=12, labelLimit=170
    )


def _title(title: str, subtitle: str) -> alt.Title:
    lines = textwrap.wrap(title, 44)
    return alt.Title(lines, subtitle=subtitle, anchor="start", fontSize=13, offset=8)


def _parameters(methods: list[str], noun: str, is_judged: bool) -> list[alt.Parameter]:
    choice = alt.binding_radio(
        options=list(reversed(range(len(methods)))), labels=list(reversed(methods)), name="Map by "
    )
    search = alt.binding(
        input="search", name=f"Find a {noun} ", placeholder="letters", autocomplete="off"
    )
    return [
        alt.param(name="method", value=len(methods) - 1, bind=choice),
        alt.param(name="wanted", value="", bind=search),
        alt.param(name="size", value=1),  # factor by which the script of the page reduces the maps
        alt.selection_point(name="picked", fields=["label"], bind="legend", toggle="true"),
        *[alt.selection_point(name="judged", fields=["outcome"], bind="legend", toggle="true")]
        * is_judged,
        alt.selection_point(
            name="hovered", fields=["key"], on="pointerover", clear="pointerout", empty=False
        ),
    ]


def _classes(classes: list[str]) -> dict[str, alt.SchemaBase]:
    """Return the channels of points that show their class."""
    colours, shapes = looks(classes)
    return {
        "color": alt.Color("label:N", scale=alt.Scale(domain=classes, range=colours)),
        "shape": alt.Shape("label:N", scale=alt.Scale(domain=classes, range=shapes)),
    }


def _outcomes() -> dict[str, object]:
    """Return the channels of points that show their outcome."""
    colours, shapes = (
        alt.Scale(domain=list(OUTCOMES), range=list(looks))
        for looks in zip(*OUTCOMES.values(), strict=True)
    )
    return {
        "fill": alt.Fill("outcome:N", scale=colours),
        "shape": alt.Shape("outcome:N", scale=shapes),
    }


def _panel(
    number: int, points: pd.DataFrame, look: dict, searched: dict[str, str]
) -> alt.LayerChart:
    text = " + ' ' + ".join(f"datum.{column}" for column in searched.values())
    has = f"indexof(lower({text}), lower(trim(wanted))) >= 0"  # true for an empty search box
    judged = [{"param": "judged"}] if "outcome" in points else []
    seen = {"and": [{"param": "picked"}, *judged, has]}
    strong = {"or": [{"param": "hovered", "empty": False}, f"trim(wanted) != '' && {has}"]}
    frame = alt.Scale(domain=[-FRAME, FRAME], nice=False, zero=False)
    position = {
        "x": alt.X(f"x{number}:Q", axis=None, scale=frame),
        "y": alt.Y(f"y{number}:Q", axis=None, scale=frame),
    }
    dots = alt.Chart().mark_point(filled=True, strokeWidth=0)
    dots = dots.encode(
        **position,
        **look,
        opacity={"condition": {"test": seen, "value": 0.85}, "value": 0.08},
        size={"condition": {"test": strong, "value": 190}, "value": 42},
        tooltip=[
            *(alt.Tooltip(f"{column}:N", title=name) for name, column in searched.items()),
            alt.Tooltip("class:N" if "class" in points else "label:N", title="class"),
        ],
    ).add_params(alt.selection_interval(name=f"zoom{number}", bind="scales"))
    layers = [dots]
    if f"z{number}_0" in points:
        span = f"zoom{number}.x{number}"
        zoom = f"(isValid({span}) ? {2 * FRAME} / abs({span}[1] - {span}[0]) : 1)"
        room = f"datum['z{number}_' + method] <= {zoom} * size + 0.01"
        labels = alt.Chart().mark_text(fontSize=11, dy=-10)
        labels = labels.encode(**position, text=alt.Text(f"{next(iter(searched.values()))}:N"))
        layers.append(labels.transform_filter({"and": [seen, {"or": [strong, room]}]}))
    chosen = {f"{axis}{number}": f"datum['{axis}{number}_' + method]" for axis in "xy"}
    square = alt.layer(*layers).properties(width=SIDE, height=SIDE)
    return square.transform_calculate(**chosen)
