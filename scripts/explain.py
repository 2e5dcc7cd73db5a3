"""Ask the model of a finished run about documents, and which of their words decided.

  explain.py results/sample/imdb/runs/tfidf_svm/seed-1 "What a fine film!"
  explain.py results/sample/imdb/runs/tfidf_svm/seed-1 --file reviews.txt --html why.html

Each word that the model reads is taken out of the document, and the model is asked again: the
effect of a word is the probability of the answer less what it is without the word. Above 0 the word
speaks for the answer, below 0 against it. Of a document, the first words that the model reads are
weighed. On standard output stand the words with the strongest effects, and on a terminal the
document in colours; --html writes all of them to one page that needs nothing else.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import chain
from pathlib import Path

import pandas as pd

from seq2report.answers.occlusion import EXCERPT, occlude, spelled
from seq2report.answers.predictor import Predictor, load, told
from seq2report.core import command
from seq2report.core.command import replacing, run
from seq2report.core.excerpts import excerpt
from seq2report.documents.texts import add_arguments, read_texts
from seq2report.report.harmless import policy, seen

STRONGEST = 10  # words that are listed of a document
NOTHING = 5e-5  # of probability: what would be listed as 0
FAINT = 0.1  # of the strongest effect, below which a word is not coloured
COLOURS = {True: "\x1b[1;34m", False: "\x1b[1;33m", None: "\x1b[0m"}  # for, against, neither
STYLE = Path(__file__).resolve().parent.parent / "reports/template/style.css"


def explained(model: Predictor, texts: Iterable[str]) -> Iterator[tuple[dict, pd.DataFrame]]:
    """Yield each document's answer and its words.

    The first has id, kind (asked), answer, probability and words (how many the model reads), as in
    the table documents of evaluate_answers; the second is as `occlusion.spelled` returns it.
    """
    for n, text in enumerate(texts, 1):
        probability = model.predict([text])[0]
        answer = int(probability.argmax())
        (found,) = occlude(model, [text], [answer])
        document = {
            "id": f"Document {n}",
            "kind": "asked",
            "answer": model.classes[answer],
            "probability": float(probability[answer]),
            "words": found.words,
        }
        yield document, spelled(found, document["id"], "asked")


def strongest(words: pd.DataFrame) -> pd.DataFrame:
    """Return the words with the strongest effects, each once, those that do nothing left out."""
    once = words.assign(word=words["word"].str.lower()).drop_duplicates("word")
    found = once.loc[once["effect"].abs().nlargest(STRONGEST).index]
    return found[found["effect"].abs() >= NOTHING]


def coloured(words: pd.DataFrame) -> str:
    """Return a document's words, coloured for a terminal by what they do to the answer."""
    most = max(words["effect"].abs().max(), NOTHING)
    shown = ""
    for row in words.itertuples():
        plain = abs(row.effect) < FAINT * most
        word = row.word if plain else f"{COLOURS[row.effect > 0]}{row.word}{COLOURS[None]}"
        shown += word + row.after
    return shown


def as_text(document: dict, words: pd.DataFrame, in_colours: bool) -> str:
    """Return what is printed of a document; no character of it changes what stands around it."""
    answer = excerpt(document["answer"], EXCERPT)
    lines = [f"{document['id']}: {answer} {document['probability']:.3f}"]
    if words.empty:
        return f"{lines[0]}\n  the model reads none of its words"
    if in_colours:
        lines.append(f"  {coloured(words)}")
    top = strongest(words)
    lines += [f"  {row.effect:+.4f}  {row.word}" for row in top.itertuples()]
    if top.empty:
        lines.append("  no word alone changes the answer")
    if document["words"] > len(words):
        lines.append(f"  the first {len(words):,} of {document['words']:,} words were weighed")
    return "\n".join(lines)


def as_page(about: str, parts: list[str]) -> str:
    """Return one HTML page in the dress of the report: no script runs in it, nothing is fetched."""
    from seq2report.report.variant_page import legend

    title = about.split(":")[0]
    style = STYLE.read_text(encoding="utf-8")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy([])}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{escape(title)} · seq2report</title>\n<link rel="icon" href="data:,">\n'
        f'<style>{style}</style>\n</head>\n<body>\n<main id="main">\n'
        f"<h1>Which words decided</h1>\n<p>{escape(about).replace(chr(10), '<br>')}</p>\n"
        f"{legend().data}\n{seen(''.join(parts))}\n</main>\n</body>\n</html>\n"
    )


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__)
    add_arguments(parser)
    parser.add_argument("--html", type=Path, help="page to write")
    args = parser.parse_args(argv)

    about = told(args.run)
    print(about, file=sys.stderr)
    texts = read_texts(args.texts, args.file, args.column, args.encoding)
    first = next(texts)  # before the model is loaded, which takes longer than to find nothing
    in_colours = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    parts = []
    for document, words in explained(load(args.run), chain([first], texts)):
        print(as_text(document, words, in_colours))
        if args.html:
            from seq2report.report.variant_page import weighed

            parts.append(weighed(document, words).data)
    if args.html:
        with replacing(args.html) as part:
            part.write_text(as_page(about, parts), encoding="utf-8")


if __name__ == "__main__":
    run(main)
