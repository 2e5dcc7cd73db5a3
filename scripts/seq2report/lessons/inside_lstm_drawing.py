"""Drawings of the lesson on the inside of an LSTM: the cell, and heat maps of a chosen sentence."""

from html import escape

import pandas as pd
from IPython.display import HTML

from seq2report.core.excerpts import visible
from seq2report.core.tables import Tables
from seq2report.lessons import drawing
from seq2report.lessons.drawing import arrow, box, circle, line, number, text
from seq2report.report.numbers import percent

HEATED = {  # quantities of the heat maps, with their ranges
    "forget": "forget gate, 0 to 1",
    "update": "update gate, 0 to 1",
    "candidate": "candidate, −1 to 1",
    "output": "output gate, 0 to 1",
    "cell": "cell state, no limits",
    "hidden": "hidden state, −1 to 1",
}
LABEL, SIDE, TOP = 100, 14, 44  # width of a word, side of a square, top of the first word
LONGEST = 11  # characters of a word
SQUARE = 18  # half of the height of a box of the cell
MIDDLES = {"forget": 34, "update": 103, "candidate": 172, "output": 241, "hidden": 307}
SIGNS = ((104, 54, "×"), (190, 54, "+"), (176, 112, "×"), (307, 142, "×"))
ARROWS = (
    *((66, 54, 92, 54), (116, 54, 178, 54), (202, 54, 275, 54)),  # along the memory
    *((42, 174, 97, 64), (109, 174, 167, 119), (172, 174, 175, 124), (179, 100, 187, 66)),
    *((259, 174, 297, 149), (307, 74, 307, 130), (307, 154, 307, 174)),  # to the hidden state
    *((x, 238, x, 214) for gate, x in MIDDLES.items() if gate != "hidden"),
)


def sentences(lesson: Tables) -> HTML:
    """Return each text with its drawings; the first one is open, and a click opens another."""
    shown = []
    for row in lesson["sentences"].itertuples():
        states = lesson["states"].query("sentence == @row.sentence")
        about = f"class {row.label}, predicted {row.predicted} ({percent(row.probability)})"
        summary = f"“… {escape(visible(row.text))}” <small>{escape(visible(about))}</small>"
        is_open = "" if shown else " open"
        parts = cell_figure(states).data + heat_maps(states).data
        shown.append(
            f'<details class="sentence" name="sentence"{is_open}><summary>{summary}</summary>'
            f"{parts}</details>"
        )
    return HTML("".join(shown))


def strongest_unit(states: pd.DataFrame) -> int:
    """Return the unit with the largest absolute hidden state after the last word."""
    last = states[(states["gate"] == "hidden") & (states["step"] == states["step"].max())]
    return int(last.loc[last["value"].abs().idxmax(), "unit"])


def cell_figure(states: pd.DataFrame) -> HTML:
    """Return the cell of one unit at the last word."""
    caption = (
        "The cell of one unit at the last word, with its numbers. The memory runs along the top:"
        " the forget gate multiplies it, update gate × candidate is added. The output gate shows a"
        " part of it as hidden state. ⊗ multiplies, ⊕ adds. All other units work in the same way."
    )
    return drawing.figure(caption, cell(states, strongest_unit(states)))


def cell(states: pd.DataFrame, unit: int) -> str:
    """Return the cell of a unit at the last word, with its real numbers."""
    step = states["step"].max()
    values = states[states["unit"] == unit].set_index(["step", "gate"])["value"]
    word = states.loc[states["step"] == step, "word"].iloc[0]
    before = values.get((step - 1, "cell"), 0.0)
    parts = [text(4, 12, f"unit {unit} at “{short(word)}”", "strong", "start")]
    parts += labelled(34, 54, "old cell", before)
    parts += labelled(307, 54, "new cell", values[step, "cell"])
    for gate, x in MIDDLES.items():
        parts += labelled(x, 194, gate, values[step, gate], "" if gate == "hidden" else "on")
    parts += [arrow(*ends) for ends in ARROWS]
    parts += [part for x, y, symbol in SIGNS for part in (circle(x, y, 11), text(x, y, symbol))]
    parts += [text(303, 104, "tanh", "small", "end"), line(4, 238, 272, 238, "soft")]
    parts.append(text(139, 252, "word vector and hidden state before", "soft small"))
    about = (
        f"{values[step, 'forget']:.2f} × {before:.2f} + {values[step, 'update']:.2f} ×"
        f" {values[step, 'candidate']:.2f} = {values[step, 'cell']:.2f}, the new cell state;"
        f" {values[step, 'output']:.2f} × tanh of it = {values[step, 'hidden']:.2f}."
    )
    return drawing.drawing(266, f"LSTM cell: unit {unit} at “{word}”", about, *parts)


def labelled(x: float, y: float, name: str, value: float, kind: str = "") -> list[str]:
    """Return a box with a name and a number, its middle at ``x`` and ``y``."""
    shown = [box(x - 31, y - SQUARE, 62, 2 * SQUARE, kind)]
    shown.append(text(x, y - 8, name, "small"))
    return [*shown, number(x, y + 9, value, ".2f", "strong")]


def heat_maps(states: pd.DataFrame) -> HTML:
    caption = (
        "A row is a word, a column is a unit. Blue is open or positive, orange with a border is"
        " negative, pale is near 0. The strongest colour of the cell state is its largest value."
    )
    return drawing.figure(caption, *(heat_map(states, gate) for gate in HEATED))


def heat_map(states: pd.DataFrame, gate: str) -> str:
    """Return one quantity of all units (columns) while a sentence is read (rows)."""
    rows = states[states["gate"] == gate]
    limit = max(rows["value"].abs().max(), 1e-9) if gate == "cell" else 1
    parts = [text(LABEL, 12, HEATED[gate], "strong", "start")]
    for unit in sorted({rows["unit"].min(), rows["unit"].max()}):
        parts.append(text(LABEL + (unit - 0.5) * SIDE, 32, str(unit), "soft small"))
    parts.append(text(LABEL - 8, 32, "unit", "soft small", "end"))
    for step, word in rows[["step", "word"]].drop_duplicates().itertuples(index=False):
        parts.append(text(LABEL - 8, TOP + (step - 0.5) * (SIDE + 3), short(word), "small", "end"))
    for row in rows.itertuples():
        x, y = LABEL + (row.unit - 1) * SIDE, TOP + (row.step - 1) * (SIDE + 3)
        kind, share = "plus" if row.value >= 0 else "minus", abs(row.value) / limit
        parts.append(box(x, y, SIDE - 1, SIDE + 2, kind, max(share, 0.01)))
    words, units = rows["step"].max(), rows["unit"].nunique()
    about = (
        f"{words} words by {units} units. The values are between {rows['value'].min():.2f} and"
        f" {rows['value'].max():.2f}, on average {rows['value'].mean():.2f}."
    )
    height = TOP + words * (SIDE + 3) + 6
    return drawing.drawing(height, f"Heat map: {HEATED[gate]}", about, *parts)


def short(word: str) -> str:
    return word if len(word) <= LONGEST else word[: LONGEST - 1] + "…"
