"""Compare variants by the number of labels that they are trained on.

sizes: one row per variant and size, over its seeds, with the metric of the corpus (score) and its
95% interval. crossings: pairs of variants of which the second is not ahead with the fewest labels,
but with the most, the number of labels from which on the second one stays ahead, and its 95%
interval; an empty limit is outside of the sizes. doubling: per variant, the power law of its errors
(see `answers.sizes`) and what twice as many labels are expected to bring; empty if no law fits.
"""

import itertools
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from seq2report.answers import metrics
from seq2report.answers.sizes import FEWEST, crossing_interval, last_crossing, power_law
from seq2report.answers.statistics import group_sums, seed_variance
from seq2report.core import command
from seq2report.core.command import read_json, run
from seq2report.core.tables import write_tables
from seq2report.documents.documents import read_groups
from seq2report.models.runs import (
    METRICS,
    checked,
    class_numbers,
    fit_cost,
    read_predictions,
    variant_of,
)

GAIN = ("gain", "gain_low", "gain_high")
CROSSINGS = ["first", "second", "first_title", "second_title", "labels", "low", "high"]


def read_runs(folders: Sequence[Path], classes: list[str]) -> pd.DataFrame:
    """Return one row per run: variant, size, seed, about (metrics.json), ids, truth and predicted.

    The last three are of the test documents, (n,): ids and class numbers.

    Raises:
        UserError: two runs were tested on different documents.
    """
    rows = []
    for folder, table in read_predictions(folders):
        codes = (class_numbers(table[name], classes) for name in ("label", "predicted"))
        subset = re.fullmatch("labels-(.+)", folder.parent.name)
        size, seed = subset[1] if subset else "all", int(folder.name.removeprefix("seed-"))
        about = read_json(checked(folder / "metrics.json"))
        rows.append((variant_of(folder), size, seed, about, table["id"].to_numpy(), *codes))
    columns = ["variant", "size", "seed", "about", "ids", "truth", "predicted"]
    return pd.DataFrame(rows, columns=columns)


def summarise(
    runs: pd.DataFrame, sizes: list[dict], metric: str, groups: np.ndarray | None
) -> tuple[pd.DataFrame, list]:
    """Return the table sizes, and the influences of the test documents on each row's score.

    Different shares of a small corpus can be the same subset, which is used once. ``groups`` are
    those of the test documents, as in `metrics.interval`.
    """
    rows, influences = [], []
    known = {entry["labels"]: entry for entry in sizes}  # once per number of documents
    for variant, of_variant in runs.groupby("variant", sort=False):
        for _, entry in sorted(known.items()):
            group = of_variant[of_variant["size"] == str(entry["size"])]
            truth, predicted = group["truth"].iloc[0], np.stack(group["predicted"])
            scores = np.array([about[metric] for about in group["about"]])
            low, high = metrics.interval(metric, truth, predicted, scores, groups)
            facts = {"variant": variant, **entry, "size": str(entry["size"])}
            facts |= {"seeds": " ".join(map(str, sorted(group["seed"]))), "metric": metric}
            facts |= {"test_documents": len(truth), "score": scores.mean(), "low": low}
            facts |= {"high": high, "seed_error": seed_variance(scores) / len(scores)}
            cost = [fit_cost(about) for about in group["about"]]
            rows.append(facts | {"fit_cpu_seconds": np.mean(cost)})
            influences.append(metrics.influences(metric, truth, predicted))
    return pd.DataFrame(rows), influences


def crossings(
    sizes: pd.DataFrame, influences: list[np.ndarray], groups: np.ndarray | None
) -> pd.DataFrame:
    """Return the table crossings, without titles.

    The covariance of the scores is that on other test documents, which all runs share, plus the
    variance over seeds, as if the seeds of two scores were independent.
    """
    rows = []
    for first, second in itertools.permutations(sizes["variant"].unique(), 2):
        a, b = (np.flatnonzero(sizes["variant"] == name) for name in (first, second))
        labels, score = sizes["labels"].to_numpy()[a], sizes["score"].to_numpy()
        lead = score[b] - score[a]
        if lead[0] <= 0 < lead[-1]:
            away = np.array([influences[m] - influences[n] for m, n in zip(b, a, strict=True)])
            errors = sizes["seed_error"].to_numpy()
            sums = group_sums(away, groups)
            covariance = sums @ sums.T / away.shape[1] ** 2 + np.diag(errors[a] + errors[b])
            point = float(last_crossing(labels, lead))
            rows.append((first, second, point, *crossing_interval(labels, lead, covariance)))
    return pd.DataFrame(rows, columns=["first", "second", "labels", "low", "high"])


def doubling(sizes: pd.DataFrame) -> pd.DataFrame:
    """Return the table doubling, without titles."""
    rows = []
    for variant, curve in sizes.groupby("variant", sort=False):
        labels = int(curve["labels"].iloc[-1])
        law = power_law(curve["labels"].to_numpy(), 1 - curve["score"].to_numpy())
        row = {"variant": variant, "labels": labels, "doubled": 2 * labels}
        row |= {"of": len(curve), "fewest": FEWEST}
        names = ("sizes", "exponent", "exponent_low", "exponent_high", "expected")
        row |= dict.fromkeys((*names, *GAIN), np.nan)
        if law:
            last = 1 - curve[["score", "high", "low"]].iloc[-1]
            ratios = (last["high"] / last["score"], last["low"] / last["score"])
            gain = law.gain(last["score"], ratios)
            found = (law.sizes, law.exponent, law.low, law.high, 1 - last["score"] + gain[0])
            row |= dict(zip((*names, *GAIN), (*found, *gain), strict=True))
        rows.append(row)
    return pd.DataFrame(rows)


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "corpus", "documents", "output")
    parser.add_argument("--sizes", type=Path, required=True, help="sizes.json")
    as_json = {"type": command.json_argument, "help": "JSON: {variant: title}, of all variants"}
    parser.add_argument("--titles", required=True, **as_json)
    parser.add_argument("--runs", type=Path, nargs="+", required=True, help="run folders")
    parser.add_argument("--metric", choices=METRICS, required=True, help="of the corpus")
    args = parser.parse_args(argv)

    runs = read_runs(args.runs, read_json(args.corpus)["classes"])
    groups = read_groups(args.documents, runs["ids"].iloc[0])
    sizes, influences = summarise(runs, read_json(args.sizes)["sizes"], args.metric, groups)
    crossed = crossings(sizes, influences, groups)
    for name in ("first", "second"):
        crossed[f"{name}_title"] = crossed[name].map(args.titles)
    tables = {"sizes": sizes.drop(columns="seed_error"), "doubling": doubling(sizes)}
    order = {name: number for number, name in enumerate(args.titles, 1)}
    for table in tables.values():
        table.insert(1, "title", table["variant"].map(args.titles))
        table.insert(2, "number", table["variant"].map(order))
    write_tables(tables | {"crossings": crossed[CROSSINGS]}, args.output)


if __name__ == "__main__":
    run(main)
