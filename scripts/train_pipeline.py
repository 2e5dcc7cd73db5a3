"""Train a scikit-learn pipeline of a variant: model, run.json, history, metrics and predictions.

A pipeline has no epochs and no early stopping, and history.csv has no rows. The pipeline is fitted
twice: on the training split, to predict the validation split; then on both splits, to predict the
test split. The second model is saved as model.skops and vocabulary.parquet. If a classifier has no
probabilities, the validation predictions of the first model determine the temperature that converts
decision values to probabilities.
"""

import json
import logging
from collections.abc import Sequence
from functools import partial

import polars as pl
from threadpoolctl import threadpool_limits

from seq2report.core import command
from seq2report.core.command import run
from seq2report.core.durations import stopwatch
from seq2report.core.excerpts import excerpt
from seq2report.core.stored import read_table
from seq2report.models.runs import about_run, durations, save_run
from seq2report.models.variant import Variant

THREADS = 1  # of linear algebra, as in the rule


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "corpus", "documents", "settings", "seed", "output")
    parser.add_argument(
        "--circumstances", type=json.loads, default={}, help="of the corpus, for run.json, as JSON"
    )
    args = parser.parse_args(argv)

    from seq2report.models import pipelines

    variant, about = Variant.read(args.settings), about_run(args)
    documents = read_table(args.documents)
    train, validation, test = (
        documents.filter(pl.col("split") == name) for name in ("train", "validation", "test")
    )
    both = documents.filter(pl.col("split").is_in(["train", "validation"]))
    with threadpool_limits(THREADS):
        fitting = stopwatch()
        pipeline = pipelines.build_pipeline(variant.pipeline, args.seed)
        pipeline, watched = pipelines.calibrated(pipeline, train, validation, about["classes"])
        model = pipelines.fitted(pipeline, both)
        fit_time, predicting = fitting(), stopwatch()
        probability = pipelines.probabilities(model, test, about["classes"])
        predict_time = predicting()
    if word := pipelines.joined_word(model):
        message = "token_pattern reads texts without blanks as words such as '%s'; remove it"
        logging.warning(message, excerpt(word, 40))
    facts = {
        "kind": variant.kind,
        "seed": args.seed,
        "fitted_documents": both.height,
        "parameters": pipelines.count_parameters(model),
        "document_shape": str(model[-1].n_features_in_),
        "temperature": getattr(model[-1], "temperature", None),
        **durations(fit_time, predict_time),
        "threads": THREADS,
        "device": "CPU",
    }
    save = partial(pipelines.save_pipeline, model)
    save_run(args.output, about, save, (test, probability), (validation, watched), facts)


if __name__ == "__main__":
    run(main)
