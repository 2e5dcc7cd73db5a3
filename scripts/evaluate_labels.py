"""Find test documents whose label the models agree against: suspected label errors.

Confident learning (Northcutt, Jiang and Chuang 2021, "Confident Learning: Estimating Uncertainty in
Dataset Labels"): the threshold of a class is the mean probability that the models give it among the
documents labelled with it. A document is suspected if the class that the models hold most probable
is not its label and reaches its own threshold. No model has seen these documents in training, as
the method asks for; what it finds is a suspicion and not a mistake.

labels: the documents with the widest margin, a row each. labels_summary: a row a class.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from evaluate_duplicates import read_bodies
from seq2report.core import command
from seq2report.core.command import UserError, run
from seq2report.core.excerpts import excerpt
from seq2report.core.tables import write_tables

SHOWN = 50  # documents
EXCERPT = 300  # characters
SCHEMA = {
    "id": pl.String,
    "label": pl.String,
    "suggested": pl.String,
    "p_label": pl.Float64,
    "p_suggested": pl.Float64,
    "margin": pl.Float64,
    "agreeing": pl.Int64,
    "variants": pl.Int64,
}


def mean_probability(runs: Sequence[Path]) -> tuple[pl.DataFrame, np.ndarray, list[str]]:
    """Return what each variant makes of each document, the mean over its seeds.

    Args:
        runs: folders …/<variant>/seed-<n>, one or more.

    Returns:
        The documents (columns id and label, sorted by id), the probabilities (variants, documents,
        classes) float64, and the class names.

    Raises:
        UserError: two runs are of different documents.
    """
    documents, sums, counts = None, {}, {}
    for folder in runs:
        predictions = pl.read_parquet(folder / "predictions.parquet").sort("id")
        about = predictions.select("id", "label")
        if documents is None:
            documents, first = about, folder
            columns = [name for name in predictions.columns if name.startswith("p_")]
        elif not about.equals(documents):
            raise UserError(
                f"{folder / 'predictions.parquet'}: found other test documents or labels than in"
                f" {first}, expected the same; train both again on the same corpus"
            )
        variant = folder.parent.name
        sums[variant] = sums.get(variant, 0) + predictions.select(columns).to_numpy().astype(float)
        counts[variant] = counts.get(variant, 0) + 1
    of_each = np.stack([sums[variant] / counts[variant] for variant in sums])
    return documents, of_each, [name.removeprefix("p_") for name in columns]


def thresholds(probability: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Return each class's mean probability among the documents labelled with it, (classes,).

    NaN for a class that no document is labelled with: nothing is suspected to be of it.

    Args:
        probability: (documents, classes).
        label: class numbers, (documents,).
    """
    classes = probability.shape[1]
    own = probability[np.arange(len(label)), label]
    with np.errstate(invalid="ignore"):
        return np.bincount(label, own, classes) / np.bincount(label, minlength=classes)


def suspects(documents: pl.DataFrame, of_each: np.ndarray, classes: list[str]) -> pl.DataFrame:
    """Return a row a suspected document, the widest margin first.

    Args:
        documents: columns id and label.
        of_each: probabilities, (variants, documents, classes).
        classes: their names.

    Returns:
        Columns id, label, suggested (the class that the models hold most probable), p_label and
        p_suggested (mean probabilities over the variants), margin (how far these are apart),
        agreeing (variants whose own answer is the suggested class) and variants (how many there
        are).
    """
    probability = of_each.mean(axis=0)
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
        agreeing=(of_each.argmax(axis=2) == suggested).sum(axis=0),
        variants=np.full(len(label), len(of_each)),
    )
    table = table.filter(pl.Series(reached & (suggested != label))).cast(SCHEMA)
    return table.sort("margin", "id", descending=[True, False])


def other_labels(bodies: pl.DataFrame) -> pl.DataFrame:
    """Return the documents whose text stands in the corpus under another label as well.

    Args:
        bodies: columns id, label, split and body, as `read_bodies` returns them.

    Returns:
        Columns id and also_under, these labels as text.
    """
    labels = bodies.drop_nulls(["body", "label"]).group_by("body", "label").agg(pl.col("id"))
    labels = labels.filter(pl.len().over("body") > 1).sort("label")
    pairs = labels.explode("id").join(labels.select("body", other="label"), on="body")
    pairs = pairs.filter(pl.col("label") != pl.col("other"))
    return pairs.group_by("id").agg(also_under=pl.col("other").sort().str.join(", "))


def summarise(documents: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Return columns label, documents, suspected and also_under (of these), a row a class."""
    counts = found.group_by("label").agg(
        suspected=pl.len(), also_under=pl.col("also_under").is_not_null().sum()
    )
    table = documents.group_by("label").agg(documents=pl.len()).join(counts, on="label", how="left")
    return table.with_columns(pl.col("suspected", "also_under").fill_null(0)).sort("label")


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "documents", "output")
    parser.add_argument(
        "--runs", type=Path, nargs="*", default=[], help="run folders, of one corpus"
    )
    args = parser.parse_args(argv)

    documents = pl.DataFrame(schema={"id": pl.String, "label": pl.String})
    found = pl.DataFrame(schema=SCHEMA)
    if args.runs:
        documents, *probabilities = mean_probability(args.runs)
        found = suspects(documents, *probabilities)
    found = found.join(
        other_labels(read_bodies(args.documents)), on="id", how="left", maintain_order="left"
    )
    shown = found.head(SHOWN)
    texts = pl.scan_parquet(args.documents).select("id", "text")
    texts = texts.filter(pl.col("id").is_in(shown["id"].to_list())).collect(engine="streaming")
    begins = [excerpt(text, EXCERPT) for text in texts["text"]]
    texts = texts.select("id", excerpt=pl.Series(begins, dtype=pl.String))
    tables = {
        "labels": shown.join(texts, on="id", how="left", maintain_order="left"),
        "labels_summary": summarise(documents, found),
    }
    logging.info("%d of %d test documents are suspected", found.height, documents.height)
    write_tables({name: table.to_pandas() for name, table in tables.items()}, args.output)


if __name__ == "__main__":
    run(main)
