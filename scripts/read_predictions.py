"""Read answers from elsewhere: the run of a model that others have, without the model.

The table has the answers of all test documents, and of all validation documents or of none; see
documents/predictions.py. The run folder has the files of every run. Without probabilities,
predictions.parquet and validation.parquet have no p_<class>; without answers for the validation
documents, validation.parquet has no rows. history.csv has no rows. In metrics.json, cost_seconds
and cost_money are those of the configuration; times, parameters and memory are null, because
nothing was measured.
"""

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from seq2report.core import command
from seq2report.core.command import UserError, run
from seq2report.core.stored import read_table
from seq2report.documents.predictions import SPLITS, Predictions, read_predictions
from seq2report.models.ensembles import METHODS
from seq2report.models.runs import about_run, durations, save_run
from seq2report.models.variant import Variant

UNKNOWN = ("fitted_documents", "parameters", "frozen_parameters", "document_shape", "threads")
UNKNOWN += ("device", "peak_memory_mb")


def check_for_ensembles(
    table: Path, made: Predictions, split: pl.Series, methods: list[str]
) -> None:
    """Raise `UserError` if an ensemble cannot use the answers."""
    found = None
    if methods and made.answers.ndim == 1:
        found = "labels without probabilities; expected one probability per class"
    elif "stack" in methods and not made.is_answered[(split == "validation").to_numpy()].any():
        found = "no answers for the validation documents, with which 'stack' fits its weights"
    if found:
        raise UserError(
            f"{table}: an ensemble has this variant as a member, but the table has {found}; add"
            " them, or remove the variant from the 'members'"
        )


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "corpus", "documents", "settings", "seed", "output")
    parser.add_argument("--table", type=Path, required=True, help="id, and label or probabilities")
    command.add_circumstances(parser)
    of_ensembles = "methods of the ensembles with this member"
    parser.add_argument("--ensembles", nargs="*", choices=METHODS, default=[], help=of_ensembles)
    args = parser.parse_args(argv)

    about = about_run(args)
    documents = read_table(args.documents, ["id", "label", "split"])
    made = read_predictions(args.table, documents, about["classes"])
    asked = documents.filter(pl.col("split").is_in(SPLITS))
    check_for_ensembles(args.table, made, asked["split"], args.ensembles)
    predicted = [answered(asked, made, split) for split in SPLITS]
    for split, (rows, _) in zip(SPLITS, predicted, strict=True):
        logging.info("answers for %d %s documents", rows.height, split)
    save_run(args.output, about, lambda _: None, *predicted, facts(args))


def answered(
    documents: pl.DataFrame, made: Predictions, split: str
) -> tuple[pl.DataFrame, np.ndarray]:
    """Return the documents of a split that have an answer, and their answers."""
    chosen = (documents["split"] == split).to_numpy() & made.is_answered
    return documents.filter(chosen).select("id", "label"), made.answers[chosen]


def facts(args: argparse.Namespace) -> dict:
    """Return the content of metrics.json in addition to the scores."""
    cost = Variant.read(args.settings).predictions.cost or {}
    return {
        "kind": "predictions",
        "seed": args.seed,
        **dict.fromkeys([*UNKNOWN, *durations((None, None), (None, None))]),
        "cost_seconds": cost.get("seconds"),
        "cost_money": cost.get("money"),
    }


if __name__ == "__main__":
    run(main)
