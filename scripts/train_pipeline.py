"""Train a scikit-learn pipeline of a variant: model, run.json, history, metrics and predictions.

A pipeline has no epochs and so no early stopping, and history.csv has no rows. It is fitted twice:
on the training split alone, to predict the documents of the validation split, and then on both,
to predict the test documents. This second model is the one that is saved, as model.skops and
vocabulary.parquet. Where a classifier gives no probabilities, the temperature that turns its
decision values into some is found on the predictions of the first.
"""

import json
import logging
from collections.abc import Sequence

import polars as pl
from threadpoolctl import threadpool_limits

from seq2report.core import command
from seq2report.core.command import read_json, replacing, run, write_json
from seq2report.core.durations import stopwatch
from seq2report.models.runs import about_run, write_run
from seq2report.models.variant import Variant

THREADS = 1  # of linear algebra, as the rule asks for


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "corpus", "documents", "settings", "seed", "output")
    parser.add_argument(
        "--circumstances",
        type=json.loads,
        default={},
        help="what run.json tells of the corpus beside what stands in corpus.json, as JSON",
    )
    args = parser.parse_args(argv)

    from seq2report.models import pipelines

    variant = Variant.read(args.settings)
    corpus = read_json(args.corpus)
    classes = corpus["classes"]
    documents = pl.read_parquet(args.documents)
    train, validation, test = (
        documents.filter(pl.col("split") == name) for name in ("train", "validation", "test")
    )
    every = documents.filter(pl.col("split").is_in(["train", "validation"]))
    with threadpool_limits(THREADS):
        fitting = stopwatch()
        pipeline = pipelines.build_pipeline(variant.pipeline, args.seed)
        pipeline, watched = pipelines.calibrated(pipeline, train, validation, classes)
        model = pipelines.fitted(pipeline, every)
        fit_seconds, fit_cpu_seconds = fitting()
        predicting = stopwatch()
        probability = pipelines.probabilities(model, test, classes)
        predict_seconds, predict_cpu_seconds = predicting()
    facts = {
        "kind": variant.kind,
        "seed": args.seed,
        "fitted_documents": every.height,
        "parameters": pipelines.count_parameters(model),
        "document_shape": str(model[-1].n_features_in_),
        "temperature": getattr(model[-1], "temperature", None),
        "fit_seconds": fit_seconds,
        "fit_cpu_seconds": fit_cpu_seconds,
        "predict_seconds": predict_seconds,
        "predict_cpu_seconds": predict_cpu_seconds,
        "threads": THREADS,
        "device": "CPU",
    }
    about = about_run(args.output, args.settings, args.seed, corpus, args.circumstances)
    with replacing(args.output) as part:
        part.mkdir()
        write_json(part / "run.json", about)
        pipelines.save_pipeline(model, part)
        predicted = ((test, probability), (validation, watched))
        metrics = write_run(part, *predicted, classes, [], facts)
    logging.info("test accuracy %(accuracy).4f, macro-F1 %(macro_f1).4f", metrics)


if __name__ == "__main__":
    run(main)
