"""Gather the runs of a corpus into tidy tables.

runs: one row per run. variants: one row per variant, over its seeds, sorted by its score, the
metric of the corpus. history: one row per epoch. confusion: number of test documents by true and
predicted class, over all seeds, without pairs that do not occur. per_class: precision, recall and
F1 of each class, over all seeds. comparisons: paired tests of all pairs of variants. calibration:
accuracy by confidence. selective: accuracy on the most confident documents, by coverage.
recommendation: the best, cheapest and fastest variants. candidates, if variants were chosen: one
row per candidate, as choose writes it.

The probabilities of one run are in memory at a time.
"""

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl

from seq2report.answers import metrics, statistics
from seq2report.answers.recommendation import recommend
from seq2report.core import command
from seq2report.core.command import read_json, run
from seq2report.core.tables import read_frame, write_tables
from seq2report.documents.documents import read_groups
from seq2report.models.runs import (
    METRICS,
    checked,
    class_numbers,
    class_scores,
    fit_cost,
    read_predictions,
)

SLIDE_EPOCH = 10
SAME = ["title", "kind", "protocol", "test_documents", "fitted_documents", "parameters"]
SAME += ["frozen_parameters", "document_shape", "device"]  # in all seeds of a variant
SAME += ["cost_seconds", "cost_money"]  # of answers from elsewhere, if stated in the configuration
MEANS = [*METRICS, "loss", "fit_seconds", "fit_cpu_seconds", "predict_seconds"]
MEANS += ["predict_cpu_seconds", "peak_memory_mb"]
# What is unknown for answers from elsewhere, or for all others.
MAYBE = [*MEANS, "fitted_documents", "parameters", "frozen_parameters"]
MAYBE += ["cost_seconds", "cost_money"]
COVERAGE = np.arange(1, 21) / 20
CURVED = 30  # documents of the first point of a curve of selective accuracy
CERTAINTY = ["ece", "brier", "confidence", "confident_share", "confident_accuracy"]
COLUMNS = [  # of the table of variants
    *("variant", "title", "number", "rank", "kind", "protocol"),
    *("corpus", "split", "header", "seeds", "runs", "test_documents"),
    *("metric", "score", "score_sd", "low", "high"),
    *(name + ending for name in METRICS for ending in ("", "_sd")),
    *("accuracy_unseen", "unseen_documents", "accuracy_unseen_near", "unseen_near_documents"),
    *("answered_classes", "loss", *CERTAINTY),
    *("fit_seconds", "fit_cpu_seconds", "cpu_minutes"),
    *("predict_seconds", "predict_cpu_seconds", "ms_per_document"),
    *("peak_memory_mb", "parameters", "frozen_parameters", "pareto"),
    *("document_shape", "fitted_documents", "device", "cost_seconds", "cost_money"),
]
# Columns of the table of variants if some were chosen from candidates.
CHOICE = ["chosen", "candidates", "search_cpu_seconds", "validation_documents"]
ALPHA = 1 - statistics.LEVEL


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


@dataclass(frozen=True)
class Answers:
    """The answers for the test documents, sorted by id: one row per run, (runs, documents)."""

    ids: np.ndarray  # (documents,) strings
    truth: np.ndarray  # class numbers, (documents,) int32
    predicted: np.ndarray  # class numbers, int32
    confidence: np.ndarray  # the largest probability, float32; NaN without probabilities
    brier: np.ndarray  # mean over the documents, (runs,); NaN without probabilities
    groups: np.ndarray | None = None  # numbers, (documents,), if the corpus has groups

    @property
    def right(self) -> np.ndarray:
        """Whether each answer is right, (runs, documents)."""
        return self.predicted == self.truth


def read_run(folder: Path, titles: dict[str, str]) -> dict[str, pd.DataFrame]:
    """Return the tables runs and history of one run folder, …/<variant>/seed-<n>."""
    variant, seed = folder.parent.name, int(folder.name.removeprefix("seed-"))
    about = read_json(checked(folder / "metrics.json"))
    history = read_frame(checked(folder / "history.csv"))
    versions = about["versions"]
    row = {"protocol": "held out"} | about | curve(history)
    row |= {"fit_cpu_seconds": fit_cost(about)}
    row |= {name: math.nan for name in MAYBE if row.get(name) is None}
    del row["versions"]
    lists = {key: ", ".join(map(str, row[key])) for key in ("members", "weights") if key in row}
    row |= lists | {f"{name}_version": version for name, version in versions.items()}
    tables = {"runs": pd.DataFrame([row]).drop(columns="seed"), "history": history}
    for table in tables.values():
        table.insert(0, "variant", variant)
        table.insert(1, "title", titles[variant])
        table.insert(2, "seed", seed)
    return tables


def answers_of(table: pl.DataFrame, classes: list[str]) -> Answers:
    """Return the answers in the predictions of one run."""
    truth, predicted = (class_numbers(table[name], classes) for name in ("label", "predicted"))
    columns = [f"p_{name}" for name in classes]
    confidence, brier = np.full(len(truth), np.nan, np.float32), np.array([np.nan])
    if set(columns) & set(table.columns):
        probability = table.select(columns).to_numpy()
        confidence = probability.max(axis=1)
        brier = statistics.brier(probability, truth).mean(keepdims=True)
    return Answers(table["id"].to_numpy(), truth, predicted[None], confidence[None], brier)


def read_answers(
    folders: Sequence[Path], classes: list[str], documents: Path
) -> dict[str, Answers]:
    """Return the answers of all runs of each variant, with the groups of the test documents.

    Raises:
        UserError: two runs were tested on different documents.
    """
    same, by_name = {}, {}
    for folder, table in read_predictions(folders):
        answers = answers_of(table, classes)
        same = same or {"ids": answers.ids, "truth": answers.truth}  # in memory once
        by_name.setdefault(folder.parent.name, []).append(replace(answers, **same))
    same = {"groups": read_groups(documents, same["ids"])}
    parts = ("predicted", "confidence", "brier")
    return {
        variant: replace(
            runs[0],
            **{name: np.concatenate([getattr(run, name) for run in runs]) for name in parts},
            **same,
        )
        for variant, runs in by_name.items()
    }


def summarise(
    runs: pd.DataFrame, answers: dict[str, Answers], duplicates: pd.DataFrame, metric: str
) -> pd.DataFrame:
    """Return one row per variant: means over seeds, standard deviations, and a 95% interval.

    score is the ``metric``, and low to high its interval. accuracy_unseen is the accuracy on the
    unseen_documents, those without an exact duplicate in training; accuracy_unseen_near that on
    the unseen_near_documents, those without a near duplicate either. answered_classes is the number
    of different classes that a variant predicts. fit_cpu_seconds are those of `fit_cost`;
    ms_per_document are CPU time, too, or wall-clock time if a GPU was used.
    """
    groups = runs.groupby("variant", sort=False)
    table = groups[SAME].first().join(groups[MEANS].mean())
    if "chosen" in runs:
        counts = dict.fromkeys(["candidates", "validation_documents"], "Int64")
        table = table.join(groups[CHOICE].first()).astype(counts)
    table["seeds"] = groups["seed"].agg(lambda seeds: " ".join(map(str, sorted(seeds))))
    table["runs"] = groups.size()
    table[[f"{name}_sd" for name in METRICS]] = groups[list(METRICS)].std()
    table = table.assign(metric=metric, score=table[metric], score_sd=table[f"{metric}_sd"])
    table[["low", "high"]] = [
        metrics.interval(
            metric, given.truth, given.predicted, rows[metric].to_numpy(), given.groups
        )
        for given, rows in ((answers[variant], rows) for variant, rows in groups)
    ]
    table = table.join(unseen(answers, duplicates))
    table["answered_classes"] = [
        max(len(np.unique(run)) for run in answers[name].predicted) for name in table.index
    ]
    table["cpu_minutes"] = table["fit_cpu_seconds"] / 60
    on_cpu = table["device"] == "CPU"
    predicting = table["predict_cpu_seconds"].where(on_cpu, table["predict_seconds"])
    table["ms_per_document"] = 1000 * predicting / table["test_documents"]
    held_out = table[(table["protocol"] != "lecture") & table["fit_cpu_seconds"].notna()]
    first = statistics.pareto(*held_out[["fit_cpu_seconds", "score"]].to_numpy().T)
    return table.assign(pareto=table.index.isin(held_out.index[first]))


def unseen(answers: dict[str, Answers], duplicates: pd.DataFrame) -> pd.DataFrame:
    """Return the accuracy of each variant on documents without duplicates, and their number."""
    ids = pd.Index(next(iter(answers.values())).ids)
    exact, columns = duplicates.loc[duplicates["exact"], "id"], {}
    for name, seen in (("unseen", exact), ("unseen_near", duplicates["id"])):
        rest = ~ids.isin(seen)
        columns[f"accuracy_{name}"] = [
            given.right[:, rest].mean() if rest.any() else math.nan for given in answers.values()
        ]
        columns[f"{name}_documents"] = int(rest.sum())
    return pd.DataFrame(columns, index=list(answers))


def compare(answers: dict[str, Answers], runs: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return the paired test of each pair of variants, as `statistics.paired_tests` computes it.

    Each pair has two rows, one per order, but counts once in the correction of p_holm. The
    difference is that of a less b; the verdict on a is better, worse or not distinguishable.
    """
    names, scores = np.array(list(answers)), runs.groupby("variant")[metric]
    errors = scores.agg(lambda seeds: statistics.seed_variance(seeds) / len(seeds))[names]
    first, predicted = answers[names[0]], [a.predicted for a in answers.values()]
    differences = metrics.differences(metric, first.truth, predicted)
    seeds, kappa = scores.size()[names].to_numpy(), metrics.unevenness(metric, first.truth)
    tests = statistics.paired_tests(differences, errors.to_numpy(), seeds, kappa, first.groups)
    mirrored = tests.rename(columns={"a": "b", "b": "a"}).assign(
        difference=-tests["difference"], low=-tests["high"], high=-tests["low"]
    )
    tests = pd.concat([tests, mirrored]).sort_values(["a", "b"], ignore_index=True)
    titles = runs.groupby("variant")["title"].first()[names].to_numpy()
    sides = {f"variant_{side}": names[tests[side]] for side in "ab"}
    sides |= {f"title_{side}": titles[tests[side]] for side in "ab"}
    verdicts = np.where(tests["difference"] > 0, "better", "worse")
    return pd.DataFrame(sides | tests.drop(columns=["a", "b"]).to_dict("series")).assign(
        verdict=np.where(tests["p_holm"] < ALPHA, verdicts, "not distinguishable")
    )


def certainty(answers: dict[str, Answers], confidence: float) -> dict[str, pd.DataFrame]:
    """Return calibration and selective accuracy of each variant.

    Documents with at least this confidence count as confident. The calibration is that of all
    answers together, in merged bins; its error and the selective accuracy are means over the seeds,
    since one model is used.

    Returns:
        calibration and selective, one row per variant and bin or coverage; and measures by
        variant, `CERTAINTY`; confidence is the argument. Without probabilities, there are no rows,
        and the measures are NaN.
    """
    calibration, selective, measures = {}, {}, {}
    for variant, given in answers.items():
        if np.isnan(given.confidence).any():
            continue
        sure, right = given.confidence.ravel(), given.right.ravel()
        bins = statistics.reliability(sure, right)
        calibration[variant] = statistics.merged(bins, len(given.confidence))
        coverage = COVERAGE[(len(given.truth) * COVERAGE >= CURVED) | (COVERAGE == 1)]
        selective[variant] = selected(given, coverage)
        confident = sure >= confidence
        measures[variant] = {
            "ece": calibration_error(given),
            "brier": given.brier.mean(),
            "confident_share": confident.mean(),
            "confident_accuracy": right[confident].mean() if confident.any() else math.nan,
        }
    table = pd.DataFrame.from_dict(measures, orient="index")
    table = table.reindex(index=list(answers), columns=CERTAINTY).assign(confidence=confidence)
    none = {"": pd.DataFrame(columns=["confidence", "coverage", "accuracy", "documents"])}
    return {
        "calibration": pd.concat(calibration or none, names=["variant"]),
        "selective": pd.concat(selective or none, names=["variant"]),
        "measures": table,
    }


def selected(given: Answers, coverage: np.ndarray) -> pd.DataFrame:
    """Return the selective accuracy by coverage, the mean over the runs."""
    curves = [
        statistics.selective_accuracy(sure, right, coverage)
        for sure, right in zip(given.confidence, given.right, strict=True)
    ]
    return pd.DataFrame({"coverage": coverage, "accuracy": np.mean(curves, axis=0)})


def calibration_error(given: Answers) -> float:
    """Return the expected calibration error, the mean over the runs."""
    bins = map(statistics.reliability, given.confidence, given.right)
    return float(np.mean([statistics.expected_calibration_error(each) for each in bins]))


def confusion(answers: dict[str, Answers], classes: list[str]) -> pd.DataFrame:
    """Return columns variant, label, predicted, documents: the pairs of classes that occur."""
    names, tables = np.array(classes, object), {}
    for variant, given in answers.items():
        pairs = given.truth.astype(np.int64) * len(classes) + given.predicted
        codes, counts = np.unique(pairs, return_counts=True)
        label, predicted = (names[code] for code in np.divmod(codes, len(classes)))
        tables[variant] = pd.DataFrame(
            {"label": label, "predicted": predicted, "documents": counts}
        )
    return pd.concat(tables, names=["variant"])


def per_class(answers: dict[str, Answers], classes: list[str]) -> pd.DataFrame:
    """Return precision, recall, F1 and the number of test documents of each class."""
    tables = {}
    for variant, given in answers.items():
        truth = np.tile(given.truth, len(given.predicted))
        columns = class_scores(truth, given.predicted.ravel(), len(classes))
        columns["documents"] //= len(given.predicted)
        tables[variant] = pd.DataFrame({"label": classes} | columns)
    return pd.concat(tables, names=["variant"])


def candidates(runs: Sequence[Path]) -> pd.DataFrame:
    """Return the candidates of each variant that was chosen; those of all its seeds are equal."""
    files = {run.parent.name: run / "candidates.csv" for run in runs}
    tables = {
        variant: read_frame(checked(file)).rename(columns={"variant": "candidate"})
        for variant, file in files.items()
        if file.is_file()
    }
    return pd.concat(tables, names=["variant"])


def gather(args: argparse.Namespace) -> dict[str, pd.DataFrame]:
    """Return all tables, by name; ``args`` are those of the command."""
    corpus = read_json(args.corpus)
    answers = read_answers(args.runs, corpus["classes"], args.documents)
    read = [read_run(folder, args.titles) for folder in args.runs]
    runs, history = (
        pd.concat([tables[name] for tables in read], ignore_index=True)
        for name in ("runs", "history")
    )
    duplicates = read_frame(args.duplicates, columns=["id", "exact"])
    return evaluate(args, corpus, runs, answers, duplicates) | {"history": history}


def evaluate(
    args: argparse.Namespace,
    corpus: dict,
    runs: pd.DataFrame,
    answers: dict[str, Answers],
    duplicates: pd.DataFrame,
) -> dict[str, pd.DataFrame]:
    """Return the tables that follow from the runs of a corpus and their answers."""
    classes = corpus["classes"]
    confidence = certainty(answers, args.confidence)
    variants = summarise(runs, answers, duplicates, args.metric)
    variants = variants.join(confidence.pop("measures"))
    variants = variants.assign(**args.circumstances)
    score = variants["score"].round(9)  # equal means may differ by rounding errors
    variants = variants.assign(score=score)
    variants = variants.sort_values(["score", "fit_cpu_seconds"], ascending=[False, True])
    choice = [name for name in CHOICE if name in variants]
    ranks = variants["score"].rank(method="min", ascending=False).astype(int)
    numbers = {name: number for number, name in enumerate(args.titles, 1)}
    variants = variants.assign(rank=ranks, number=variants.index.map(numbers))
    variants = variants.reset_index()[[*COLUMNS, *choice]]
    ranked = {name: answers[name] for name in variants["variant"]}
    comparisons = compare(ranked, runs, args.metric)
    by_name = {
        "confusion": confusion(answers, classes),
        "per_class": per_class(answers, classes),
        **confidence,
        **({"candidates": candidates(args.runs)} if choice else {}),
    }
    return {
        "runs": runs,
        "variants": variants,
        "comparisons": comparisons,
        "recommendation": recommend(variants, comparisons),
        **{name: titled(table, args.titles) for name, table in by_name.items()},
    }


def titled(table: pd.DataFrame, titles: dict[str, str]) -> pd.DataFrame:
    """Return a table by variant with columns variant and title."""
    table = table.reset_index("variant")
    table.insert(1, "title", table["variant"].map(titles))
    return table


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "corpus", "documents", "output")
    for name, about in (("circumstances", "of the corpus"), ("titles", "{variant: title}")):
        as_json = {"type": command.json_argument, "help": f"JSON: {about}"}
        parser.add_argument(f"--{name}", required=True, **as_json)
    parser.add_argument("--runs", type=Path, nargs="+", required=True, help="run folders")
    parser.add_argument("--duplicates", type=Path, required=True, help="duplicates.parquet")
    least = "probability from which an answer counts as confident"
    parser.add_argument("--confidence", type=float, required=True, help=least)
    rank = "by which variants are ranked, compared and recommended"
    parser.add_argument("--metric", choices=METRICS, default="accuracy", help=rank)
    args = parser.parse_args(argv)
    write_tables(gather(args), args.output)


if __name__ == "__main__":
    run(main)
