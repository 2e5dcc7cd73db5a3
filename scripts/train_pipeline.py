"""Train a scikit-learn pipeline of a variant: model, run.json, history, metrics and predictions.

A pipeline reads texts or features. It has no epochs and no early stopping, and history.csv has no
rows. It is fitted twice: on the training split, to predict the validation split; then on both
splits, to predict the test split. The second model is saved as model.skops and vocabulary.parquet,
and what computes the features in ``features``. If a classifier has no probabilities, the validation
predictions of the first model determine the temperature that converts decision values to
probabilities.

With ``--labels``, both splits are those of a subset of the corpus; see `documents.subsets`.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from seq2report.core import command
from seq2report.core.command import read_json, run
from seq2report.core.durations import MOST, shortest, stopwatch
from seq2report.core.excerpts import excerpt
from seq2report.core.stored import read_table
from seq2report.documents.features import read_features
from seq2report.documents.subsets import drawn
from seq2report.models.runs import about_run, copy_features, durations, save_run, with_features
from seq2report.models.variant import Input, Variant

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from seq2report.models.pipelines import Documents

SPLITS = (("train",), ("validation",), ("train", "validation"), ("test",))
THREADS = 1  # of linear algebra, as in the rule


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "corpus", "documents", "settings", "seed", "output")
    command.add_circumstances(parser)
    command.add_labels(parser)
    args = parser.parse_args(argv)

    from seq2report.models.pipelines import save_pipeline

    variant, about = Variant.read(args.settings), about_run(args)
    documents, x = read_documents(args.documents, variant.input)
    if args.labels is not None:
        corpus = read_json(args.corpus)
        rows = drawn(documents["split"], documents["label"], corpus, args.labels, args.seed)
        documents, x = documents[rows], x[rows]
    parts = [part(documents, x, *names) for names in SPLITS]
    # Of a subset, no time of predictions is shown.
    model, probabilities, facts = train(
        variant, parts, about["classes"], args.seed, MOST if args.labels is None else 1
    )
    if variant.input:
        facts = with_features(facts, args.documents.parent, len(parts[-1][1]))

    def save_model(folder: Path) -> None:
        save_pipeline(model, folder)
        if variant.input:
            copy_features(args.documents.parent, variant.input, folder)

    predicted = [
        (documents.filter(pl.col("split") == name).select("id", "label"), values)
        for name, values in zip(("test", "validation"), probabilities, strict=True)
    ]
    save_run(args.output, about, save_model, *predicted, facts)


def train(
    variant: Variant,
    parts: list[tuple["Documents", np.ndarray]],
    classes: list[str],
    seed: int,
    most: int = MOST,
) -> tuple["Pipeline", list[np.ndarray], dict]:
    """Return the fitted pipeline, probabilities of test and validation documents, and the facts.

    ``parts`` are those of `SPLITS`; ``most`` is as in `shortest`.
    """
    from seq2report.models import pipelines

    training, validation, both, test = parts
    with threadpool_limits(THREADS):
        fitting = stopwatch()
        pipeline = pipelines.build_pipeline(variant.pipeline, seed)
        pipeline, watched = pipelines.calibrated(pipeline, training, validation, classes)
        model = pipelines.fitted(pipeline, *both)
        fit_time = fitting()
        probability, predict_time = shortest(
            lambda: pipelines.probabilities(model, test[0], classes), most
        )
    if word := pipelines.joined_word(model):
        message = "token_pattern reads texts without blanks as words such as '%s'; remove it"
        logging.warning(message, excerpt(word, 40))
    facts = {
        "kind": variant.kind,
        "seed": seed,
        "fitted_documents": len(both[1]),
        "parameters": pipelines.count_parameters(model),
        "frozen_parameters": 0,
        "document_shape": str(model[-1].n_features_in_),
        "temperature": getattr(model[-1], "temperature", None),
        **durations(fit_time, predict_time),
        "threads": THREADS,
        "device": "CPU",
    }
    return model, [probability, watched], facts


def read_documents(path: Path, settings: Input | None) -> tuple[pl.DataFrame, np.ndarray]:
    """Return id, split and label of the labelled documents, and what the pipeline reads of each.

    That is the text, (n,) objects, or a row of features, (n, features). ``path`` is
    documents.parquet of a corpus or of features.
    """
    if settings:
        features = read_features(path)
        return read_table(path), features.matrix
    documents = read_table(path).filter(pl.col("label").is_not_null())
    return documents.drop("text"), documents["text"].to_numpy()


def part(documents: pl.DataFrame, x: np.ndarray, *splits: str) -> tuple["Documents", np.ndarray]:
    """Return what the pipeline reads of the documents of some splits, and their labels, (n,) str.

    Texts become a list.
    """
    chosen = documents["split"].is_in(splits).to_numpy()
    some = x[np.flatnonzero(chosen)]
    labels = documents["label"].to_numpy()[chosen].astype(str)
    return some.tolist() if some.ndim == 1 else some, labels


if __name__ == "__main__":
    run(main)
