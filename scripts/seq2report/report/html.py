"""HTML elements of a page; all text from data is escaped."""

import io
import json
import math
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from html import escape
from typing import TYPE_CHECKING

import pandas as pd
from IPython.display import HTML
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from seq2report.core.excerpts import HIDDEN, visible
from seq2report.report import hover, legend
from seq2report.report.harmless import RIGHT_TO_LEFT
from seq2report.report.numbers import fill, memory, milliseconds, percent, seconds, shape
from seq2report.report.plots import INK, PAPER, SYMBOLS, Name, ink_on, letters, look

if TYPE_CHECKING:  # not every page has a chart
    from altair import TopLevelMixin

# Characters of the longest cell of a column of text: up to the first, its cells are never broken;
# beyond the second, they are broken into lines.
SHORT, WRAPPED = 20, 60
PIECES = re.compile("\\s+|[^\\W\u0e00-\U0003ffff]+|.", re.DOTALL)  # words, blanks and signs
UNITS = {seconds: "s", milliseconds: "ms"}  # of the numbers that these format
ORDERS = {shape: memory}  # by which the texts are sorted that these format
SIGNS = {
    "\N{REPLACEMENT CHARACTER}": "� replaces an invisible character.",
    HIDDEN: f"{HIDDEN} hides a character of an e-mail address, telephone number or link.",
}
TAG = re.compile(r"</?(?:br|p|i|b|em|strong|a|div|span|hr|ul|ol|li|h\d)(?:\s[^<>]*)?/?>", re.I)
ELEMENT = re.compile("<[^>]*>")  # a tag of HTML that was made here
METADATA = ("Creator", "Date", "Format", "Type")  # of Matplotlib's SVG, left out
ROWS = 200  # of a table with one row per class: a page has the same size for any number of classes


def _figure(content: str, about: str, caption: str, data: str = "") -> HTML:
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return HTML(
        f'<figure><div class="picture" tabindex="0"{about}>{content}</div>{data}{below}</figure>'
    )


def figure(
    picture: Figure | Sequence[Figure], alt: str, caption: str = "", names: Sequence[Name] = ()
) -> HTML:
    """Return a picture as inline SVG with a text alternative, its names and a caption.

    Several figures are panels, beside each other if there is room. The names are by default those
    of the labels (`legend.labelled`). The script of the page makes names buttons for the parts of
    the picture that they belong to.

    What is drawn in `plots.INK` takes the colour of the page's text, in light and in dark, and
    what is drawn in `plots.PAPER` that of its background.
    """
    figures = [picture] if isinstance(picture, Figure) else picture
    names = names or legend.labelled(figures)
    listed = f'<ul class="names">{"".join(map(_name, names))}</ul>' if names else ""
    about = f' role="group" aria-label="{escape(alt)}"'
    if isinstance(picture, Figure):
        return _figure(_drawn(picture, alt) + listed, about, caption)
    drawn = "".join(_drawn(each, each.axes[0].get_title(loc="left") or alt) for each in figures)
    return _figure(f'<div class="panels">{drawn}</div>{listed}', about, caption)


def _drawn(picture: Figure, alt: str) -> str:
    """Return a figure as SVG, with the names and figures of its marks."""
    buffer = io.StringIO()
    with warnings.catch_warnings():
        # The browser chooses the glyphs: text stays text (`plots`), and it knows all scripts.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        # What savefig does to an SVG without its trial run, in which it draws all for the layout.
        FigureCanvasSVG(picture).print_svg(buffer, metadata=dict.fromkeys(METADATA))
    svg = buffer.getvalue().replace(INK, "currentColor").replace(PAPER, "var(--paper)")
    svg = svg.replace('<g id="of-', '<g data-of="')
    width = picture.get_figwidth()  # inches; on a smaller screen than the least, it is scrolled
    marks = hover.overlay(picture)
    role = "group" if "<a " in marks else "img"  # the parts of an image cannot be reached
    # On a phone, text of axes has 12 pixels; a map of words has none and fits as a whole.
    least = 60 if any(axes.get_xticks().size for axes in picture.axes) else 45
    style = f"min-width: {least * width:.0f}pt; max-width: min(100%, {72 * width:.0f}pt)"
    about = f'role="{role}" aria-label="{escape(alt)}" style="{style}"'
    svg = svg[svg.index("<svg") :].replace("<svg", f"<svg {about}", 1)
    return svg.replace("</svg>", f"{marks}</svg>")


def _name(name: Name) -> str:
    title = f"<strong>{escape(name.title)}</strong>" if name.is_strong else escape(name.title)
    if name.number is None:
        chosen = f' data-of="{escape(name.key)}"' if name.key else ""
        return f"<li{chosen}>{name.sample} {title}</li>" if name.sample else f"<li>{title}</li>"
    colour = look(name.number)["color"]
    line = f'<b style="color: {colour}">{SYMBOLS[look(name.number)["marker"]]}</b> ' * name.has_line
    return f'<li data-of="{letters(name.number)}">{_sign(name.number)} {line}{title}</li>'


def chart(drawn: "TopLevelMixin", label: str, caption: str = "") -> HTML:
    """Return an Altair chart as data in the page, which its script draws in the page's colours."""
    described = {**drawn.to_dict(), "description": label}  # Vega takes the label from there
    # As characters, so that render.py finds the invisible ones.
    written = json.dumps(described, separators=(",", ":"), ensure_ascii=False)
    written = written.replace("<", "\\u003c")
    data = f'<script type="application/json" class="chart">{written}</script>'
    return _figure("", f' role="group" aria-label="{escape(label)}"', caption, data)


def table(
    frame: pd.DataFrame,
    formats: dict[str, Callable] | None = None,
    caption: str = "",
    text: tuple[str, ...] = (),
    raw: tuple[str, ...] = (),
    name: str = "",
    bars: tuple[str, ...] = (),
) -> HTML:
    """Return a table, its caption above it; every cell is escaped.

    ``formats`` turn the values of a column into text (default ``str``). Columns of ``text`` are
    aligned to the left, and their long cells are wrapped. Columns of ``raw`` have HTML of a
    function of this module, not escaped. Columns of ``bars`` are shares, each with a bar from 0 to
    1. A table with a name can be sorted, filtered and saved.
    """
    formats = formats or {}
    kinds = {column: _kind(frame[column], column in raw) for column in text}

    def cell(column: str, value: object) -> str:
        missing = pd.api.types.is_scalar(value) and pd.isna(value)
        content = "–" if missing else formats.get(column, str)(value)
        kind = f' class="{kinds[column]}"{direction(content)}' if column in kinds else ""
        if name and column in formats and isinstance(value, (int, float)) and not missing:
            kind += f' data-value="{value:.12g}"'  # for sorting and saving
        if name and formats.get(column) in ORDERS and not missing:
            kind += f' data-order="{ORDERS[formats[column]](value)}"'
        if column in bars and not missing:
            kind += f' style="--share: {value:.1%}"'
        return f"<td{kind}>{content if column in raw else escape(content)}</td>"

    rows = frame.itertuples(index=False, name=None)
    head = "".join(_headings(frame, formats, text))
    body = "".join(f"<tr>{''.join(map(cell, frame.columns, row))}</tr>" for row in rows)
    above = f"<caption><span>{escape(caption)}</span></caption>" if caption else ""
    named = f' data-name="{escape(name)}"' if name else ""
    content = f"<table{named}>{above}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return _scrolled(content, caption)


def _kind(column: pd.Series, is_raw: bool) -> str:
    """Return the class of the cells of a column of text, by the length of the longest one."""
    cells = column.astype(str)
    cells = cells.str.replace(ELEMENT, "", regex=True) if is_raw else cells
    longest = cells.str.len().max()
    return "wrap" if longest > WRAPPED else "text" if longest > SHORT else "text short"


def _scrolled(table: str, caption: str) -> HTML:
    about = f'role="region" aria-label="{escape(caption)}"'
    return HTML(f'<div class="scroll" tabindex="0" {about}>{table}</div>')


def _headings(
    frame: pd.DataFrame, formats: dict[str, Callable], text: tuple[str, ...]
) -> Iterator[str]:
    """Yield the headings of a table, as in `table`; those of times name their unit for saving."""
    for column in frame.columns:
        unit = UNITS.get(formats.get(column))
        about = ' class="text"' * (column in text) + (f' data-unit="{unit}"' if unit else "")
        yield f'<th scope="col"{about}>{escape(str(column))}</th>'


def signs(excerpts: Iterable[str]) -> str:
    """Return what the signs in some excerpts mean, each a sentence after a blank."""
    shown = "\n".join(excerpts)
    meanings = [meaning for sign, meaning in SIGNS.items() if sign in shown]
    if tag := TAG.search(shown):
        meanings.append(f"“{tag[0]}” is a tag in the texts of the corpus; models read it, too.")
    return "".join(f" {meaning}" for meaning in meanings)


def direction(content: str) -> str:
    """Return the attribute of a cell with text from right to left.

    A list of words with their numbers needs none: `harmless.isolated` is for those.
    """
    is_running = RIGHT_TO_LEFT.search(content) and not re.search(r"\d\.\d", content)
    return ' dir="auto"' if is_running else ""


def interval(low: float, point: float, high: float, scale: tuple[float, float]) -> str:
    """Return a small bar from ``low`` to ``high`` with a mark at ``point``, all shares.

    The bar has the ends of ``scale``; a point below its start is a triangle.
    """
    start, end = scale

    def x(value: float) -> float:
        return round(100 * (min(max(value, start), end) - start) / (end - start), 2)

    label = f"{percent(low)} to {percent(high)}"
    mark = f'<rect class="point" x="{x(point) - 0.6:.2f}" y="0" width="1.2" height="8"/>'
    if point < start:
        mark = '<path class="point" d="M0 4L5 0V8Z"/>'
    return (
        f'<svg class="interval" viewBox="-1 0 102 8" preserveAspectRatio="none" role="img"'
        f' aria-label="{label}"><title>{label}</title>'
        f'<rect class="track" x="0" y="3.5" width="100" height="1"/>'
        f'<rect class="range" x="{x(low)}" y="1.5" width="{x(high) - x(low):.2f}" height="5"/>'
        f"{mark}</svg>"
    )


def scale(variants: pd.DataFrame) -> tuple[float, float]:
    """Return a scale for the intervals of a table of variants, in whole twentieths."""
    start, end = math.floor(20 * variants["low"].min()), math.ceil(20 * variants["high"].max())
    return start / 20, max(start + 1, end) / 20


def paragraph(content: str, kind: str = "") -> HTML:
    """Return a paragraph of plain text; ``kind`` is notice, outcome, soft or nothing."""
    return HTML(f'<p class="{kind}">{escape(content)}</p>')


def text(template: str, kind: str = "", **values: object) -> HTML:
    """Return a paragraph with its fields filled, as `numbers.fill` does; all of it is escaped."""
    return paragraph(fill(template, **values), kind)


def heading(content: str, level: int = 2, number: int | None = None) -> HTML:
    """Return a heading of plain text, with the sign of a variant by its number."""
    sign = "" if number is None else f"{_sign(number)} "
    return HTML(f"<h{level}>{sign}{escape(content)}</h{level}>")


def downloads(folder: str, names: list[str]) -> HTML:
    """Return links to tables that lie beside the page."""
    links = ", ".join(
        f'{escape(name)} (<a href="{escape(folder)}/{escape(name)}.csv">CSV</a>,'
        f' <a href="{escape(folder)}/{escape(name)}.parquet">Parquet</a>)'
        for name in names
    )
    return HTML(f'<p class="soft beside">Data: {links}</p>')


def beside(*parts: HTML) -> HTML:
    """Return parts of a page that only lead to other files. The summary leaves them out."""
    return HTML(f'<section class="beside">{"".join(part.data for part in parts)}</section>')


def code(content: str) -> HTML:
    """Return lines of code or of settings."""
    return HTML(f"<pre><code>{escape(content)}</code></pre>")


def folded(summary: str, *parts: HTML) -> HTML:
    """Return parts of a page that are shown by a click on their summary."""
    shown = "".join(part.data for part in parts)
    return HTML(f"<details><summary>{escape(summary)}</summary>{shown}</details>")


def link(content: str, address: str) -> str:
    """Return a link of plain text, for the raw columns of a table."""
    return f'<a href="{escape(address)}">{escape(content)}</a>'


def variant(row: "pd.Series | tuple") -> str:
    """Return the sign, in its colour, and the title of a variant (a row of its table)."""
    return f"{_sign(row.number)} {link(row.title, f'variant-{row.variant}.html')}"


def _sign(number: int) -> str:
    colour = look(number)["color"]
    style = f"background: {colour}; color: {ink_on(colour)}"
    return f'<b class="mark" style="{style}">{letters(number)}</b>'


def marked(text: str, other: str) -> tuple[str, str]:
    """Return two excerpts with the words marked that differ, for the raw columns of a table.

    In scripts without blanks, each character is a word. The end of an excerpt that was cut is not
    marked.
    """
    pieces = [PIECES.findall(excerpt.removesuffix("…")) for excerpt in (text, other)]
    ends = ["…" if excerpt.endswith("…") else "" for excerpt in (text, other)]
    steps = SequenceMatcher(None, *pieces, autojunk=False).get_opcodes()
    shown = ["", ""]
    for n, (kind, *places) in enumerate(steps, 1):
        differs = kind != "equal" and not (n == len(steps) and any(ends))
        for side, (start, end) in enumerate((places[:2], places[2:])):
            content = escape("".join(pieces[side][start:end]))
            shown[side] += f"<mark>{content}</mark>" if differs and content else content
    return shown[0] + ends[0], shown[1] + ends[1]


def quoted(title: str, content: str) -> str:
    """Return a text of `marked` below its title, for the raw columns of a table."""
    return f"<strong>{escape(visible(title))}</strong><br>{content}"


def cards(links: dict[str, tuple[str, str]]) -> HTML:
    """Return links as cards: title and description by address."""
    shown = "".join(
        f'<a href="{escape(address)}"><strong>{escape(title)}</strong>'
        f"<small>{escape(about)}</small></a>"
        for address, (title, about) in links.items()
    )
    return HTML(f'<div class="cards">{shown}</div>')


def words(spelled: pd.Series, ids: pd.Series) -> HTML:
    """Return words, `visible`, with the id of each below it; a word without one is dashed."""
    cells = (
        f'<span class="unknown">{escape(visible(word))}<small>–</small></span>'
        if pd.isna(number)
        else f"<span>{escape(visible(word))}<small>{number:.0f}</small></span>"
        for word, number in zip(spelled, ids, strict=True)
    )
    return HTML(f'<div class="words">{"".join(cells)}</div>')
