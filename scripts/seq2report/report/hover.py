"""Names and figures of the marks of a picture, shown under the pointer and part of its SVG."""

import math
import re
from collections.abc import Iterator
from html import escape
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import FillBetweenPolyCollection
from matplotlib.colors import to_hex
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.patches import Polygon
from matplotlib.text import Annotation
from matplotlib.ticker import FixedLocator, FuncFormatter, PercentFormatter, StrMethodFormatter

from seq2report.report.numbers import short
from seq2report.report.plots import GRID, NEUTRAL, shown_label

MOST = 1500  # points of a picture; of longer lines, those at equal distances
NAMES = 3  # of points at one place
RADIUS = 5  # typographic points around a mark
Intervals = dict[float, tuple[float, float]]  # by x


class Points(NamedTuple):
    """Points of one line or scatter plot, with their intervals if it has error bars."""

    name: str
    xy: np.ndarray  # (n, 2)
    intervals: Intervals


def overlay(figure: Figure) -> str:
    """Return an SVG group of invisible marks with titles, for a picture that was saved before.

    The marks are the cells of `plots.name_cells` and `plots.name_grid`, the points of lines and
    scatter plots, and bars; their values are those that are drawn.
    """
    panels = [axes for axes in figure.axes if axes.get_visible() and axes.axison]
    series = [(axes, points) for axes in panels for points in _series(axes)]
    limit = max(2, MOST // max(1, len(series)))
    shown = [_cell(axes, patch) for axes in panels for patch in axes.patches if patch.get_url()]
    shown += [bar for axes in panels for bar in _bars(axes)]
    for axes in panels:
        shown += _circles(axes, [points for place, points in series if place is axes], limit)
    content = "".join(shown)
    return content and f'<g class="spots" fill="none" pointer-events="all">{content}</g>'


def _errorbars(axes: Axes) -> list[ErrorbarContainer]:
    return [bars for bars in axes.containers if isinstance(bars, ErrorbarContainer)]


def _series(axes: Axes) -> Iterator[Points]:
    """Yield the points of the lines and scatter plots of a panel that have data coordinates."""
    errors = _errorbars(axes)
    caps = {cap for bars in errors for cap in bars[1]}
    alone = {k: v for bars in errors if not bars[0] for k, v in _intervals(bars).items()}
    of_line = {bars[0]: (bars.get_label(), _intervals(bars)) for bars in errors if bars[0]}
    bands = {shown_label(band.get_label()): _ends(band) for band in _bands(axes)}
    for line in axes.lines:
        label, intervals = of_line.get(line, (line.get_label(), alone))
        name = shown_label(label)
        intervals = bands.get(name, intervals) if name else intervals
        is_guide = not name and to_hex(line.get_color()) == NEUTRAL.lower()
        if line not in caps and line.get_transform() == axes.transData and not is_guide:
            yield Points(name, np.column_stack(line.get_data(orig=False)), intervals)
    for dots in (each for each in axes.collections if each not in _bands(axes)):
        if len(places := np.asarray(dots.get_offsets())) and dots.get_offset_transform() == (
            axes.transData
        ):
            yield Points(shown_label(dots.get_label()), places, alone)


def _bands(axes: Axes) -> list[FillBetweenPolyCollection]:
    return [band for band in axes.collections if isinstance(band, FillBetweenPolyCollection)]


def _ends(band: FillBetweenPolyCollection) -> Intervals:
    corners = np.concatenate([path.vertices for path in band.get_paths()])
    values = {x: corners[corners[:, 0] == x, 1] for x in np.unique(corners[:, 0])}
    return {x: (ends.min(), ends.max()) for x, ends in values.items()}


def _intervals(bars: ErrorbarContainer) -> Intervals:
    segments = bars[2][-1].get_segments() if bars.has_yerr else []
    return {ends[0][0]: (ends[0][1], ends[1][1]) for ends in segments if len(ends)}


def _circles(axes: Axes, series: list[Points], limit: int) -> list[str]:
    """Return one circle per place of a panel; points at one place have one title."""
    words = {
        text.xy: text.get_text()
        for text in axes.texts
        if isinstance(text, Annotation) and text.xycoords == "data"
    }
    found: dict[tuple[str, str], tuple[list[str], str]] = {}
    for points in series:
        step = math.ceil(len(points.xy) / limit) or 1
        chosen = points.xy[::step]
        for (x, y), (across, down) in zip(chosen, _pixels(axes, chosen), strict=True):
            if not axes.bbox.padded(1).contains(across, down):
                continue
            figures = _figures(axes, x, y, points.intervals.get(x))
            names, _ = found.setdefault(_place(axes, across, down), ([], figures))
            new = [words.get((x, y), ""), points.name]
            names += [name for name in new if name and name not in names]
    return [
        f'<circle cx="{x}" cy="{y}" r="{RADIUS}">{_title(axes, names, figures)}</circle>'
        for (x, y), (names, figures) in found.items()
    ]


def _pixels(axes: Axes, xy: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return axes.transData.transform(np.asarray(xy, dtype=float))


def _place(axes: Axes, across: float, down: float) -> tuple[str, str]:
    """Return pixels of a figure as typographic points of its SVG."""
    figure = axes.get_figure()
    scale, height = 72 / figure.dpi, 72 * figure.get_figheight()
    return f"{across * scale:.1f}", f"{height - down * scale:.1f}"


def _title(axes: Axes, names: list[str], figures: str) -> str:
    more = [f"{len(names) - NAMES} others"] if len(names) > NAMES else []
    shown = [" ".join(axes.get_title(loc="left").split()), *names[:NAMES], *more]
    head = ", ".join(filter(None, shown))
    return f"<title>{escape(': '.join(filter(None, [head, figures])))}</title>"


def _figures(axes: Axes, x: float, y: float, interval: tuple[float, float] | None) -> str:
    """Return the values of a point with the names of its axes; an axis without ticks has none."""
    shown = [_value(axis, value) for axis, value in ((axes.xaxis, x), (axes.yaxis, y))]
    if interval and interval[0] <= y <= interval[1] and shown[1]:
        low, high = (_figure(axes.yaxis, end) for end in interval)
        shown[1] += f" ({low} to {high})"
    return ", ".join(filter(None, shown))


def _value(axis: Axis, value: float) -> str:
    figure = _figure(axis, value)
    return figure and f"{_axis_name(axis)} {figure}".strip()


def _figure(axis: Axis, value: float) -> str:
    ticks, formatter = axis.get_majorticklocs(), axis.get_major_formatter()
    if not len(ticks):
        return ""
    named = isinstance(axis.get_major_locator(), FixedLocator)
    if named and isinstance(formatter, FuncFormatter):  # a category, or drawn beside its tick
        nearest = int(np.abs(np.asarray(ticks) - value).argmin())
        return axis.get_majorticklabels()[nearest].get_text()
    if isinstance(formatter, PercentFormatter):
        return f"{value / formatter.xmax:.1%}"
    if isinstance(formatter, StrMethodFormatter) and formatter.fmt != "{x:g}":
        return formatter(value)
    return short(value, 4)


def _axis_name(axis: Axis) -> str:
    """Return the first words of the label of an axis, or of the panel that shares it."""
    name, axes = axis.axis_name, axis.axes
    shared = (axes.get_shared_x_axes() if name == "x" else axes.get_shared_y_axes()).get_siblings(
        axes
    )
    figure = axes.get_figure()
    label = next(
        filter(None, (getattr(each, f"get_{name}label")() for each in [axes, *shared])), ""
    )
    label = label or getattr(figure, f"get_sup{name}label")()
    return re.split(r"(?<=\w\w):|[;(]", " ".join(label.split()))[0].strip()


def _rectangle(axes: Axes, corners: np.ndarray) -> str:
    (left, bottom), (right, top) = (map(float, _place(axes, *p)) for p in _pixels(axes, corners))
    x, y, width, height = min(left, right), min(bottom, top), abs(right - left), abs(top - bottom)
    if not height:  # an edge
        y, height = y - RADIUS / 2, RADIUS
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'


def _cell(axes: Axes, patch: object) -> str:
    """Return a cell of `plots.name_cells`, with its link if it has one, or a `plots.name_grid`."""
    shape, title = _rectangle(axes, patch.get_corners()[[0, 2]]), escape(patch.get_gid())
    if patch.get_url() == GRID:
        return f'{shape} data-grid="{title}"/>'
    if patch.get_url() == "#":
        return f"{shape}><title>{title}</title></rect>"
    return f'<a xlink:href="{escape(patch.get_url())}"><title>{title}</title>{shape}/></a>'


def _bars(axes: Axes) -> Iterator[str]:
    """Yield the bars of histograms, and the upper edges of those that are outlines."""
    for container in axes.containers:
        if isinstance(container, BarContainer):
            name = shown_label(container[0].get_label())
            yield from (_bar(axes, name, bar.get_corners()[[0, 2]]) for bar in container)
    for outline in axes.patches:
        if isinstance(outline, Polygon):
            for edge in zip(outline.get_xy()[1:-1:2], outline.get_xy()[2::2], strict=True):
                yield _bar(axes, shown_label(outline.get_label()), np.array(edge))


def _bar(axes: Axes, name: str, corners: np.ndarray) -> str:
    (left, _), (right, top) = corners
    across = f"{_value(axes.xaxis, left)} to {_figure(axes.xaxis, right)}"
    title = _title(axes, [name], f"{across}, {_value(axes.yaxis, top)}")
    return f"{_rectangle(axes, corners)}>{title}</rect>"
