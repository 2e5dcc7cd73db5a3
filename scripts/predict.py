"""Ask the model of a finished run about documents.

  predict.py results/sample/imdb/runs/tfidf_svm/seed-1 "What a fine film!"
  predict.py results/sample/imdb/runs/tfidf_svm/seed-1 --file reviews.csv --format csv > answers.csv

The folder is all that is needed; it can be copied to where it is used. What the model was trained
on, and how good it was, is told first, on standard error. The answers follow on standard output,
one a document: as text (the surest classes and the beginning of the document), as CSV (document,
label and p_<class> for each class; document counts from 1), or as JSON, an object a line. Documents
are read and answered a few thousand at a time.
"""

import csv
import json
import sys
from collections.abc import Callable, Sequence
from itertools import chain

import numpy as np

from seq2report.answers.predictor import load, told
from seq2report.core import command
from seq2report.core.command import run
from seq2report.core.excerpts import excerpt, visible
from seq2report.documents.texts import add_arguments, batches, read_texts

SHOWN = 3  # classes of an answer that is written as text
EXCERPT = 60  # characters of a document there
FORMULA = tuple("=+-@＝＋－＠")  # what a spreadsheet takes for the start of a formula


def harmless(cell: str) -> str:
    """Return what is written into CSV for a name.

    That is an apostrophe before what would be a formula, and a sign in the place of line ends and
    the like, which would begin a cell anew.
    """
    cell = visible(cell)
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def numbers(probability: np.ndarray) -> list[list[float]]:
    """Return probabilities, (documents, classes), as the shortest numbers that tell 32 bits."""
    return [[float(str(p)) for p in row] for row in probability.astype(np.float32)]


def as_text(classes: list[str]) -> Callable:
    def write(first: int, texts: list[str], probability: np.ndarray) -> None:
        for text, row in zip(texts, probability, strict=True):
            surest = np.argsort(-row, kind="stable")[:SHOWN]
            answer = ", ".join(f"{excerpt(classes[n], EXCERPT)} {row[n]:.3f}" for n in surest)
            print(f"{answer}  {excerpt(text, EXCERPT)}")

    return write


def as_csv(classes: list[str]) -> Callable:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["document", "label", *(harmless(f"p_{name}") for name in classes)])

    def write(first: int, texts: list[str], probability: np.ndarray) -> None:
        labels = [harmless(classes[n]) for n in probability.argmax(axis=1)]
        rows = zip(labels, numbers(probability), strict=True)
        writer.writerows([n, label, *row] for n, (label, row) in enumerate(rows, first))

    return write


def as_json(classes: list[str]) -> Callable:
    def write(first: int, texts: list[str], probability: np.ndarray) -> None:
        labels = [classes[n] for n in probability.argmax(axis=1)]
        for n, (label, row) in enumerate(zip(labels, numbers(probability), strict=True), first):
            of_class = dict(zip(classes, row, strict=True))
            answer = {"document": n, "label": label, "probabilities": of_class}
            print(json.dumps(answer, ensure_ascii=False))

    return write


FORMATS = {"text": as_text, "csv": as_csv, "json": as_json}


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__)
    add_arguments(parser)
    parser.add_argument("--format", choices=FORMATS, default="text")
    args = parser.parse_args(argv)

    print(told(args.run), file=sys.stderr)
    asked = batches(read_texts(args.texts, args.file, args.column, args.encoding))
    first = next(asked)  # before the model is loaded, which takes longer than to find nothing
    model = load(args.run)
    write, done, empty, first_empty = FORMATS[args.format](model.classes), 0, 0, 0
    for texts in chain([first], asked):
        write(done + 1, texts, model.predict(texts))
        found = [n for n, text in enumerate(texts, done + 1) if not text.strip()]
        empty, first_empty = empty + len(found), first_empty or next(iter(found), 0)
        done += len(texts)
    if empty:
        print(
            f"note: {empty:,} of {done:,} documents hold nothing, the first is document"
            f" {first_empty:,}; their answer is what the model says where it knows nothing",
            file=sys.stderr,
        )


if __name__ == "__main__":
    run(main)
