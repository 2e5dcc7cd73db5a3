"""Turn documents into features by scikit-learn steps.

features.npz has one sparse row per labelled document, documents.parquet their id, split and label.
The steps are fitted on the training split only and saved as model.skops and vocabulary.parquet;
features.json has their settings, and cost.json the seconds and CPU seconds: of fitting, and per
document.

With ``--labels``, the documents are a subset of the corpus with its test documents; see
`documents.subsets`. Steps such as `NaiveBayesWeights` use labels.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import scipy.sparse

from seq2report.core import command
from seq2report.core.command import UserError, read_json, replacing, run, write_json
from seq2report.core.durations import stopwatch
from seq2report.core.stored import read_table
from seq2report.documents.subsets import drawn


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "documents", "settings", "seed", "output")
    parser.add_argument("--corpus", type=Path, nargs="?", help="corpus.json, with --labels")
    command.add_labels(parser)
    args = parser.parse_args(argv)
    has_subset = command.require_both(args, "labels", "corpus")

    from sklearn.utils import assert_all_finite

    from seq2report.models.pipelines import build_features, fitted, save_pipeline

    documents = read_table(args.documents).filter(pl.col("label").is_not_null())
    if has_subset:
        corpus = read_json(args.corpus)
        rows = drawn(documents["split"], documents["label"], corpus, args.labels, args.seed)
        documents = documents[rows]
    train = documents.filter(pl.col("split") == "train")
    steps = build_features(args.settings["steps"], args.seed)
    fitting = stopwatch()
    steps = fitted(steps, train["text"].to_list(), train["label"].to_numpy().astype(str))
    fit_time, transforming = fitting(), stopwatch()
    try:
        matrix = scipy.sparse.csr_matrix(steps.transform(documents["text"].to_list()), dtype="f4")
        each = [seconds / documents.height for seconds in transforming()]
        assert_all_finite(matrix)
    except ValueError as error:
        message = f"scikit-learn cannot compute features of {documents.height} documents: {error}"
        raise UserError(message) from error
    matrix.sort_indices()
    logging.info("%d documents, %d features, %d values other than 0", *matrix.shape, matrix.nnz)
    with replacing(args.output) as folder:
        folder.mkdir()
        scipy.sparse.save_npz(folder / "features.npz", matrix, compressed=False)
        documents.select("id", "split", "label").write_parquet(folder / "documents.parquet")
        save_pipeline(steps, folder)
        write_json(folder / "features.json", args.settings)
        times = {"fit": fit_time, "document": each}
        names = ("seconds", "cpu_seconds")
        cost = {kind: dict(zip(names, time, strict=True)) for kind, time in times.items()}
        write_json(folder / "cost.json", cost)


if __name__ == "__main__":
    run(main)
