"""Make an ensemble of runs of other variants: weights, metrics and predictions.

The model is ensemble.json (members, their weights and the method) and the members themselves: what
their models need is copied to members/<variant>/. vote is the mean of the members'
probabilities; stack is the product of their powers, with weights that are fitted on the validation
documents. Test documents have no part in either. history.csv has no rows.

In metrics.json, times and parameters are the sum of the members' and what the ensemble adds, and
memory is the most that one of them took. val_accuracy and val_loss are honest for a vote; for a
stack they are too good, as its weights were fitted on the same documents.
"""

import logging
from collections.abc import Callable, Sequence
from functools import reduce
from pathlib import Path

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from seq2report.core import command
from seq2report.core.command import read_json, replacing, run, write_json
from seq2report.core.durations import stopwatch
from seq2report.models.ensembles import METHODS, read_members
from seq2report.models.runs import copy_model, write_run
from seq2report.models.variant import Ensemble, Variant

THREADS = 1  # of linear algebra, as the rule asks for


def timed(work: Callable, *arguments: object) -> tuple[np.ndarray, float, float]:
    """Return what ``work`` returns, and its seconds and CPU seconds."""
    passed = stopwatch()
    with threadpool_limits(THREADS):
        found = work(*arguments)
    return found, *passed()


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "seed", "output")
    parser.add_argument(
        "--runs", type=Path, nargs="+", required=True, help="run folders, …/<member>/seed-<n>"
    )
    parser.add_argument("--method", choices=METHODS, required=True)
    args = parser.parse_args(argv)

    members = [read_json(folder / "metrics.json") for folder in args.runs]
    validation, classes, known = read_members([run / "validation.parquet" for run in args.runs])
    test, _, unknown = read_members([run / "predictions.parquet" for run in args.runs])
    truth = validation["label"].cast(pl.Enum(classes)).to_physical().to_numpy()
    fit, predict = METHODS[args.method]
    weights, fit_seconds, fit_cpu_seconds = timed(fit, known, truth)
    probability, predict_seconds, predict_cpu_seconds = timed(predict, unknown, weights)
    watched = predict(known, weights)
    model = {
        "members": [folder.parent.name for folder in args.runs],
        "weights": weights.tolist(),
        "method": args.method,
    }
    variant = Variant("ensemble", ensemble=Ensemble(model["members"], args.method))
    own = {
        "parameters": 0,  # but for a weight a member
        "fit_seconds": fit_seconds,
        "fit_cpu_seconds": fit_cpu_seconds,
        "predict_seconds": predict_seconds,
        "predict_cpu_seconds": predict_cpu_seconds,
    }
    facts = {
        "kind": variant.kind,
        "seed": args.seed,
        **model,
        "fitted_documents": max(member["fitted_documents"] for member in members),
        "document_shape": None,  # each member has its own
        **{key: value + sum(member[key] for member in members) for key, value in own.items()},
        "threads": max(member["threads"] for member in members),
        "device": ", ".join(sorted({member["device"] for member in members})),
    }
    told = [read_json(folder / "run.json") for folder in args.runs]
    about = {
        "variant": args.output.parent.name,
        "seed": args.seed,
        "settings": variant.settings(),
        **{key: told[0][key] for key in ("classes", "corpus", "seq2report")},
        "versions": reduce(dict.__or__, (each["versions"] for each in told)),
    }
    with replacing(args.output) as part:
        part.mkdir()
        write_json(part / "run.json", about)
        for name, folder in zip(model["members"], args.runs, strict=True):
            copy_model(folder, part / "members" / name)
        write_json(part / "ensemble.json", model)
        metrics = write_run(part, (test, probability), (validation, watched), classes, [], facts)
        peak = max(each["peak_memory_mb"] for each in (*members, metrics))
        write_json(part / "metrics.json", metrics | {"peak_memory_mb": peak})
    logging.info("test accuracy %(accuracy).4f, macro-F1 %(macro_f1).4f", metrics)


if __name__ == "__main__":
    run(main)
