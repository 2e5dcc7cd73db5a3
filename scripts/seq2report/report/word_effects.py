"""HTML of a document whose words are coloured by their effect on an answer; all text is escaped."""

import math
from html import escape

import pandas as pd

from seq2report.report.numbers import signed

FAINT, FULL = 0.1, 10.0  # log-odds: colours begin above the first, and are full at the second
NAMED = 5  # strongest words that are named below the text
EFFECT = "+.2f"  # format of a difference of log-odds
SHOWN = (0.2, 0.5, 1, 3, FULL)  # log-odds in the legend


def legend(act: str = "Hold the pointer over") -> str:
    """Return the legend of the colours in `coloured`, which are the same for all models.

    ``act``: what shows the effect of a word; without the script of the report, a tap does not.
    """
    scale = " ".join(
        _word(f"{sign}{size:g}{end if size == FULL else ''}", factor * size)
        for sign, factor, sizes, end in (
            ("−", -1, SHOWN[::-1], " or less"),
            ("+", 1, SHOWN, " or more"),
        )
        for size in sizes
    )
    return (
        f'<p class="weighed legend">against the answer {scale} for the answer</p>'
        '<p class="soft">The scale, which is logarithmic, is the same for all models and documents:'
        " by how much the log-odds of the answer, ln(p / (1 − p)), fall without the word. At 0.7,"
        f" the odds are halved. Words below {FAINT:g} have no colour. {act} a word to see its"
        " effect.</p>"
    )


def coloured(document: dict, words: pd.DataFrame) -> str:
    """Return a document whose words (in their order) are coloured by their effect on the answer.

    ``document`` is a row of the table documents of evaluate_answers, without a label if its kind is
    ``asked``.
    """
    verdict = {"right": ", right", "asked": ""}.get(document["kind"])
    if verdict is None:
        verdict = f", wrong, the label is {document['label']}"
    head = (
        f"<p><strong>{escape(document['id'])}</strong>: the answer is"
        f" {escape(document['answer'])} ({document['probability']:.3f}){escape(verdict)}.</p>"
    )
    if words.empty:
        return f"{head}<p>The model reads no word of this document that could be removed.</p>"
    top = strongest(words, NAMED).itertuples()
    note = f"Strongest: {', '.join(f'{row.word} {signed(row.effect, EFFECT)}' for row in top)}."
    if words["effect"].abs().max() < FAINT:
        note = f"No word alone changes the log-odds by {FAINT:g} or more."
    text = "".join(_word(row.word, row.effect) + escape(row.after) for row in words.itertuples())
    more = " …" if document["words"] > len(words) else ""
    if more:
        note += f" The first {len(words):,} of {document['words']:,} words that it reads are shown."
    return (
        f'{head}<blockquote class="weighed" dir="auto">{text}{more}</blockquote>'
        f'<p class="soft">{escape(note)}</p>'
    )


def strongest(words: pd.DataFrame, number: int) -> pd.DataFrame:
    """Return the ``number`` words with the strongest effects, each once, in lower case."""
    once = words.assign(word=words["word"].str.lower()).drop_duplicates("word")
    return once.loc[once["effect"].abs().nlargest(number).index]


def _word(word: str, effect: float) -> str:
    shown = ""
    if abs(effect) >= FAINT:
        kind, strength = (
            "for" if effect > 0 else "against",
            min(math.log(abs(effect) / FAINT, FULL / FAINT), 1),
        )
        shown = f' class="{kind}" style="--strength:{strength:.2f}"'
    return f'<span{shown} title="{signed(effect, EFFECT)}">{escape(word)}</span>'
