"""Drawings of the lesson on CBOW: one step of the training, and maps of two starts."""

import math
from itertools import pairwise

import pandas as pd
from IPython.display import HTML

from seq2report.core.tables import Tables
from seq2report.lessons import drawing
from seq2report.lessons.drawing import cells, circle, line, number, text, weighted

ROW = 34  # height of a word
TOP = 46  # of the first row
INPUT, HIDDEN, OUTPUT = 74, 165, 262  # middles of the layers
MAP = 320  # width and height of a map
NEAR = 0.1  # words at this share of the map from each other have a common label


def step(lesson: Tables) -> HTML:
    """Return the network in the first step of the training: forwards, then loss and update."""
    table = lesson["step"]
    context, target = pair(table)
    pairs, rate = len(lesson["pairs"]), lesson["facts"]["rate"].iloc[0]
    caption = (
        f"The first step of the training, for the pair “{context}” → “{target}”. First, the"
        " input selects the row of its word, and the softmax gives a probability to each word."
        " Lines are weights: wide is large, dashed orange is negative. Second, the error is"
        " probability − target. The change of the row is the sum over all words of error × weights"
        f" to the word, times −{rate:g} / {pairs} (learning rate / number of pairs)."
    )
    return drawing.figure(caption, forward(table), update(table))


def values(table: pd.DataFrame, quantity: str) -> pd.Series:
    """Return the values of a quantity, by word or, without different words, by unit."""
    rows = table[table["quantity"] == quantity]
    return rows.set_index("unit" if rows["unit"].notna().all() else "word")["value"]


def pair(table: pd.DataFrame) -> tuple[str, str]:
    return values(table, "input").idxmax(), values(table, "target").idxmax()


def forward(table: pd.DataFrame) -> str:
    """Return input, hidden layer and softmax, with the weights between them."""
    context, target = pair(table)
    input_, probability = values(table, "input"), values(table, "probability")
    hidden, weights = values(table, "before"), table[table["quantity"] == "output weight"]
    limit = weights["value"].abs().max()
    middle = {word: TOP + (i + 0.5) * ROW for i, word in enumerate(input_.index)}
    units = {unit: TOP + (1.5 + 2.5 * i) * ROW for i, unit in enumerate(hidden.index)}
    parts = [
        text(INPUT - 20, 14, "input"),
        text(HIDDEN, 14, "hidden"),
        text(OUTPUT + 34, 14, "softmax"),
    ]
    for row in weights.itertuples():
        ends = HIDDEN, units[row.unit], OUTPUT - 26, middle[row.word]
        parts.append(weighted(*ends, row.value / limit))
    for unit, height in units.items():
        parts += [
            line(INPUT, middle[context], HIDDEN, height, "on"),
            circle(HIDDEN, height, 23, "on"),
        ]
        parts.append(number(HIDDEN, height, hidden[unit]))
    for word, height in middle.items():
        kind = "on" if input_[word] else "soft"
        parts += [circle(INPUT, height, 13, kind), number(INPUT, height, input_[word], ".0f", kind)]
        parts.append(text(INPUT - 20, height, word, kind, "end"))
        kind = "on" if word == target else ""
        parts += [drawing.box(OUTPUT - 24, height - 13, 50, 26, kind)]
        parts += [number(OUTPUT + 1, height, probability[word], ".2f", kind)]
        parts.append(text(OUTPUT + 32, height, word, kind, "start"))
    about = (
        f"The input is 1 for {context} and 0 for the other words, so the two hidden units are the"
        f" row of {context}. The softmax gives {target} a probability of {probability[target]:.2f}."
    )
    title = f"CBOW network with the input “{context}”"
    return drawing.drawing(TOP + len(middle) * ROW + 6, title, about, *parts)


def update(table: pd.DataFrame) -> str:
    """Return the error of each word, the loss, and the row of the context before and after."""
    context, target = pair(table)
    columns = {"probability": 128, "target": 212, "error": 292}
    parts = [text(x, 14, name) for name, x in columns.items()]
    rows = {name: values(table, name) for name in columns}
    height = 27
    for i, word in enumerate(rows["error"].index):
        y, kind = 42 + i * height, "on" if word == target else ""
        parts.append(text(4, y, word, kind, "start"))
        for name, x in columns.items():
            form = ".0f" if name == "target" else ".2f"
            parts.append(number(x, y, rows[name][word], form, kind))
    y = 42 + len(rows["error"]) * height
    loss = values(table, "loss").iloc[0]
    parts += [
        line(4, y - 10, 336, y - 10),
        text(4, y + 10, f"loss = −ln(probability of “{target}”) =", "", "start"),
    ]
    parts.append(number(310, y + 10, loss, ".2f", "strong"))
    for i, (name, label) in enumerate(
        {"before": "", "change": "+ change", "after": "= new"}.items()
    ):
        top, kind = y + 30 + 34 * i, "on" if name == "after" else ""
        parts.append(text(4, top + 14, label or f"row of “{context}”", kind, "start"))
        shown = cells(
            128, top, [values(table, name)], (90, 28), ".4f", lambda i, j, kind=kind: kind
        )
        parts.append(shown)
    about = (
        f"The error of {target} is its probability minus 1, that of another word its probability."
        f" The loss is {loss:.2f}. The error changes the row of {context} a little."
    )
    return drawing.drawing(y + 134, "Loss and update of the same step", about, *parts)


def maps(lesson: Tables) -> HTML:
    """Return the map of a start that separates the sentences, and of one that does not."""
    line_of = lesson["starts"].query("setting == @lesson['contexts']['setting'].iloc[0]")
    line_of = line_of.set_index("start")["line"]
    examples = lesson["order_examples"]
    starts = {bool(line_of[start]): start for start in sorted(examples["start"].unique())[::-1]}
    shown = [
        one_map(examples[examples["start"] == starts[worked]], worked)
        for worked in (True, False)
        if worked in starts
    ]
    caption = (
        "The six words after training: a start that separates the two sentences, and one that does"
        " not. A line joins the words of a sentence."
    )
    return drawing.figure(caption, *shown)


def one_map(points: pd.DataFrame, worked: bool) -> str:
    """Return the words of a start (columns word, x, y, sentence and start) in the plane."""
    reach = 1.3 * points[["x", "y"]].abs().to_numpy().max()
    place = {
        row.word: (MAP / 2 * (1 + row.x / reach), 30 + MAP / 2 * (1 - row.y / reach))
        for row in points.itertuples()
    }
    start = points["start"].iloc[0]
    result = "the sentences are separate" if worked else "the sentences overlap"
    parts = [text(MAP / 2, 14, f"start {start}: {result}", "strong")]
    parts += [
        line(0, 30 + MAP / 2, MAP, 30 + MAP / 2, "soft"),
        line(MAP / 2, 30, MAP / 2, 30 + MAP, "soft"),
    ]
    parts += [text(MAP, MAP + 22, "hidden unit 1 →", "soft small", "end")]
    parts += [text(0, 36, "↑ hidden unit 2", "soft small", "start")]
    for kind, (_, rows) in zip(
        ("plus", "minus"), points.groupby("sentence", sort=False), strict=True
    ):
        words = list(rows["word"])
        for word, following in pairwise(words):
            parts.append(line(*place[word], *place[following], kind))
        parts += [circle(*place[word], 5, kind) for word in words]
        parts += [
            label(names, [place[name] for name in names]) for names in neighbours(words, place)
        ]
    sentences = " and ".join(f"“{sentence}”" for sentence in points["sentence"].unique())
    about = (
        f"The words of {sentences} as points in the plane of the two hidden units. In start"
        f" {start}, {result}."
    )
    return drawing.drawing(MAP + 34, f"Map of start {start}: {result}", about, *parts, width=MAP)


def neighbours(words: list[str], place: dict[str, tuple[float, float]]) -> list[list[str]]:
    """Return the words in groups of those at the same point."""
    groups: list[list[str]] = []
    for word in words:
        for group in groups:
            if math.dist(place[word], place[group[0]]) < NEAR * MAP:
                group.append(word)
                break
        else:
            groups.append([word])
    return groups


def label(words: list[str], places: list[tuple[float, float]]) -> str:
    """Return the names of words at the same point, on its side away from the middle."""
    shown = ", ".join(words)
    half, heights = 4.2 * len(shown), [y for _, y in places]
    below = min(heights) > 30 + MAP / 2
    y = max(heights) + 15 if below else min(heights) - 15
    return text(min(max(places[0][0], half), MAP - half), y, shown)
