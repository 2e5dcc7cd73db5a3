"""Choose one of several variants by the validation documents, and copy its run.

The best variant has the highest mean of the metric over its seeds, then the lowest mean log loss.
The choice is the same for all seeds, so that they are runs of one model. No prediction of a test
document is read. The run has the files of the chosen variant with the same seed, and its figures.
run.json and metrics.json also name the choice. candidates.csv has one row per candidate, the best
first: means over seeds of the metric, the log loss and the CPU seconds of a training, the standard
deviation of the metric, and the CPU seconds of the trainings with all seeds.
"""

import logging
import shutil
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from seq2report.core import command
from seq2report.core.command import read_json, replacing, run, write_json
from seq2report.models.runs import (
    METRICS,
    check_digests,
    checked,
    fit_cost,
    variant_of,
    write_digests,
)
from seq2report.models.variant import DIGESTS


def read_scores(runs: Sequence[Path], by: str) -> pd.DataFrame:
    """Return one row per run: variant, ``by``, val_loss and fit_cpu_seconds.

    features are those that a run reads, and features_cpu_seconds their share of fit_cpu_seconds,
    both by `fit_cost`. Those of a subset of the labels are computed for each seed.
    """
    rows = []
    for folder in runs:
        metrics = read_json(checked(folder / "metrics.json"))
        about = read_json(folder / "run.json")
        features = about["settings"].get("input", {}).get("features") or ""
        if about.get("labels"):
            features = f"{folder.name}/{features}"
        row = {"variant": variant_of(folder), by: metrics[by], "val_loss": metrics["val_loss"]}
        row |= {"features": features}
        row |= {"features_cpu_seconds": fit_cost(metrics, "features") or 0}
        rows.append(row | {"fit_cpu_seconds": fit_cost(metrics)})
    return pd.DataFrame(rows)


def spent(scores: pd.DataFrame) -> float:
    """Return the CPU seconds of some trainings; features that several read are made once."""
    own = scores["fit_cpu_seconds"] - scores["features_cpu_seconds"]
    shared = scores.groupby("features")["features_cpu_seconds"].max()
    return float(own.sum() + shared.sum())


def rank(scores: pd.DataFrame, by: str) -> pd.DataFrame:
    """Return one row per variant, the best first; of equal ones, the first of the grid.

    Scores that differ by rounding errors of their means are equal.
    """
    groups = scores.groupby("variant", sort=False)
    table = groups[[by, "val_loss", "fit_cpu_seconds"]].mean().assign(runs=groups.size())
    table["search_cpu_seconds"] = {name: spent(rows) for name, rows in groups}
    table.insert(1, f"{by}_sd", groups[by].std())
    order = {"by": [by, "val_loss"], "ascending": [False, True], "kind": "stable"}
    return table.loc[table[[by, "val_loss"]].round(9).sort_values(**order).index].reset_index()


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "seed", "output")
    runs = "run folders of the candidates, …/<variant>/seed-<n>, with all seeds"
    parser.add_argument("--runs", type=Path, nargs="+", required=True, help=runs)
    metrics = [f"val_{name}" for name in METRICS]
    parser.add_argument("--by", choices=metrics, required=True, help="metric that decides")
    args = parser.parse_args(argv)

    scores = read_scores(args.runs, args.by)
    table = rank(scores, args.by)
    best = table["variant"].iloc[0]
    (chosen,) = (
        folder
        for folder in args.runs
        if (variant_of(folder), folder.name) == (best, f"seed-{args.seed}")
    )
    files = [file for file in chosen.rglob("[!.]*") if file.is_file() and file.name != DIGESTS]
    check_digests(chosen, *(str(file.relative_to(chosen)) for file in files))
    about = read_json(chosen / "run.json")
    choice = {"variant": best, "by": args.by, "candidates": len(table)}
    facts = {"chosen": best, "candidates": len(table)}
    facts |= {"search_cpu_seconds": spent(scores)}
    documents = about.get("labels") or about["corpus"]["documents"]
    facts |= {"validation_documents": documents["validation"]}
    with replacing(args.output) as part:
        # Not with the times of the files, which would be older than the scores.
        hidden = shutil.ignore_patterns(".*")  # of a file manager, or of a network file system
        shutil.copytree(chosen, part, copy_function=shutil.copyfile, ignore=hidden)
        own = {"variant": variant_of(args.output), "chosen": choice}
        write_json(part / "run.json", about | own)
        write_json(part / "metrics.json", read_json(chosen / "metrics.json") | facts)
        table.to_csv(part / "candidates.csv", index=False)
        write_digests(part)
    logging.info("%s, the best of %d by %s", best, len(table), args.by)


if __name__ == "__main__":
    run(main)
