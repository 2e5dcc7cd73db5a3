"""Train a scikit-learn pipeline of a variant: model, history, metrics and predictions.

A pipeline has no epochs and so no early stopping: it is fitted on all training documents, those
of the validation split included, and history.csv has no rows. The model
is model.skops and vocabulary.parquet.
"""

import argparse
import json
import logging
import time
from collections.abc import Sequence
from pathlib import Path

import polars as pl
from threadpoolctl import threadpool_limits

from seq2report.command import UserError, read_json, replacing, run
from seq2report.runs import write_run

THREADS = 1  # of linear algebra, as the rule asks for


def main(argv: Sequence[str] | None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, required=True, help="corpus.json")
    parser.add_argument("--documents", type=Path, required=True, help="documents.parquet")
    parser.add_argument("--settings", type=json.loads, required=True, help="variant, as JSON")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True, help="run folder to write")
    args = parser.parse_args(argv)

    from seq2report import pipelines

    classes = read_json(args.corpus)["classes"]
    documents = pl.read_parquet(args.documents)
    train = documents.filter(pl.col("split").is_in(["train", "validation"]))
    test = documents.filter(pl.col("split") == "test")
    model = pipelines.build_pipeline(args.settings["pipeline"], args.seed)
    logging.info("fitting %s on %d documents", " → ".join(model.named_steps), train.height)
    start, cpu_start = time.perf_counter(), time.process_time()
    try:
        with threadpool_limits(THREADS):
            model.fit(train["text"].to_list(), train["label"].to_numpy().astype(str))
    except ValueError as error:
        raise UserError(
            f"scikit-learn cannot fit this pipeline to {train.height} documents: {error}"
        ) from error
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    start = time.perf_counter()
    with threadpool_limits(THREADS):
        probability = model.predict_proba(test["text"].to_list())
    facts = {
        "kind": "linear",
        "seed": args.seed,
        "fitted_documents": train.height,
        "parameters": pipelines.count_parameters(model),
        "document_shape": str(model[-1].n_features_in_),
        "fit_seconds": seconds,
        "fit_cpu_seconds": cpu_seconds,
        "predict_seconds": time.perf_counter() - start,
        "threads": THREADS,
        "device": "CPU",
    }
    with replacing(args.output) as part:
        part.mkdir()
        pipelines.save_pipeline(model, part)
        metrics = write_run(part, test, probability, classes, [], facts)
    logging.info("test accuracy %(accuracy).4f, macro-F1 %(macro_f1).4f", metrics)


if __name__ == "__main__":
    run(main)
