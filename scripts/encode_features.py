"""Turn documents into features: what scikit-learn steps make of their texts.

features.npz has a row of numbers a labelled document, sparse; documents.parquet says which: id,
split and label. The steps are fitted on the training split alone; model.skops and
vocabulary.parquet hold them, features.json how they are set.
"""

import logging
from collections.abc import Sequence

import polars as pl
import scipy.sparse

from seq2report.core import command
from seq2report.core.command import UserError, replacing, run, write_json


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "documents", "settings", "seed", "output")
    args = parser.parse_args(argv)

    from seq2report.models.pipelines import build_features, save_pipeline

    documents = pl.read_parquet(args.documents).filter(pl.col("label").is_not_null())
    train = documents.filter(pl.col("split") == "train")
    steps = build_features(args.settings["steps"], args.seed)
    try:
        steps.fit(train["text"].to_list(), train["label"].to_numpy().astype(str))
        matrix = scipy.sparse.csr_matrix(steps.transform(documents["text"].to_list()), dtype="f4")
    except ValueError as error:
        raise UserError(
            f"scikit-learn cannot make features of {train.height} documents: {error}"
        ) from error
    matrix.sort_indices()
    logging.info("%d documents, %d features, %d of them not 0", *matrix.shape, matrix.nnz)
    with replacing(args.output) as part:
        part.mkdir()
        scipy.sparse.save_npz(part / "features.npz", matrix, compressed=False)
        documents.select("id", "split", "label").write_parquet(part / "documents.parquet")
        save_pipeline(steps, part)
        write_json(part / "features.json", args.settings)


if __name__ == "__main__":
    run(main)
