"""Drawings of lessons, parsed: their numbers, and the texts that do not fit."""

import re
from xml.etree import ElementTree

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
