"""Analyse the variants of a corpus: architecture, most confident errors, effects of words.

layers: the layers of each variant, one row per box of its drawing; see answers/architecture.py.
documents: of each variant, the test documents that it gets wrong with the highest probability (kind
mistake), and correct ones of typical confidence (kind right), each with its answer, the start of
its text, and the number of words that the model reads.
cells: of each cell of the confusion matrix, the test documents with the highest probability, each
with the start of its text; of the first seed, and limited per cell and in all.
words: the first words read in some of these documents, and the effect of each on the
log-odds of the answer; see seq2report/answers/occlusion.py.
"""

import gc
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl

from seq2report.answers.occlusion import EXCERPT, Occlusion, occlude, word_table
from seq2report.answers.predictor import Predictor, load, without_model
from seq2report.core import command
from seq2report.core.command import run
from seq2report.core.excerpts import add_contacts, excerpt, showing
from seq2report.core.stored import read_table
from seq2report.core.tables import write_tables
from seq2report.core.wording import plural
from seq2report.documents.documents import read_texts
from seq2report.models.runs import checked

MISTAKES = 5  # documents that are shown
EXPLAINED = 3  # documents whose words are weighed
RIGHT = 2
PER_CELL = 3  # documents of a cell of the confusion matrix
IN_CELLS = 60  # and of all its cells
NO_WORDS = Occlusion("", 0, np.empty((0, 2), np.int64), np.empty(0))


def choose(predictions: pl.DataFrame) -> pl.DataFrame:
    """Return the documents that are shown of a variant.

    Columns kind, id, label, answer and probability (of the answer): mistakes, the most confident
    first, then right answers, those nearest to their median probability first. Without
    probabilities, the mistakes are those of each class in turn.
    """
    about, is_right = answered(predictions), pl.col("label") == pl.col("answer")
    is_confident = about["probability"].null_count() == 0
    order = "probability" if is_confident else pl.int_range(pl.len()).over("label")
    wrong = about.filter(~is_right).sort("id")
    wrong = wrong.sort(order, descending=is_confident, maintain_order=True)
    distance = (pl.col("probability") - pl.col("probability").median()).abs()
    right = about.filter(is_right).sort(distance, "id")
    return pl.concat(
        rows.head(n).select(pl.lit(kind).alias("kind"), pl.all())
        for kind, n, rows in (("mistake", MISTAKES, wrong), ("right", RIGHT, right))
    )


def answered(predictions: pl.DataFrame) -> pl.DataFrame:
    """Return id, label, answer and its probability (null without probabilities) of documents."""
    names = [name for name in predictions.columns if name.startswith("p_")]
    probability = pl.max_horizontal(names) if names else pl.lit(None)
    return predictions.select(
        "id", "label", answer="predicted", probability=probability.cast(pl.Float64)
    )


def in_cells(predictions: pl.DataFrame) -> pl.DataFrame:
    """Return documents of each cell of the confusion matrix, the most confident answers first.

    A cell has `PER_CELL` at most. Of more than `IN_CELLS` in all, each cell has its first document
    before any has its second one, errors before right answers, frequent cells before rare ones.
    """
    cell = ["label", "answer"]
    ordered = answered(predictions).sort("id")
    ordered = ordered.sort("probability", descending=True, maintain_order=True)
    place, size = pl.int_range(pl.len()).over(cell), pl.len().over(cell)
    is_right = pl.col("label") == pl.col("answer")
    ranked = ordered.with_columns(place=place, size=size, is_right=is_right)
    first = ["place", "is_right", "size", *cell]
    descending = [name == "size" for name in first]
    kept = ranked.filter(pl.col("place") < PER_CELL).sort(first, descending=descending)
    return kept.head(IN_CELLS).sort(*cell, "place").select("id", *cell, "probability")


def explained(documents: pl.DataFrame) -> pl.DataFrame:
    """Return those of the shown documents whose words are weighed."""
    is_right = pl.col("kind") == "right"
    return pl.concat([documents.filter(~is_right).head(EXPLAINED), documents.filter(is_right)])


def ask(
    model: Predictor | None, rows: pl.DataFrame, texts: dict[str, str], contacts: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the tables documents and words of one variant; ``texts`` of the documents by id.

    Without a model, no words are weighed.
    """
    weighed = explained(rows) if model else rows.head(0)
    answers = [model.classes.index(answer) for answer in weighed["answer"]]
    effects = occlude(model, [texts[name] for name in weighed["id"]], answers) if model else []
    counts = pd.Series([effect.words for effect in effects], weighed["id"], dtype="Int64")
    documents = with_excerpts(rows, texts, contacts)
    documents.insert(documents.columns.get_loc("excerpt"), "words", documents["id"].map(counts))
    words = [
        word_table(effect, row["id"], row["kind"], part(texts[row["id"]], effect.text, contacts))
        for effect, row in zip(effects, weighed.to_dicts(), strict=True)
    ]
    return documents, pd.concat(words or [word_table(NO_WORDS, "", "")])


def with_excerpts(rows: pl.DataFrame, texts: dict[str, str], contacts: str) -> pd.DataFrame:
    shown = [excerpt(showing(contacts)(texts[name]), EXCERPT) for name in rows["id"]]
    return rows.to_pandas().assign(excerpt=shown)


def part(text: str, read: str, contacts: str) -> str:
    """Return the part of a text that a model reads, as it is shown.

    Contacts are found in the whole text, because the part may begin or end within one.
    """
    start = text.index(read)
    return showing(contacts)(text)[start : start + len(read)]


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "documents", "output")
    parser.add_argument(
        "--runs", type=Path, nargs="+", required=True, help="run folders, one per variant"
    )
    add_contacts(parser)
    args = parser.parse_args(argv)

    from seq2report.answers.architecture import describe

    files = {folder: checked(folder / "predictions.parquet") for folder in args.runs}
    answers = {folder: read_table(file) for folder, file in files.items()}
    shown = {folder: choose(predictions) for folder, predictions in answers.items()}
    celled = {folder: in_cells(predictions) for folder, predictions in answers.items()}
    ids = pl.concat(rows["id"] for rows in [*shown.values(), *celled.values()]).unique().to_list()
    texts = read_texts(args.documents, ids)
    tables = {"layers": {}, "documents": {}, "cells": {}, "words": {}}
    for folder, rows in shown.items():
        variant = folder.parent.name
        logging.info("%s: %s", variant, plural(rows.height, "documents"))
        model = None if without_model(folder) else load(folder)
        tables["layers"][variant] = describe(model, folder)
        tables["documents"][variant], tables["words"][variant] = ask(
            model, rows, texts, args.contacts
        )
        tables["cells"][variant] = with_excerpts(celled[folder], texts, args.contacts)
        del model
        gc.collect()  # a network refers to itself; it goes before the next one is loaded
    joined = {name: pd.concat(parts, names=["variant"]) for name, parts in tables.items()}
    write_tables({name: rows.reset_index("variant") for name, rows in joined.items()}, args.output)


if __name__ == "__main__":
    run(main)
