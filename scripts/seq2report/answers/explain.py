"""Show which words decided the answers of the model of a finished run.

  seq2report explain results/sample/imdb/runs/tfidf_svm/seed-1 "What a fine film!"
  seq2report explain results/sample/imdb/runs/tfidf_svm/seed-1 --file reviews.txt --html why.html

Each word that the model reads is removed from the document, and the model classifies the rest. The
effect of a word is the log-odds of the answer, ln(p / (1 - p)), minus those without the word: a
positive effect supports the answer, a negative one opposes it. In a long document, only the first
words are tested. Standard output lists the words with the strongest effects and, on a terminal, the
document in colours. --html writes the complete documents to one self-contained page.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import chain
from pathlib import Path

import pandas as pd

from seq2report.answers.occlusion import EXCERPT, occlude, word_table
from seq2report.answers.predictor import Predictor, load, training_summary
from seq2report.core import command
from seq2report.core.command import UserError, replacing
from seq2report.core.excerpts import excerpt
from seq2report.core.shipped import shipped
from seq2report.documents.texts import add_arguments, asked_texts
from seq2report.report import word_effects
from seq2report.report.harmless import isolated, policy, seen

STRONGEST = 10  # words listed per document
NOTHING = 0.005  # log-odds; a smaller effect would be printed as 0
COLOURS = {True: "\x1b[1;34m", False: "\x1b[1;33m", None: "\x1b[0m"}  # for, against, neither
STYLE = "reports/template/style.css"


def explained(model: Predictor, texts: Iterable[str]) -> Iterator[tuple[dict, pd.DataFrame]]:
    """Yield the answer for each document and its `occlusion.word_table`.

    The answer is a row of the table ``documents`` of evaluate_answers: id, kind (``asked``),
    answer, probability, words (the number of words that the model reads), and known (whether the
    model knows any word or feature of it).
    """
    for n, text in enumerate(texts, 1):
        probability = model.predict([text])[0]
        answer = int(probability.argmax())
        (occlusion,) = occlude(model, [text], [answer])
        document = {
            "id": f"Document {n}",
            "kind": "asked",
            "answer": model.classes[answer],
            "probability": float(probability[answer]),
            "words": occlusion.words,
            "known": bool(occlusion.text),
        }
        yield document, word_table(occlusion, document["id"], "asked")


def strongest(words: pd.DataFrame) -> pd.DataFrame:
    """Return the words with the strongest effects, each once, without those that have none."""
    top = word_effects.strongest(words, STRONGEST)
    return top[top["effect"].abs() >= NOTHING]


def coloured(words: pd.DataFrame) -> str:
    """Return the words of a document, coloured for a terminal by their effect on the answer."""
    shown = ""
    for row in words.itertuples():
        plain = abs(row.effect) < word_effects.FAINT
        word = row.word if plain else f"{COLOURS[row.effect > 0]}{row.word}{COLOURS[None]}"
        shown += word + row.after
    return shown


def as_text(document: dict, words: pd.DataFrame, in_colours: bool) -> str:
    """Return the printed lines of a document, without control characters from its text."""
    answer = excerpt(document["answer"], EXCERPT)
    lines = [f"{document['id']}: {answer} {document['probability']:.3f}"]
    if not document["known"]:
        lines.append("  the model knows none of its words: this answer says nothing about the text")
    if words.empty:
        lines.append("  there is no word that could be removed")
        return "\n".join(lines)
    if in_colours:
        lines.append(f"  {coloured(words)}")
    top = strongest(words)
    lines += [f"  {row.effect:+.2f}  {row.word}" for row in top.itertuples()]
    if top.empty:
        lines.append("  no word alone changes the answer")
    if document["words"] > len(words):
        lines.append(f"  only the first {len(words):,} of {document['words']:,} words were tested")
    return "\n".join(lines)


def as_page(summary: str, documents: list[str]) -> str:
    """Return one HTML page in the style of the report: it runs no script and fetches nothing."""
    title = summary.split(":")[0]
    style = shipped(STYLE).read_text(encoding="utf-8")
    return isolated(
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy([])}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{escape(title)} · seq2report</title>\n<link rel="icon" href="data:,">\n'
        f'<style>{style}</style>\n</head>\n<body>\n<main id="main">\n'
        f"<h1>Which words decided</h1>\n<p>{escape(summary).replace(chr(10), '<br>')}</p>\n"
        f"{word_effects.legend()}\n{seen(''.join(documents))}\n</main>\n</body>\n</html>\n"
    )


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__)
    add_arguments(parser)
    parser.add_argument("--html", type=Path, help="page to write")
    args = parser.parse_intermixed_args(argv)  # texts may come after options
    if args.html and os.path.isdir(args.html):  # noqa: PTH112 - it has no error of a system
        raise UserError(f"{args.html} is a folder, expected the name of a file")

    summary = training_summary(args.run)
    print(summary, file=sys.stderr)
    texts = asked_texts(args)
    first = next(texts)  # fails without a document, before the slow loading of the model
    in_colours = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    parts = []
    for document, words in explained(load(args.run), chain([first], texts)):
        print(as_text(document, words, in_colours))
        if args.html:
            parts.append(word_effects.coloured(document, words))
    if args.html:
        with replacing(args.html) as part:
            part.write_text(as_page(summary, parts), encoding="utf-8")
