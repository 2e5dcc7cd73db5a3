"""Maps of a page about words: charts to be zoomed, searched and hovered, side by side.

Text of a corpus is data in them, never a part of an expression.
"""

import textwrap
import warnings

import altair as alt
import numpy as np
import pandas as pd

from seq2report.report.plots import COLOURS, INK, NEUTRAL

SIDE = 545  # pixels of a map, which is square; the page's script makes it smaller where it has to
FRAME = 1.08  # a map goes from -1 to 1
LETTER, LINE = 6.5, 13.0  # pixels that a letter of a label takes, and a line
ZOOMS = (0.5, 1, 2, 4, 8)  # from each on, more words are labelled; 0.5 is a map of half the width
NEVER = 1000  # a zoom that is not reached
MOST = 40  # labels up to zoom 1
NONE = "no class in particular"
SHAPES = ["circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "triangle-right"]
SEEN = [colour for colour in COLOURS if colour != INK]  # on light and on dark paper


def looks(classes: list[str]) -> tuple[list[str], list[str]]:
    """Return a colour and a shape for each class, no two alike up to 49 of them; `NONE` is grey."""
    named = [name for name in classes if name != NONE]
    seen = {
        name: (SEEN[n % len(SEEN)], SHAPES[(n + n // len(SEEN)) % len(SHAPES)])
        for n, name in enumerate(named)
    } | {NONE: (NEUTRAL, "circle")}
    return [seen[name][0] for name in classes], [seen[name][1] for name in classes]


def label_zooms(places: np.ndarray, words: list[str]) -> np.ndarray:
    """Return from which zoom on each word is labelled, one of `ZOOMS` or `NEVER`, (n,) float.

    A word is labelled where its label overlaps none of a word before it that is labelled then.

    Args:
        places: where the words lie, -1 to 1, (n, 2).
        words: the most important first.
    """
    zooms = np.full(len(words), float(NEVER))
    half = np.array([[LETTER * (len(word) + 1), LINE] for word in words]).reshape(-1, 2) / 2
    pixels = places * SIDE / (2 * FRAME)
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
) -> alt.ConcatChart:
    """Return a map a panel of the same points, with one search box and one legend for all.

    Args:
        points: a row a point; columns label, those of ``searched`` and, for the panel p and the
            method m, both counted from 0, xp_m and yp_m, and, if points are to be labelled (by the
            first of ``searched``), zp_m as of `label_zooms`.
        panels: of each the title, and what is said below it.
        methods: what they are called; the last one is shown first.
        classes: names in ``label``, in the order of the legend.
        searched: columns that are searched, and shown under the pointer, by what they are called.
    """
    method = alt.param(
        name="method",
        value=len(methods) - 1,
        bind=alt.binding_radio(
            options=list(reversed(range(len(methods)))),
            labels=list(reversed(methods)),
            name="Map by ",
        ),
    )
    find = alt.binding(
        input="search", name=f"Find a {next(iter(searched))} ", placeholder="letters"
    )
    wanted = alt.param(name="wanted", value="", bind=find)
    size = alt.param(name="size", value=1)  # by which the page's script has made the maps smaller
    picked = alt.selection_point(name="picked", fields=["label"], bind="legend")
    hovered = alt.selection_point(
        name="hovered", fields=["key"], on="pointerover", clear="pointerout", empty=False
    )
    text = " + ' ' + ".join(f"datum.{column}" for column in searched.values())
    has = f"indexof(lower({text}), lower(trim(wanted))) >= 0"  # so has each, without letters
    drawn = [
        _panel(number, points, classes, searched, has).properties(
            width=SIDE,
            height=SIDE,
            title=alt.Title(
                textwrap.wrap(title, 44), subtitle=told, anchor="start", fontSize=13, offset=8
            ),
        )
        for number, (title, told) in enumerate(panels)
    ]
    data = points.assign(key=range(len(points)))
    with warnings.catch_warnings():
        # That picked and hovered are the same ones on all maps is what is wanted.
        warnings.filterwarnings("ignore", "Automatically deduplicated selection parameter")
        chart = alt.concat(*drawn, data=data, columns=2, spacing=18).add_params(
            method, wanted, size, picked, hovered
        )
    return chart.resolve_scale(color="shared", shape="shared").configure_legend(
        orient="top", title=None, symbolSize=80, labelFontSize=12, labelLimit=170
    )


def _panel(
    number: int,
    points: pd.DataFrame,
    classes: list[str],
    searched: dict[str, str],
    has: str,
) -> alt.LayerChart:
    """Return one map; ``has`` tells of a point whether it has the letters that are looked for."""
    colours, shapes = looks(classes)
    frame = alt.Scale(domain=[-FRAME, FRAME], nice=False, zero=False)
    place = {
        "x": alt.X(f"x{number}:Q", axis=None, scale=frame),
        "y": alt.Y(f"y{number}:Q", axis=None, scale=frame),
    }
    seen = {"and": [{"param": "picked"}, has]}
    strong = {"or": [{"param": "hovered", "empty": False}, f"trim(wanted) != '' && {has}"]}
    dots = (
        alt.Chart()
        .mark_point(filled=True, strokeWidth=0)
        .encode(
            **place,
            color=alt.Color("label:N", scale=alt.Scale(domain=classes, range=colours)),
            shape=alt.Shape("label:N", scale=alt.Scale(domain=classes, range=shapes)),
            opacity={"condition": {"test": seen, "value": 0.85}, "value": 0.08},
            size={"condition": {"test": strong, "value": 190}, "value": 42},
            tooltip=[
                *(alt.Tooltip(f"{column}:N", title=name) for name, column in searched.items()),
                alt.Tooltip("label:N", title="class"),
            ],
        )
        .add_params(alt.selection_interval(name=f"zoom{number}", bind="scales"))
    )
    layers = [dots]
    if f"z{number}_0" in points:
        span = f"zoom{number}.x{number}"
        zoom = f"(isValid({span}) ? {2 * FRAME} / abs({span}[1] - {span}[0]) : 1)"
        room = f"datum['z{number}_' + method] <= {zoom} * size + 0.01"
        layers.append(
            alt.Chart()
            .mark_text(fontSize=11, dy=-10)
            .encode(**place, text=alt.Text(f"{next(iter(searched.values()))}:N"))
            .transform_filter({"and": [seen, {"or": [strong, room]}]})
        )
    moved = {f"{axis}{number}": f"datum['{axis}{number}_' + method]" for axis in "xy"}
    return alt.layer(*layers).transform_calculate(**moved)
