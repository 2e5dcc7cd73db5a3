"""Drawings of the lesson on one-hot vectors: a product with a matrix, and reading a row."""

from collections.abc import Iterable

from IPython.display import HTML

from seq2report.core.tables import Tables
from seq2report.lessons import drawing
from seq2report.lessons.drawing import arrow, cells, line, number, text
from seq2report.report.numbers import signed

SIZE = (48, 30)  # of a cell
LEFT, TOP = 60, 62  # of the first cell of a column, below its headings
SHOWN = 1  # row of the word that is looked up


def figure(lesson: Tables) -> HTML:
    """Return both ways from a word to its vector, with the matrix made by hand."""
    word = lesson["one_hot"]["word"][SHOWN]
    caption = (
        f"Two ways to the vector of “{word}”. First, the one-hot vector of the word times the"
        " embedding matrix; each row of the matrix is multiplied by its 0 or 1, and the results are"
        " added. Second, the row with the id of the word is read. Both give the same numbers."
    )
    return drawing.figure(caption, product(lesson), lookup(lesson))


def marked(row: int, column: int) -> str:
    """Return the kind of a cell: only the row of the word is in use."""
    return "on" if row == SHOWN else "soft"


def matrix(lesson: Tables, x: float) -> str:
    """Return the embedding matrix with its headings; the row of the word is marked."""
    features = lesson["features"]
    width = SIZE[0]
    names = [
        text(x + (j + 0.5) * width, TOP - 12, name) for j, name in enumerate(features.columns[1:])
    ]
    rows = cells(x, TOP, features.iloc[:, 1:].to_numpy(), SIZE, ".1f", marked)
    heading = text(x + width, TOP - 36, "embedding matrix", "soft")
    return heading + "".join(names) + rows


def words(lesson: Tables, x: float) -> str:
    return "".join(
        text(x, TOP + (i + 0.5) * SIZE[1], word, "on" if i == SHOWN else "soft", "start")
        for i, word in enumerate(lesson["one_hot"]["word"])
    )


def product(lesson: Tables) -> str:
    """Return the drawing of one-hot vector × matrix = row."""
    one_hot, result = lesson["one_hot"], lesson["lookup"].iloc[SHOWN, 1:]
    width, height = SIZE
    word, count, right = one_hot["word"][SHOWN], len(one_hot), LEFT + 110
    column = one_hot.iloc[SHOWN, 1:].to_numpy()[:, None]
    bottom = TOP + count * height
    parts = [words(lesson, 4), text(LEFT + width / 2, TOP - 36, "one-hot", "soft")]
    parts += [text(LEFT + width / 2, TOP - 12, f"“{word}”")]
    parts += [cells(LEFT, TOP, column, SIZE, ".0f", marked), matrix(lesson, right)]
    for i in range(count):
        parts.append(text((LEFT + width + right) / 2, TOP + (i + 0.5) * height, "×", "soft"))
    parts += [line(LEFT, bottom + 12, right + 2 * width, bottom + 12)]
    parts += [text(right - 10, bottom + 40, "sum =", "", "end")]
    parts += [cells(right, bottom + 25, [result], SIZE, ".1f", lambda i, j: "on")]
    parts += [text(right + 2 * width + 10, bottom + 40, f"“{word}”", "on", "start")]
    about = (
        f"The one-hot vector of {word} is 1 in row {SHOWN + 1} and 0 elsewhere. Each number is"
        " multiplied by the row of the matrix beside it. The sum is row"
        f" {SHOWN + 1}: {listed(result)}."
    )
    title = f"One-hot vector of “{word}” times embedding matrix"
    return drawing.drawing(bottom + 60, title, about, *parts)


def lookup(lesson: Tables) -> str:
    """Return the drawing of an id that selects a row."""
    width, height = SIZE
    features = lesson["features"]
    word, count, right = features["word"][SHOWN], len(features), LEFT + 110
    row, bottom = features.iloc[SHOWN, 1:], TOP + len(features) * SIZE[1]
    place = TOP + (SHOWN + 0.5) * height
    parts = [text(28, place - 50, "id", "soft"), text(28, place - 28, f"“{word}”")]
    parts += [drawing.box(4, place - height / 2, width, height, "on")]
    parts += [number(4 + width / 2, place, SHOWN, ".0f", "on")]
    parts += [arrow(8 + width, place, right - 26, place)]
    for i in range(count):
        kind = "on" if i == SHOWN else "soft"
        parts.append(text(right - 12, TOP + (i + 0.5) * height, str(i), kind))
    parts += [matrix(lesson, right), arrow(right + width, bottom + 4, right + width, bottom + 23)]
    parts += [cells(right, bottom + 25, [row], SIZE, ".1f", lambda i, j: "on")]
    parts += [text(right + 2 * width + 10, bottom + 40, f"“{word}”", "on", "start")]
    about = (
        f"The id {SHOWN} of {word} selects row {SHOWN} of the matrix: {listed(row)}. Nothing is"
        " computed."
    )
    title = f"Reading the row of “{word}”, as an Embedding layer does"
    return drawing.drawing(bottom + 60, title, about, *parts)


def listed(values: Iterable[float]) -> str:
    return ", ".join(signed(value, ".1f") for value in values)
