"""Classify documents with the model of a finished run.

  seq2report predict results/sample/imdb/runs/tfidf_svm/seed-1 "What a fine film!"
  seq2report predict results/sample/imdb/runs/tfidf_svm/seed-1 --file reviews.csv --format csv

The run folder contains everything the model needs and can be copied anywhere. Standard error shows
first what the model was trained on and its test accuracy. Standard output then has one answer per
document: as text (the most probable classes and the beginning of the document), as CSV (columns
document, counted from 1, label, and one p_<class> per class), or as JSON (one object per line).
Documents are read and classified in batches of a few thousand.
"""

import csv
import io
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

import numpy as np

from seq2report.answers.predictor import load, training_summary
from seq2report.core import command
from seq2report.core.excerpts import as_cell, excerpt, visible
from seq2report.core.wording import plural
from seq2report.documents.texts import add_arguments, asked_texts, batches

SHOWN = 3  # classes in an answer that is written as text
EXCERPT = 60  # characters of a document or class in such an answer


def harmless(cell: str) -> str:
    """Return a name as a CSV cell.

    A name that would be a formula gets an apostrophe in front (`as_cell`). Characters that would
    end the cell, such as line ends, are replaced.
    """
    return as_cell(visible(cell))


def shortest(probabilities: np.ndarray) -> list[list[float]]:
    """Return probabilities, (documents, classes), in the fewest digits that identify a float32."""
    return [[float(str(p)) for p in row] for row in probabilities.astype(np.float32)]


def as_text(classes: list[str]) -> Callable:
    def write(first: int, texts: list[str], probabilities: np.ndarray) -> None:
        for text, row in zip(texts, probabilities, strict=True):
            top = np.argsort(-row, kind="stable")[:SHOWN]
            answer = ", ".join(f"{excerpt(classes[n], EXCERPT)} {row[n]:.3f}" for n in top)
            print(f"{answer}  {excerpt(text, EXCERPT)}")

    return write


def answers(classes: list[str], first: int, probabilities: np.ndarray) -> Iterator[tuple]:
    """Yield number, label and probabilities of each document, for the formats CSV and JSON."""
    best = probabilities.argmax(axis=1)
    for n, (label, row) in enumerate(zip(best, shortest(probabilities), strict=True), first):
        yield n, classes[label], row


def as_csv(classes: list[str]) -> Callable:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["document", "label", *(harmless(f"p_{name}") for name in classes)])

    def write(first: int, texts: list[str], probabilities: np.ndarray) -> None:
        rows = answers(classes, first, probabilities)
        writer.writerows([n, harmless(label), *row] for n, label, row in rows)

    return write


def as_json(classes: list[str]) -> Callable:
    def write(first: int, texts: list[str], probabilities: np.ndarray) -> None:
        for n, label, row in answers(classes, first, probabilities):
            by_class = dict(zip(classes, row, strict=True))
            answer = {"document": n, "label": label, "probabilities": by_class}
            print(json.dumps(answer, ensure_ascii=False))

    return write


FORMATS = {"text": as_text, "csv": as_csv, "json": as_json}


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__)
    add_arguments(parser)
    parser.add_argument("--format", choices=FORMATS, default="text", help="of the predictions")
    args = parser.parse_intermixed_args(argv)  # texts may come after options

    print(training_summary(args.run), file=sys.stderr)
    documents = batches(asked_texts(args))
    if args.format != "text" and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # not that of a terminal
    first = next(documents)  # fails without a document, before the slow loading of the model
    model = load(args.run)
    write, done, unknown = FORMATS[args.format](model.classes), 0, []
    for texts in chain([first], documents):
        write(done + 1, texts, model.predict(texts))
        unknown += (np.flatnonzero(~model.knows(texts)) + done + 1).tolist()
        done += len(texts)
    if unknown:
        print(
            f"note: the model knows no word of {len(unknown):,} of {plural(done, 'documents')},"
            f" first document {unknown[0]:,}; its answers say nothing about them",
            file=sys.stderr,
        )
