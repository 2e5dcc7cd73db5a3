"""Draw test documents by the vectors of a frozen encoder: maps, classes, right and wrong answers.

documents: one row per features and document: its class, the answer of the best variant that reads
these vectors (first seed), its positions by PCA and t-SNE, from -1 to 1, and the start of its text.
classes: one row per features and class, the most frequent first: its test documents, those drawn,
and the share of the `NEAR` nearest documents drawn that have the same class, in the full space.
summary: one row per features: the variant, documents, and the same share of all classes; by_chance
is the share if neighbours were drawn at random. trustworthiness is that of each map.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl

from seq2report.core import command
from seq2report.core.command import damaged, read_json, run
from seq2report.core.excerpts import add_contacts, excerpt, showing
from seq2report.core.stored import read_table
from seq2report.core.tables import write_tables
from seq2report.documents.documents import read_texts
from seq2report.documents.features import Features, read_features
from seq2report.models.runs import METRICS, checked
from seq2report.vectors.similarity import neighbours_of_class
from seq2report.vectors.word_maps import FEWEST, SEED, draw_equally, draw_maps, framed, trust

DOCUMENTS = 2000  # on a map; t-SNE takes about five seconds for them
SHOWN = 160  # characters of a document
NEAR = 5  # neighbours of a document
POSITIONS = {"PCA": "pca", "t-SNE": "tsne"}  # methods, and their columns
OF_POSITIONS = [f"{axis}_{name}" for name in POSITIONS.values() for axis in "xy"]


def choose(features: Features) -> tuple[Features, pd.Series]:
    """Return the test documents of a map, and the number of all by class, most frequent first."""
    test = np.flatnonzero(features.split == "test")
    labels = features.label[test].cast(pl.String).to_numpy()
    names, of_class = np.unique(labels.astype(str), return_inverse=True)
    drawn = draw_equally(np.arange(len(test)), of_class, DOCUMENTS)
    counts = pd.Series(np.bincount(of_class, minlength=len(names)), index=names)
    return features.take(test[drawn]), counts.sort_values(ascending=False, kind="stable")


def best_run(runs: Sequence[Path], metric: str) -> Path:
    """Return the run with the best score on test documents, the first of equal ones."""
    return max(runs, key=lambda folder: read_json(checked(folder / "metrics.json"))[metric])


def read_answers(folder: Path, ids: pl.Series) -> list[str]:
    """Return the answers of a run to these test documents.

    Raises:
        UserError: the run lacks one of them.
    """
    table = read_table(file := checked(folder / "predictions.parquet"), ["id", "predicted"])
    answers = dict(table.iter_rows())
    if missing := [name for name in ids if name not in answers]:
        raise damaged(file, f"it lacks the test document '{missing[0]}'")
    return [answers[name] for name in ids]


def positions(vectors: np.ndarray) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Return the columns of two maps of vectors, and the trustworthiness of each map."""
    columns, quality = {}, {}
    for method, drawn in draw_maps(vectors).items():
        xy = framed(drawn).round(4)
        columns |= {f"{axis}_{POSITIONS[method]}": xy[:, n] for n, axis in enumerate("xy")}
        quality[f"trustworthiness_{POSITIONS[method]}"] = trust(vectors, drawn)
    return columns, quality


def evaluate(chosen: Features, counts: pd.Series, folder: Path) -> tuple[pd.DataFrame, ...]:
    """Return documents (without texts), classes and summary of the documents of a map."""
    ids, vectors = chosen.ids, np.asarray(chosen.matrix)
    label = chosen.label.cast(pl.String).to_numpy().astype(str)
    documents = pd.DataFrame({"id": ids.to_list(), "label": label})
    documents = documents.assign(answer=read_answers(folder, ids))
    documents = documents.assign(is_right=documents["answer"] == documents["label"])
    enough = len(documents) >= FEWEST
    columns, quality = positions(vectors) if enough else (dict.fromkeys(OF_POSITIONS, np.nan), {})
    near = neighbours_of_class(vectors, label, NEAR) if enough else np.full(len(label), np.nan)
    shares = pd.Series(near).groupby(label)
    classes = pd.DataFrame({"label": counts.index, "test_documents": counts.to_numpy()})
    classes["drawn"] = classes["label"].map(shares.size()).fillna(0).astype(int)
    classes["same_class"] = classes["label"].map(shares.mean())
    drawn, number = classes["drawn"].to_numpy(), max(2, len(label))
    by_chance = float((drawn * (drawn - 1)).sum() / (number * (number - 1)))
    total = {"variant": folder.parent.name, "test_documents": counts.sum(), "drawn": len(label)}
    total |= {"right": documents["is_right"].sum(), "near": NEAR, "same_class": near.mean()}
    summary = pd.DataFrame([total | {"by_chance": by_chance, "seed": SEED} | quality])
    return documents.assign(**columns), classes, summary


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "documents", "output")
    parser.add_argument("--metric", choices=METRICS, default="accuracy", help="of the best variant")
    features = {"nargs": "+", "metavar": ("FILE", "RUN"), "required": True}
    features["help"] = "documents.parquet of features, and runs of variants that read them"
    parser.add_argument("--features", action="append", type=Path, **features)
    add_contacts(parser)
    args = parser.parse_args(argv)

    tables: dict[str, list[pd.DataFrame]] = {"documents": [], "classes": [], "summary": []}
    for file, *runs in args.features:
        made = evaluate(*choose(read_features(file)), best_run(runs, args.metric))
        for name, table in zip(tables, made, strict=True):
            table.insert(0, "features", file.parent.name)
            tables[name].append(table)
    joined = {name: pd.concat(parts, ignore_index=True) for name, parts in tables.items()}
    documents = joined["documents"]
    texts = read_texts(args.documents, documents["id"].unique())
    show = showing(args.contacts)
    documents["excerpt"] = [excerpt(show(texts[name]), SHOWN) for name in documents["id"]]
    logging.info("%d documents on maps", len(documents))
    write_tables(joined, args.output)


if __name__ == "__main__":
    run(main)
