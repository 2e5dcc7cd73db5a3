"""Gather the runs of a corpus into tidy tables.

runs: a row a run. variants: a row a variant, over its seeds, sorted by accuracy. history: a row
an epoch. confusion: how many test documents of a class were given which class, over all seeds.
per_class: precision, recall and F1 of each class, over all seeds.
"""

import argparse
import json
import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from scipy.stats import binomtest

from seq2report.command import read_json, replacing, run
from seq2report.runs import class_scores
from seq2report.tables import write_tables

SLIDE_EPOCH = 10
MEANS = ["macro_f1", "loss", "fit_seconds", "fit_cpu_seconds", "peak_memory_mb"]


def curve(history: pd.DataFrame) -> dict[str, float]:
    """Return what a run's epochs were like: what the network was right in, and how long one took.

    Args:
        history: of one run, columns epoch, val_accuracy and seconds, by epoch; without rows for a
            model that is not fitted in epochs.

    Returns:
        val_accuracy_at_10 (after `SLIDE_EPOCH` epochs, as the slides have it; NaN if there were
        fewer), val_accuracy_best, val_accuracy_last, and epoch_seconds, the median, so that the
        first epoch with its compilation does not count.
    """
    accuracy = history.set_index("epoch")["val_accuracy"]
    return {
        "val_accuracy_at_10": accuracy.get(SLIDE_EPOCH, math.nan),
        "val_accuracy_best": accuracy.max(),
        "val_accuracy_last": accuracy.get(len(accuracy), math.nan),
        "epoch_seconds": history["seconds"].median(),
    }


def read_run(folder: Path, titles: dict[str, str]) -> dict[str, pd.DataFrame]:
    """Return the tables of one run folder, …/<variant>/seed-<n>, each with variant and seed."""
    variant, seed = folder.parent.name, int(folder.name.removeprefix("seed-"))
    metrics = read_json(folder / "metrics.json")
    versions = metrics.pop("versions")
    history = pd.read_csv(folder / "history.csv")
    row = metrics | curve(history)
    lists = {key: ", ".join(map(str, row[key])) for key in ("members", "weights") if key in row}
    row |= lists | {f"{name}_version": version for name, version in versions.items()}
    tables = {
        "runs": pd.DataFrame([row]).drop(columns="seed"),
        "history": history,
        "predictions": pd.read_parquet(
            folder / "predictions.parquet", columns=["id", "label", "predicted"]
        ),
    }
    for table in tables.values():
        table.insert(0, "variant", variant)
        table.insert(1, "title", titles[variant])
        table.insert(2, "seed", seed)
    return tables


def summarise(runs: pd.DataFrame) -> pd.DataFrame:
    """Return a row a variant: means over seeds and a 95% interval, best accuracy first.

    The interval [low, high] is Wilson's (1927) for the mean accuracy on this many test documents.
    It says how far another test set of this size could be from here; how far other seeds are is
    said by accuracy_sd, which takes two seeds or more.
    """
    groups = runs.groupby(["variant", "title", "kind"], sort=False)
    table = groups["accuracy"].agg(runs="size", accuracy="mean", accuracy_sd="std").reset_index()
    documents = groups["test_documents"].first().to_numpy()
    intervals = [
        binomtest(round(accuracy * n), n).proportion_ci(method="wilson")
        for accuracy, n in zip(table["accuracy"], documents, strict=True)
    ]
    table["low"] = [interval.low for interval in intervals]
    table["high"] = [interval.high for interval in intervals]
    table["test_documents"] = documents
    for column in MEANS:
        table[column] = groups[column].mean().to_numpy()
    for column in ["parameters", "document_shape", "fitted_documents", "device"]:
        table[column] = groups[column].first().to_numpy()
    return table.sort_values("accuracy", ascending=False, ignore_index=True)


def confusion(predictions: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """Return columns variant, title, label, predicted, documents; every pair of classes stands."""
    keys = ["variant", "title", "label", "predicted"]
    counts = predictions.groupby(keys, sort=False).size().rename("documents")
    variants = predictions[["variant", "title"]].drop_duplicates()
    pairs = variants.merge(pd.DataFrame({"label": classes}), how="cross").merge(
        pd.DataFrame({"predicted": classes}), how="cross"
    )
    table = pairs.merge(counts.reset_index(), on=keys, how="left")
    return table.assign(documents=table["documents"].fillna(0).astype(int))


def per_class(predictions: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """Return precision, recall, F1 and the number of test documents of each class."""
    tables = []
    for (variant, title), rows in predictions.groupby(["variant", "title"], sort=False):
        codes = (pd.Categorical(rows[name], classes).codes for name in ("label", "predicted"))
        table = class_scores(*codes, len(classes))
        table["documents"] //= rows["seed"].nunique()
        about = pd.DataFrame({"variant": variant, "title": title, "label": classes})
        tables.append(pd.concat([about, table], axis=1))
    return pd.concat(tables, ignore_index=True)


def main(argv: Sequence[str] | None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, required=True, help="corpus.json")
    parser.add_argument("--titles", type=json.loads, required=True, help="{variant: title}")
    parser.add_argument("--runs", type=Path, nargs="+", required=True, help="run folders")
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    args = parser.parse_args(argv)

    classes = read_json(args.corpus)["classes"]
    read = [read_run(folder, args.titles) for folder in args.runs]
    runs, history, predictions = (
        pd.concat([tables[name] for tables in read], ignore_index=True)
        for name in ("runs", "history", "predictions")
    )
    tables = {
        "runs": runs,
        "variants": summarise(runs),
        "history": history,
        "confusion": confusion(predictions, classes),
        "per_class": per_class(predictions, classes),
    }
    with replacing(args.output) as part:
        part.mkdir()
        write_tables(tables, part)


if __name__ == "__main__":
    run(main)
