"""Drawings of lessons: SVG in the colours of the page, with numbers from the lesson's tables.

Positions and sizes are in units. A drawing is at most `WIDTH` units wide, so that its text can be
read on a phone. The style sheet of the pages has the colours of the kinds: ``on`` (in use),
``soft`` (not in use), ``plus`` and ``minus`` (signs of values), ``number`` (a value from a table).
"""

import math
from collections.abc import Callable, Iterable
from html import escape

from IPython.display import HTML

from seq2report.core.excerpts import visible
from seq2report.report.numbers import signed

WIDTH = 340
HEAD = 7  # length of the head of an arrow


def _short(value: float) -> str:
    return f"{round(value, 1):g}"


def text(x: float, y: float, content: str, kind: str = "", anchor: str = "middle") -> str:
    """Return a line of text whose middle is at the height ``y``; ``anchor`` as in SVG."""
    place = f'x="{_short(x)}" y="{_short(y)}" text-anchor="{anchor}" dominant-baseline="central"'
    return f'<text class="{kind}" {place}>{escape(visible(content))}</text>'


def number(x: float, y: float, value: float, form: str = ".2f", kind: str = "") -> str:
    """Return a value from a table, formatted, with its sign as − and never as -0.00."""
    return text(x, y, signed(value, form), f"number {kind}".strip())


def box(x: float, y: float, width: float, height: float, kind: str = "", share: float = 0) -> str:
    """Return a rectangle; of the kinds plus and minus, ``share`` (0 to 1) is the strength."""
    strength = f' style="--share: {100 * share:.0f}%"' if share else ""
    place = f'x="{_short(x)}" y="{_short(y)}" width="{_short(width)}" height="{_short(height)}"'
    return f'<rect class="{kind}" {place} rx="3"{strength}/>'


def circle(x: float, y: float, radius: float, kind: str = "") -> str:
    return f'<circle class="{kind}" cx="{_short(x)}" cy="{_short(y)}" r="{_short(radius)}"/>'


def line(x: float, y: float, to_x: float, to_y: float, kind: str = "") -> str:
    return f'<path class="line {kind}" d="M{_short(x)} {_short(y)}L{_short(to_x)} {_short(to_y)}"/>'


def arrow(x: float, y: float, to_x: float, to_y: float, kind: str = "") -> str:
    """Return a line with a head at its end."""
    angle = math.atan2(to_y - y, to_x - x)
    corners = [
        (to_x - HEAD * math.cos(angle + a), to_y - HEAD * math.sin(angle + a))
        for a in (0.45, -0.45)
    ]
    head = "L".join(f"{_short(a)} {_short(b)}" for a, b in [(to_x, to_y), *corners])
    return line(x, y, to_x, to_y, kind) + f'<path class="head {kind}" d="M{head}Z"/>'


def weighted(x: float, y: float, to_x: float, to_y: float, share: float) -> str:
    """Return a line of the kind plus or minus whose width shows a weight; ``share`` is −1 to 1."""
    drawn = line(x, y, to_x, to_y, "plus" if share >= 0 else "minus")
    return drawn.replace("<path", f'<path style="stroke-width: {0.5 + 4 * abs(share):.1f}"')


def cells(
    x: float,
    y: float,
    rows: Iterable[Iterable[float]],
    size: tuple[float, float],
    form: str = ".2f",
    kind: Callable[[int, int], str] = lambda row, column: "",
) -> str:
    """Return a matrix of numbers in boxes of ``size``, its corner at ``x`` and ``y``."""
    width, height = size
    parts = {"on": [], "": []}
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            left, top, of_cell = x + j * width, y + i * height, kind(i, j)
            shown = box(left, top, width, height, of_cell)
            shown += number(left + width / 2, top + height / 2, value, form, of_cell)
            parts["on" if of_cell == "on" else ""].append(shown)
    return "".join(parts[""] + parts["on"])  # the border of a cell in use is above the others


def drawing(height: float, title: str, about: str, *parts: str, width: float = WIDTH) -> str:
    """Return a drawing as inline SVG; ``about`` describes it to people who cannot see it."""
    title, about = escape(visible(title)), escape(visible(about))
    limit = f'style="flex-basis: {0.9 * width:.0f}px; max-width: {1.25 * width:.0f}px"'
    return (
        f'<svg class="drawing" {limit} viewBox="0 0 {width:.0f} {height:.0f}" role="img"'
        f' aria-label="{title}"><title>{title}</title><desc>{about}</desc>{"".join(parts)}</svg>'
    )


def figure(caption: str, *drawings: str) -> HTML:
    """Return a figure of drawings, beside each other if there is room."""
    shown = "".join(drawings)
    return HTML(
        f'<figure><div class="picture drawings">{shown}</div>'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )
