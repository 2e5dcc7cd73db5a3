"""Drawing of the lesson on several features: a window of 5 × 2 numbers that slides by one hour."""

import pandas as pd
from IPython.display import HTML

from seq2report.core.tables import Tables
from seq2report.lessons import drawing
from seq2report.lessons.drawing import box, number, text

STEPS = 3  # positions of the window
ROW, TOP, WIDTH = 27, 58, 218
COLUMNS = {"hour": 34, "temperature": 100, "irradiance": 174}  # middles


def figure(lesson: Tables) -> HTML:
    """Return some hours with the window at its first positions."""
    hours = shown_hours(lesson)
    window = int(lesson["facts"]["window"].iloc[0])
    caption = (
        f"A window of {window} hours × 2 features slides over the series, one hour at a time (three"
        " steps are shown). Blue: the input. Border: the target, the temperature of the next hour."
        f" With temperature alone, the input is only the first column, {window} × 1."
    )
    return drawing.figure(caption, *(position(hours, window, n) for n in range(STEPS)))


def shown_hours(lesson: Tables) -> pd.DataFrame:
    """Return the hours of the first windows of the test that have sun in their first hour."""
    test = lesson["series"].query("part == 'test'").reset_index(drop=True)
    first = int((test["irradiance"] > 0).idxmax())
    return test.iloc[first : first + int(lesson["facts"]["window"].iloc[0]) + STEPS]


def position(hours: pd.DataFrame, window: int, step: int) -> str:
    """Return the series with the window after ``step`` steps."""
    parts = [text(WIDTH / 2, 14, f"window {step + 1}", "strong")]
    units = {"temperature": "°C", "irradiance": "W/m²"}
    for name, x in COLUMNS.items():
        parts.append(text(x, 34, name, "small"))
    parts += [text(COLUMNS[name], 48, unit, "soft small") for name, unit in units.items()]
    parts.append(box(66, TOP + step * ROW, WIDTH - 68, window * ROW, "on"))
    parts.append(box(66, TOP + (step + window) * ROW + 1, 68, ROW - 2, "target"))
    for n, row in enumerate(hours.itertuples()):
        y = TOP + (n + 0.5) * ROW
        inside, target = step <= n < step + window, n == step + window
        kind = "" if inside else "soft"
        parts.append(text(COLUMNS["hour"], y, f"{row.hour % 24:02d}:00", kind))
        parts.append(
            number(COLUMNS["temperature"], y, row.temperature, ".1f", "strong" if target else kind)
        )
        parts.append(number(COLUMNS["irradiance"], y, row.irradiance, ".0f", kind))
    target = hours.iloc[step + window]
    about = (
        f"The input is {window} hours with temperature and irradiance. The target is the next"
        f" temperature, {target['temperature']:.1f} °C."
    )
    title = f"Window {step + 1}: {window} × 2 numbers and their target"
    return drawing.drawing(TOP + len(hours) * ROW + 6, title, about, *parts, width=WIDTH)
