"""Drawing of the lesson on a number sequence: every parameter of the network as a square."""

import pandas as pd
from IPython.display import HTML

from seq2report.core.tables import Tables
from seq2report.lessons import drawing
from seq2report.lessons.drawing import box, line, number, text

SIDE, LEFT, GAP = 14, 78, 10  # of a square, of the first gate, between two gates
TOP = 44


def figure(lesson: Tables) -> HTML:
    """Return all parameters as squares, and their sum."""
    table = lesson["parameters"]
    caption = (
        "Every parameter of the trained network is a square: blue is positive, orange (with a"
        " border) is negative, strong is far from 0. The LSTM has four layers inside: three gates"
        " and the candidate. Each has a weight from the input to each unit, from each unit to each"
        " unit, and a bias for each unit. The dense layer has one weight per unit and one bias."
    )
    return drawing.figure(caption, squares(table), total(table))


def gates(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the rows of each gate of the LSTM, and of the candidate."""
    return dict(list(table[table["layer"] == "LSTM"].groupby("gate", sort=False)))


def block(rows: pd.DataFrame, x: float, y: float, limit: float) -> str:
    """Return one square per parameter, at its row and column of the weights."""
    return "".join(
        box(
            x + row.column * SIDE,
            y + row.row * SIDE,
            SIDE - 1,
            SIDE - 1,
            "plus" if row.value >= 0 else "minus",
            0.15 + 0.85 * abs(row.value) / limit,
        )
        for row in rows.itertuples()
    )


def squares(table: pd.DataFrame) -> str:
    """Return the parameters of the gates, side by side, and below them those of the dense layer."""
    limit, parts, heights = table["value"].abs().max(), [], {}
    y = TOP
    for kind, rows in gates(table)["forget"].groupby("kind", sort=False):
        heights[kind] = y
        middle = y + (rows["row"].max() + 1) * SIDE / 2
        parts.append(text(4, middle, kind, "soft", "start"))
        y += (rows["row"].max() + 1) * SIDE + 8
    for n, (gate, rows) in enumerate(gates(table).items()):
        width = (rows["column"].max() + 1) * SIDE
        x = LEFT + n * (width + GAP)
        parts.append(text(x + width / 2, 28, gate, "small"))
        parts += [block(of, x, heights[kind], limit) for kind, of in rows.groupby("kind")]
    parts.append(text(4, 10, "LSTM", "strong", "start"))
    parts.append(text(4, y + 18, "Dense", "strong", "start"))
    x = LEFT
    for kind, rows in table[table["layer"] == "Dense"].groupby("kind", sort=False):
        turned = rows.assign(row=rows["column"], column=rows["row"])  # one unit: in one line
        parts.append(block(turned, x, y + 32, limit))
        parts.append(text(x, y + 18, kind, "soft small", "start"))
        x += 90
    count = len(table)
    about = (
        f"{count} squares: four blocks of {len(gates(table)['forget'])} for the three gates and the"
        f" candidate of the LSTM, and {len(table[table['layer'] == 'Dense'])} for the dense layer."
    )
    return drawing.drawing(y + 54, f"The {count} parameters of the network", about, *parts)


def total(table: pd.DataFrame) -> str:
    """Return the sum: per layer of the LSTM, of its four layers, of the dense layer and of all."""
    of_gate, dense = gates(table)["forget"], table[table["layer"] == "Dense"]
    rows = [(f"{kind}, per layer", *shape(of)) for kind, of in of_gate.groupby("kind", sort=False)]
    count = len(gates(table))
    rows += [(f"LSTM: {count} layers", f"{count} × {len(of_gate)}", count * len(of_gate))]
    rows += [(f"Dense: {kind}", *shape(of)) for kind, of in dense.groupby("kind", sort=False)]
    parts = []
    for n, (label, product, value) in enumerate(rows):
        y, kind = 20 + 30 * n, "strong" if label.startswith(("LSTM", "Dense")) else "soft"
        parts += [text(4, y, label, kind, "start"), text(270, y, product, kind, "end")]
        parts.append(number(316, y, value, "d", kind))
    y = 20 + 30 * len(rows)
    parts += [line(4, y - 14, 336, y - 14), text(4, y + 8, "all parameters", "on", "start")]
    parts.append(number(316, y + 8, len(table), "d", "on"))
    about = "; ".join(f"{label} {value}" for label, _, value in rows) + f"; all {len(table)}."
    return drawing.drawing(y + 26, f"Where the {len(table)} parameters come from", about, *parts)


def shape(rows: pd.DataFrame) -> tuple[str, int]:
    """Return rows × columns as text, and their product."""
    height, width = rows["row"].max() + 1, rows["column"].max() + 1
    return f"{height} × {width}", int(height * width)
