"""Pieces of the pages of corpora: HTML in which all text that comes from data is escaped.

What cannot be seen of such text is replaced (`excerpts.visible`).
"""

from collections.abc import Sequence
from html import escape
from itertools import groupby

import pandas as pd
from IPython.display import HTML

from seq2report.core.excerpts import visible
from seq2report.report.html import link

LOST = {  # why words are lost, as a reader is told
    "no id": "without an id",
    "cut": "cut off",
    "unknown": "behind the mark of unknown words",
}


def bar(share: float) -> str:
    """Return a small bar of a length between 0 and 1, for a cell of a table."""
    width = round(100 * share, 2)
    return (
        '<svg class="interval" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="track" x="0" y="3.5" width="100" height="1"/>'
        f'<rect class="point" x="0" y="0.5" width="{width}" height="7"/></svg>'
    )


def examples(documents: pd.DataFrame, opened: int) -> HTML:
    """Return how a document of each class begins; the reader opens those after the first ones.

    Args:
        documents: columns id, label, words and text.
        opened: how many stand open.
    """
    return HTML(
        "".join(
            f'<details class="example"{" open" if n < opened else ""}>'
            f"<summary><strong>{escape(visible(row.label))}</strong>"
            f" <small>{escape(visible(row.id))}, {row.words:,} words</small></summary>"
            f"<blockquote>{escape(row.text)}</blockquote></details>"
            for n, row in enumerate(documents.itertuples())
        )
    )


def quotation(text: str) -> HTML:
    """Return a text in its own lines."""
    return HTML(f'<blockquote class="lines">{escape(text)}</blockquote>')


def pointer(content: str, address: str, title: str) -> HTML:
    """Return a paragraph of plain text that ends with a link."""
    return HTML(f"<p>{escape(content)} {link(title, address)}</p>")


def row(ids: Sequence[int], words: Sequence[str | None]) -> HTML:
    """Return a row of word ids with the word of each below it; a run of zeros is one cell.

    Args:
        ids: 0 is padding.
        words: of each id; of padding none.
    """
    cells = []
    for padding, run in groupby(zip(ids, words, strict=True), key=lambda pair: pair[0] == 0):
        pairs = list(run)
        if padding:
            cells.append(f'<span class="unknown">0 × {len(pairs)}<small>padding</small></span>')
        else:
            cells += (
                f"<span>{number}<small>{escape(visible(word))}</small></span>"
                for number, word in pairs
            )
    return HTML(f'<div class="words">{"".join(cells)}</div>')


def read_back(words: Sequence[str], lost: Sequence[str]) -> HTML:
    """Return the words of a document as a network has them; what is lost of them is struck out.

    Args:
        words: of the document.
        lost: why each is (one of `LOST`), or nothing.
    """

    def one(word: str, why: str) -> str:
        shown = escape(visible(word))
        if not why:
            return shown
        return f'<del title="{escape(LOST[why])}">{shown}</del>'

    return HTML(f"<blockquote>{' '.join(map(one, words, lost))}</blockquote>")
