"""Drawing of the lesson on vanishing gradients: unrolled cells and the chain of their factors."""

import pandas as pd
from IPython.display import HTML

from seq2report.core.tables import Tables
from seq2report.lessons import drawing
from seq2report.lessons.drawing import arrow, box, text
from seq2report.report.numbers import short

STEPS = 5  # words that are drawn, the last ones
GAP, BOX = 70, 40  # between the middles of two cells, and width of a cell
FIRST = 30  # middle of the first cell


def figure(lesson: Tables) -> HTML:
    """Return the chain of factors of each cell, after training."""
    far = lesson["facts"]["far"].iloc[0]
    after = lesson["gradients"].query("stage == 'after'")
    chains = [
        chain(cell, rows.set_index("steps_back")["median"], far)
        for cell, rows in after.groupby("cell", sort=False)
    ]
    caption = (
        "The same cell at the last words of a text, after training. Thin arrows: the text is read"
        " from left to right. Thick arrows: the gradient goes back, and each step multiplies it"
        " by a factor (the median gradient at a word, divided by that at the next word). The"
        " numbers below the words are the products of all factors from the last word to this word."
    )
    return drawing.figure(caption, *chains)


def chain(cell: str, gradient: pd.Series, far: int) -> str:
    """Return the unrolled ``cell``; ``gradient`` has its length by the number of words back."""
    product = gradient / gradient[0]
    parts = [text(FIRST, 14, cell, "strong", "start")]
    for n in range(STEPS):
        back, x = STEPS - 1 - n, FIRST + n * GAP
        parts += [box(x - BOX / 2, 76, BOX, 32), text(x, 92, "h")]
        parts += [arrow(x, 136, x, 111), text(x, 148, "last" if back == 0 else f"−{back}", "soft")]
        parts.append(text(x, 176, short(product[back]), "number" + " on" * (back == 0)))
        if back:
            between = x + GAP / 2
            parts += [arrow(x + BOX / 2 + 2, 98, x + GAP - BOX / 2 - 2, 98)]
            parts += [arrow(between + 26, 66, between - 26, 66, "on")]
            factor = gradient[back] / gradient[back - 1]
            parts.append(text(between, 50, f"× {factor:.2f}", "number"))
    parts += [drawing.line(4, 196, 336, 196)]
    parts += [text(4, 216, f"product of {far} factors =", "", "start")]
    parts += [text(336, 216, short(product[far]), "number strong", "end")]
    about = (
        f"Five copies of a {cell} cell, joined by arrows. {far} words back, the gradient is"
        f" {short(product[far])} of that at the last word."
    )
    return drawing.drawing(234, f"Unrolled {cell} and the factors of its gradient", about, *parts)
