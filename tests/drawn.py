"""Drawings of lessons, parsed: their numbers, and the texts that do not fit; also of plots."""

import re
from xml.etree import ElementTree

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

SVG = re.compile(r"<svg.*?</svg>", re.DOTALL)


def parsed(figure) -> list[ElementTree.Element]:
    return [ElementTree.fromstring(svg) for svg in SVG.findall(figure.data)]


def texts(svg: ElementTree.Element, kind: str = "") -> list[str]:
    return [each.text for each in svg.iter("text") if kind in each.get("class").split() or not kind]


def numbers(svg: ElementTree.Element) -> list[float]:
    """The values from tables, in the order in which they are drawn."""
    return [float(each.replace("−", "-")) for each in texts(svg, "number")]


def outside(svg: ElementTree.Element) -> list[str]:
    """The texts that do not fit; the letters of a line have 0.56 of its height on average."""
    _, _, width, height = map(float, svg.get("viewBox").split())
    found = []
    for each in svg.iter("text"):
        half = (3.6 if "small" in each.get("class") else 4) * len(each.text)
        x, y = float(each.get("x")), float(each.get("y"))
        middle = x + {"start": half, "middle": 0, "end": -half}[each.get("text-anchor")]
        if middle < half or middle + half > width or not 7 <= y <= height - 7:
            found.append(each.text)
    return found


def outside_of(figure: Figure) -> list[str]:
    """The labels of axes, the titles and the notes of a plot that are not inside the picture."""
    FigureCanvasAgg(figure).draw()
    found = []
    for axes in figure.axes:
        inside = [part for part in axes.get_children() if isinstance(part, Text)]
        for text in [axes.xaxis.label, axes.yaxis.label, *inside]:
            (left, bottom), (right, top) = text.get_window_extent().get_points()
            width, height = figure.bbox.size
            if text.get_text() and (
                min(left, bottom) < -1 or right > width + 1 or top > height + 1
            ):
                found.append(text.get_text())
    return found
