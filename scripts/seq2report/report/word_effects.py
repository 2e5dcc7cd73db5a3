"""HTML of a document whose words are coloured by their effect on an answer; all text is escaped."""

from html import escape

import pandas as pd

FAINT = 0.1  # share of the strongest effect; below it, a word is not coloured
NOTHING = 1e-4  # of probability; if no word has more, none is coloured
NAMED = 5  # strongest words that are named below the text


def signed(effect: float) -> str:
    """Return an effect (a difference of probabilities) with its sign, or 0 if below `NOTHING`."""
    if abs(effect) < NOTHING:
        return "0"
    return f"{effect:+.{3 if abs(effect) >= 0.001 else 4}f}".replace("-", "−")


def legend() -> str:
    """Return the legend of the colours in `coloured`."""
    return (
        '<p class="weighed"><span class="for" style="--strength:1">for the answer</span>'
        ' <span class="against" style="--strength:1">against it</span>'
        " · the strongest word of a document has the full colour · hold the pointer over a word to"
        " see by how much the answer loses probability without it</p>"
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
        unknown = "The model knows none of the words: this answer says nothing about the text."
        return f"{head}<p>{unknown}</p>"
    strongest = words["effect"].abs().max()
    note = f"Strongest: {_strongest(words)}."
    if strongest < NOTHING:
        note = f"No word alone changes the probability by {NOTHING:f}".rstrip("0") + " or more."
    text = "".join(
        _word(row.word, row.effect, strongest) + escape(row.after) for row in words.itertuples()
    )
    more = " …" if document["words"] > len(words) else ""
    if more:
        note += f" The first {len(words):,} of {document['words']:,} words that it reads are shown."
    return (
        f'{head}<blockquote class="weighed" dir="auto">{text}{more}</blockquote>'
        f'<p class="soft">{escape(note)}</p>'
    )


def _strongest(words: pd.DataFrame) -> str:
    once = words.assign(word=words["word"].str.lower()).drop_duplicates("word")
    top = once.loc[once["effect"].abs().nlargest(NAMED).index]
    return ", ".join(f"{row.word} {signed(row.effect)}" for row in top.itertuples())


def _word(word: str, effect: float, strongest: float) -> str:
    shown = ""
    if strongest >= NOTHING and abs(effect) >= FAINT * strongest:
        kind = "for" if effect > 0 else "against"
        shown = f' class="{kind}" style="--strength:{abs(effect) / strongest:.2f}"'
    return f'<span{shown} title="{signed(effect)}">{escape(word)}</span>'
