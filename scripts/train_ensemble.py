"""Combine runs of other variants in an ensemble: weights, metrics and predictions.

The model is ensemble.json (members, weights and method) and the models of the members, which are
copied to members/<variant>/. vote is the mean of the members' probabilities; stack is the product
of their powers, with weights that are fitted on the validation split. The test split is used for
predictions only. history.csv has no rows.

In metrics.json, times and parameters are the sum over the members and the ensemble itself, and
memory is the maximum. val_accuracy and val_loss are optimistic for a stack, because its weights are
fitted on the same documents; for a vote, if an epoch, a temperature or the settings of a member
were chosen on them. If a member has answers from elsewhere, times, parameters and memory are null,
and a vote has no validation figures unless that member has them.
"""

from collections.abc import Callable, Sequence
from functools import partial, reduce
from pathlib import Path

import polars as pl
from threadpoolctl import threadpool_limits

from seq2report.core import command
from seq2report.core.command import UserError, read_json, run, write_json
from seq2report.core.durations import shortest
from seq2report.core.stored import read_table
from seq2report.models.ensembles import METHODS, read_members
from seq2report.models.runs import (
    check_digests,
    checked,
    copy_model,
    durations,
    save_run,
    variant_of,
)
from seq2report.models.variant import Ensemble, Variant

THREADS = 1  # of linear algebra, as in the rule


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "seed", "output")
    parser.add_argument(
        "--runs", type=Path, nargs="+", required=True, help="run folders, …/<member>/seed-<n>"
    )
    parser.add_argument("--method", choices=METHODS, required=True)
    args = parser.parse_args(argv)

    test, classes, unknown = read_members([run / "predictions.parquet" for run in args.runs])
    validation, known = test[:0], unknown[:, :0]
    if has_validation(args.runs, args.method):
        validation, _, known = read_members([run / "validation.parquet" for run in args.runs])
    for folder in args.runs:
        check_digests(folder)
    truth = validation["label"].cast(pl.Enum(classes)).to_physical().to_numpy()
    fit, predict = METHODS[args.method]
    with threadpool_limits(THREADS):
        weights, fit_time = shortest(lambda: fit(known, truth), most=1)
        probability, predict_time = shortest(lambda: predict(unknown, weights), most=1)
    model = {
        "members": [variant_of(folder) for folder in args.runs],
        "weights": weights.tolist(),
        "method": args.method,
    }

    def save_model(folder: Path) -> None:
        for name, member in zip(model["members"], args.runs, strict=True):
            copy_model(member, folder / "members" / name)
        write_json(folder / "ensemble.json", model)

    facts = {"kind": "ensemble", "seed": args.seed, **model}
    facts |= totals(args.runs, durations(fit_time, predict_time))
    predicted = ((test, probability), (validation, predict(known, weights)))
    content = about(args.output, args.seed, args.runs, args.method)
    save_run(args.output, content, save_model, *predicted, facts)


def has_validation(runs: list[Path], method: str) -> bool:
    """Return whether all members have predictions of the validation documents.

    Raises:
        UserError: the method needs them.
    """
    files = [checked(run / "validation.parquet") for run in runs]
    empty = [file for file in files if not read_table(file).height]
    if empty and method == "stack":
        raise UserError(
            f"{empty[0]}: found no answers for the validation documents, with which 'stack' fits"
            " its weights; add them, or use 'method: vote'"
        )
    return not empty


def about(output: Path, seed: int, runs: list[Path], method: str) -> dict:
    """Return the content of run.json."""
    members = [read_json(folder / "run.json") for folder in runs]
    ensemble = Ensemble([variant_of(folder) for folder in runs], method)
    return {
        "variant": variant_of(output),
        "seed": seed,
        "settings": Variant("ensemble", ensemble=ensemble).settings(),
        **{key: members[0][key] for key in ("classes", "corpus", "seq2report")},
        **{key: members[0][key] for key in ("labels",) if key in members[0]},
        "versions": reduce(dict.__or__, (member["versions"] for member in members)),
    }


def totals(runs: list[Path], seconds: dict[str, float]) -> dict:
    """Return the sums and maxima over the members; ``seconds`` of the ensemble are added.

    They are None if that of a member is, whose answers come from elsewhere.
    """
    members = [read_json(folder / "metrics.json") for folder in runs]

    def known(combine: Callable, key: str) -> object:
        values = [member[key] for member in members]
        return None if None in values else combine(values)

    own = {"parameters": 0, "frozen_parameters": 0, **seconds}  # the weights are not counted
    return {
        "fitted_documents": known(max, "fitted_documents"),
        "document_shape": None,  # differs between members
        **{key: known(partial(sum, start=value), key) for key, value in own.items()},
        "threads": known(max, "threads"),
        "device": known(lambda names: ", ".join(sorted(set(names))), "device"),
        "peak_memory_mb": known(max, "peak_memory_mb"),
    }


if __name__ == "__main__":
    run(main)
