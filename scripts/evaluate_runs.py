"""Gather the runs of a corpus into tidy tables.

runs: one row per run. variants: one row per variant, over its seeds, sorted by accuracy. history:
one row per epoch. confusion: number of test documents by true and predicted class, over all seeds.
per_class: precision, recall and F1 of each class, over all seeds. comparisons: paired tests of all
pairs of variants. calibration: accuracy by confidence. selective: accuracy on
the most confident documents, by coverage. recommendation: the best, cheapest and fastest variants.
"""

import argparse
import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from seq2report.answers import statistics
from seq2report.core import command
from seq2report.core.command import UserError, read_json, run
from seq2report.core.tables import write_tables
from seq2report.models.runs import class_scores

SLIDE_EPOCH = 10
SAME = ["title", "kind", "protocol", "test_documents", "fitted_documents", "parameters"]
SAME += ["document_shape", "device"]  # in all seeds of a variant
MEANS = ["accuracy", "macro_f1", "loss", "fit_seconds", "fit_cpu_seconds", "predict_seconds"]
MEANS += ["peak_memory_mb"]
COVERAGE = np.arange(1, 21) / 20
COLUMNS = [  # of the table of variants
    *("variant", "title", "kind", "protocol"),
    *("corpus", "split", "header", "seeds", "runs", "test_documents"),
    *("accuracy", "accuracy_sd", "low", "high", "macro_f1", "macro_f1_sd"),
    *("accuracy_unseen", "unseen_documents"),
    *("loss", "ece", "brier", "confidence", "confident_share", "confident_accuracy"),
    *("fit_seconds", "fit_cpu_seconds", "cpu_minutes", "predict_seconds", "ms_per_document"),
    *("peak_memory_mb", "parameters", "pareto", "document_shape", "fitted_documents", "device"),
]
POINT = 0.01  # of accuracy that a cheaper variant may lose
ALPHA = 0.05


def curve(history: pd.DataFrame) -> dict[str, float]:
    """Return validation accuracy and duration of the epochs of a run (NaN without epochs).

    val_accuracy_at_10 is after `SLIDE_EPOCH` epochs, as on the slides; epoch_seconds is the median,
    because the first epoch includes compilation.
    """
    accuracy = history.set_index("epoch")["val_accuracy"]
    return {
        "val_accuracy_at_10": accuracy.get(SLIDE_EPOCH, math.nan),
        "val_accuracy_best": accuracy.max(),
        "val_accuracy_last": accuracy.get(len(accuracy), math.nan),
        "epoch_seconds": history["seconds"].median(),
    }


def read_run(folder: Path, titles: dict[str, str], classes: list[str]) -> dict[str, pd.DataFrame]:
    """Return the tables of one run folder, …/<variant>/seed-<n>, each with variant and seed."""
    variant, seed = folder.parent.name, int(folder.name.removeprefix("seed-"))
    metrics = read_json(folder / "metrics.json")
    versions = metrics.pop("versions")
    history = pd.read_csv(folder / "history.csv")
    row = {"protocol": "held out"} | metrics | curve(history)
    lists = {key: ", ".join(map(str, row[key])) for key in ("members", "weights") if key in row}
    row |= lists | {f"{name}_version": version for name, version in versions.items()}
    tables = {
        "runs": pd.DataFrame([row]).drop(columns="seed"),
        "history": history,
        "predictions": answers(pd.read_parquet(folder / "predictions.parquet"), classes),
    }
    for table in tables.values():
        table.insert(0, "variant", variant)
        table.insert(1, "title", titles[variant])
        table.insert(2, "seed", seed)
    return tables


def answers(predictions: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """Return correctness and confidence of the predictions of a run, sorted by document id.

    Columns id, label, predicted, right, confidence (the largest probability) and brier.
    """
    probability = predictions[[f"p_{name}" for name in classes]].to_numpy()
    truth = pd.Categorical(predictions["label"], classes).codes
    table = predictions[["id", "label", "predicted"]].assign(
        right=predictions["label"] == predictions["predicted"],
        confidence=probability.max(axis=1),
        brier=statistics.brier(probability, truth),
    )
    return table.sort_values("id", ignore_index=True)


def right_shares(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return the share of seeds of a variant (row) that classify a document (column) correctly.

    Raises:
        UserError: two runs were tested on different documents.
    """
    runs = predictions.groupby(["variant", "seed"], sort=False)
    ids = predictions["id"].iloc[: len(next(iter(runs))[1])]
    for (variant, seed), rows in runs:
        if not np.array_equal(rows["id"], ids):
            raise UserError(
                f"{variant}, seed {seed}: its predictions are for other documents than those of"
                " the first run, expected the same test documents; train this variant again"
            )
    right = pd.DataFrame(
        [rows["right"].to_numpy(float) for _, rows in runs],
        index=pd.Index([variant for (variant, _), _ in runs], name="variant"),
        columns=pd.Index(ids, name="id"),
    )
    return right.groupby(level="variant", sort=False).mean()


def summarise(runs: pd.DataFrame, shares: pd.DataFrame, duplicates: set[str]) -> pd.DataFrame:
    """Return one row per variant: means over seeds, standard deviations, and a 95% interval.

    accuracy_unseen is the accuracy on the unseen_documents, those without a duplicate in training.
    """
    groups = runs.groupby("variant", sort=False)
    table = groups[SAME].first().join(groups[MEANS].mean())
    table["seeds"] = groups["seed"].agg(lambda seeds: " ".join(map(str, sorted(seeds))))
    table["runs"] = groups.size()
    table[["accuracy_sd", "macro_f1_sd"]] = groups[["accuracy", "macro_f1"]].std()
    table[["low", "high"]] = [
        statistics.accuracy_interval(shares.loc[variant].to_numpy(), rows["accuracy"].to_numpy())
        for variant, rows in groups
    ]
    unseen = shares.loc[:, ~shares.columns.isin(duplicates)]
    table["accuracy_unseen"] = unseen.mean(axis=1)
    table["unseen_documents"] = unseen.shape[1]
    table["cpu_minutes"] = table["fit_cpu_seconds"] / 60
    table["ms_per_document"] = 1000 * table["predict_seconds"] / table["test_documents"]
    held_out = table[table["protocol"] != "lecture"]
    first = statistics.pareto(*held_out[["fit_cpu_seconds", "accuracy"]].to_numpy().T)
    return table.assign(pareto=table.index.isin(held_out.index[first]))


def compare(shares: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Return the paired test of each pair of variants, as `statistics.paired_tests` computes it.

    Each pair has two rows, one per order, but counts once in the correction of p_holm. The
    difference is that of a less b; the verdict on a is better, worse or not distinguishable.
    """
    accuracy = runs.groupby("variant")["accuracy"]
    errors = accuracy.agg(lambda seeds: statistics.seed_variance(seeds) / len(seeds))
    seeds = accuracy.size().min()
    tests = statistics.paired_tests(shares.to_numpy(), errors[shares.index].to_numpy(), seeds)
    mirrored = tests.rename(columns={"a": "b", "b": "a"}).assign(
        difference=-tests["difference"], low=-tests["high"], high=-tests["low"]
    )
    tests = pd.concat([tests, mirrored]).sort_values(["a", "b"], ignore_index=True)
    titles = runs.groupby("variant")["title"].first()[shares.index]
    sides = {f"variant_{side}": shares.index[tests[side]] for side in "ab"}
    sides |= {f"title_{side}": titles.to_numpy()[tests[side]] for side in "ab"}
    verdicts = np.where(tests["difference"] > 0, "better", "worse")
    return pd.DataFrame(sides | tests.drop(columns=["a", "b"]).to_dict("series")).assign(
        verdict=np.where(tests["p_holm"] < ALPHA, verdicts, "not distinguishable")
    )


def certainty(predictions: pd.DataFrame, confidence: float) -> dict[str, pd.DataFrame]:
    """Return calibration and selective accuracy of each variant, over all seeds.

    Documents with at least this confidence count as confident.

    Returns:
        calibration and selective, one row per variant and bin or coverage; and measures by
        variant: ece, brier, confidence (the argument), confident_share and confident_accuracy.
    """
    calibration, selective, measures = [], [], {}
    for (variant, title), rows in predictions.groupby(["variant", "title"], sort=False):
        sure, right = rows["confidence"].to_numpy(), rows["right"].to_numpy()
        bins = statistics.reliability(sure, right)
        accuracy = statistics.selective_accuracy(sure, right, COVERAGE)
        answered = pd.DataFrame({"coverage": COVERAGE, "accuracy": accuracy})
        calibration.append(bins.assign(variant=variant, title=title))
        selective.append(answered.assign(variant=variant, title=title))
        confident = sure >= confidence
        measures[variant] = {
            "ece": statistics.expected_calibration_error(bins),
            "brier": rows["brier"].mean(),
            "confidence": confidence,
            "confident_share": confident.mean(),
            "confident_accuracy": right[confident].mean() if confident.any() else math.nan,
        }
    names = ["variant", "title"]
    return {
        "calibration": pd.concat(calibration)[[*names, *bins.columns]],
        "selective": pd.concat(selective)[[*names, *answered.columns]],
        "measures": pd.DataFrame.from_dict(measures, orient="index"),
    }


def recommend(variants: pd.DataFrame) -> pd.DataFrame:
    """Return the recommended variants; those monitored on the test documents are left out.

    Within one point means an accuracy at most `POINT` below the best. The cheapest has the least
    CPU time of fitting, the fastest the fewest milliseconds per test document.
    """
    held_out = variants[variants["protocol"] != "lecture"]
    columns = ["variant", "title", "accuracy", "cpu_minutes", "ms_per_document"]
    if held_out.empty:
        return held_out[columns].assign(recommendation="")[["recommendation", *columns]]
    best = held_out["accuracy"].idxmax()
    near = held_out[held_out["accuracy"] >= held_out.loc[best, "accuracy"] - POINT - 1e-9]
    chosen = {
        "best": best,
        "cheapest within one point": near["cpu_minutes"].idxmin(),
        "fastest within one point": near["ms_per_document"].idxmin(),
        "fastest": held_out["ms_per_document"].idxmin(),
    }
    table = held_out.loc[list(chosen.values()), columns].reset_index(drop=True)
    return table.assign(recommendation=list(chosen))[["recommendation", *columns]]


def confusion(predictions: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """Return columns variant, title, label, predicted, documents; one row per pair of classes."""
    keys = ["variant", "title", "label", "predicted"]
    counts = predictions.groupby(keys, sort=False).size().rename("documents")
    variants = predictions[["variant", "title"]].drop_duplicates()
    pairs = variants.merge(pd.DataFrame({"label": classes}), how="cross")
    pairs = pairs.merge(pd.DataFrame({"predicted": classes}), how="cross")
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


def gather(args: argparse.Namespace) -> dict[str, pd.DataFrame]:
    """Return all tables, by name; ``args`` are those of the command."""
    corpus = read_json(args.corpus)
    classes = corpus["classes"]
    read = [read_run(folder, args.titles, classes) for folder in args.runs]
    runs, history, predictions = (
        pd.concat([tables[name] for tables in read], ignore_index=True)
        for name in ("runs", "history", "predictions")
    )
    duplicates = set(pd.read_parquet(args.duplicates, columns=["id"])["id"])
    shares = right_shares(predictions)
    confidence = certainty(predictions, args.confidence)
    variants = summarise(runs, shares, duplicates).join(confidence.pop("measures"))
    variants = variants.assign(corpus=corpus["title"], **args.circumstances)
    variants = variants.sort_values(["accuracy", "fit_cpu_seconds"], ascending=[False, True])
    variants = variants.reset_index()[COLUMNS]
    return {
        "runs": runs,
        "variants": variants,
        "history": history,
        "confusion": confusion(predictions, classes),
        "per_class": per_class(predictions, classes),
        "comparisons": compare(shares.loc[variants["variant"]], runs),
        "recommendation": recommend(variants),
        **confidence,
    }


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "corpus", "output")
    for name, about in (("circumstances", "of the corpus"), ("titles", "{variant: title}")):
        parser.add_argument(f"--{name}", type=json.loads, required=True, help=f"JSON: {about}")
    parser.add_argument("--runs", type=Path, nargs="+", required=True, help="run folders")
    parser.add_argument("--duplicates", type=Path, required=True, help="duplicates.parquet")
    least = "probability from which an answer counts as confident"
    parser.add_argument("--confidence", type=float, required=True, help=least)
    args = parser.parse_args(argv)
    write_tables(gather(args), args.output)


if __name__ == "__main__":
    run(main)
