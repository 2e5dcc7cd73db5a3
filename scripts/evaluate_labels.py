"""Find suspected label errors: test documents whose label the models contradict.

Confident learning (Northcutt, Jiang and Chuang 2021, "Confident Learning: Estimating Uncertainty in
Dataset Labels"): the threshold of a class is the mean probability that the models give it among the
documents with that label. A document is suspected if its most probable class differs from its label
and reaches the threshold of that class. (cleanlab also suspects a document whose most probable
class misses its threshold, if another class reaches its own; the suggested label would then be one
that the models think less probable.) No model has seen these documents in training, as the
method requires; a suspected document need not be an error. Answers without probabilities are left
out, and so are variants that give every document the same answer: they know nothing of a text.

labels: the suspected documents with the widest margin. labels_summary: one row per class.
"""

import logging
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
import polars as pl

from seq2report.core import command
from seq2report.core.command import intact, run
from seq2report.core.excerpts import add_contacts, excerpt, showing
from seq2report.core.tables import write_tables
from seq2report.documents.documents import read_texts
from seq2report.documents.duplicates import other_labels, read_digests
from seq2report.models.runs import read_predictions, variant_of

SHOWN = 50  # documents
EXCERPT = 300  # characters
SCHEMA = dict.fromkeys(["id", "label", "suggested"], pl.String)
SCHEMA |= dict.fromkeys(["p_label", "p_suggested", "margin"], pl.Float64)
SCHEMA |= dict.fromkeys(["agreeing", "variants"], pl.Int64)


def probabilities_in(run: Path) -> list[str]:
    """Return the columns of the probabilities of a run; answers from elsewhere may have none."""
    with intact(file := run / "predictions.parquet"):
        return [name for name in pl.read_parquet_schema(file) if name.startswith("p_")]


def mean_probability(
    runs: Sequence[Path],
) -> tuple[pl.DataFrame, np.ndarray, np.ndarray, list[str]]:
    """Return the mean probabilities over the variants, each averaged over its seeds.

    Variants that give every document the same probabilities are left out. The probabilities of one
    variant and the sum are in memory at a time.

    Args:
        runs: folders …/<variant>/seed-<n>, at least one, with probabilities.

    Returns:
        The documents (columns id and label, sorted by id), the probabilities (documents, classes)
        float64, the most probable class of each variant (variants, documents), and the class names.

    Raises:
        UserError: two runs have different test documents or labels.
    """
    total, chosen, columns = 0.0, [], probabilities_in(runs[0])
    variants = list(map(variant_of, runs))
    ordered = sorted(runs, key=lambda run: variants.index(variant_of(run)))
    for _, tables in groupby(read_predictions(ordered), key=lambda read: variant_of(read[0])):
        mean, seeds = 0.0, 0
        for _, predictions in tables:
            mean += predictions.select(columns).to_numpy().astype(float)
            seeds += 1
        mean /= seeds
        if len(mean) == 1 or (mean != mean[0]).any():
            chosen.append(mean.argmax(axis=1).astype(np.int32))
            total += mean
    names = [name.removeprefix("p_") for name in columns]
    documents = predictions.select("id", "label")
    return documents, total / max(1, len(chosen)), np.array(chosen), names


def thresholds(probability: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Return the mean probability of each class among the documents with its label, (classes,).

    NaN for a class without documents: no document is suspected to belong to it.
    """
    classes = probability.shape[1]
    own = probability[np.arange(len(label)), label]
    with np.errstate(invalid="ignore"):
        return np.bincount(label, own, classes) / np.bincount(label, minlength=classes)


def suspects(
    documents: pl.DataFrame, probability: np.ndarray, chosen: np.ndarray, classes: list[str]
) -> pl.DataFrame:
    """Return one row per suspected document, the widest margin first.

    Arguments are as `mean_probability` returns them. Columns of `SCHEMA`: suggested (most probable
    class), p_label and p_suggested (mean probabilities over the variants), margin (their
    difference), agreeing (number of variants that predict the suggested class) and variants (number
    of variants).
    """
    label = documents["label"].cast(pl.Enum(classes)).to_physical().to_numpy()
    suggested, rows = probability.argmax(axis=1), np.arange(len(label))
    p_label, p_suggested = probability[rows, label], probability[rows, suggested]
    reached = p_suggested >= thresholds(probability, label)[suggested]
    table = documents.select(
        "id",
        "label",
        suggested=pl.Series(classes)[suggested],
        p_label=p_label,
        p_suggested=p_suggested,
        margin=p_suggested - p_label,
        agreeing=(chosen == suggested).sum(axis=0),
        variants=np.full(len(label), len(chosen)),
    )
    table = table.filter(pl.Series(reached & (suggested != label))).cast(SCHEMA)
    return table.sort("margin", "id", descending=[True, False])


def summarise(documents: pl.DataFrame, suspected: pl.DataFrame) -> pl.DataFrame:
    """Return columns label, documents, suspected and also_under (of these), one row per class."""
    counts = suspected.group_by("label").agg(
        suspected=pl.len(), also_under=pl.col("also_under").is_not_null().sum()
    )
    table = documents.group_by("label").agg(documents=pl.len()).join(counts, on="label", how="left")
    return table.with_columns(pl.col("suspected", "also_under").fill_null(0)).sort("label")


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "documents", "output")
    parser.add_argument("--runs", type=Path, nargs="*", default=[], help="folders of one corpus")
    add_contacts(parser)
    args = parser.parse_args(argv)

    documents = pl.DataFrame(schema={"id": pl.String, "label": pl.String})
    suspected = pl.DataFrame(schema=SCHEMA)
    if runs := list(filter(probabilities_in, args.runs)):
        judged, probability, chosen, classes = mean_probability(runs)
        if len(chosen):
            documents, suspected = judged, suspects(judged, probability, chosen, classes)
    others = other_labels(read_digests(args.documents))
    suspected = suspected.join(others, on="id", how="left", maintain_order="left")
    shown = suspected.head(SHOWN)
    texts = read_texts(args.documents, shown["id"])
    show = showing(args.contacts)
    excerpts = [excerpt(show(texts[name]), EXCERPT) for name in shown["id"]]
    labels = shown.with_columns(excerpt=pl.Series(excerpts, dtype=pl.String))
    summary = summarise(documents, suspected)
    logging.info("%d of %d test documents are suspected", suspected.height, documents.height)
    write_tables({"labels": labels.to_pandas(), "labels_summary": summary.to_pandas()}, args.output)


if __name__ == "__main__":
    run(main)
