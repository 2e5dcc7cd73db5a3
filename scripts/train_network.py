"""Train a Keras network of a variant: model.keras, run.json, history, metrics and predictions.

The run folder also contains the preprocessing: vocabulary.parquet of an encoding (id and word), or
the fitted steps of features in ``features``. If the network trains an embedding, embedding.npy is
the embedding matrix after training.

The test split is predicted once, with the kept weights. The lecture's protocol uses it for
validation after each epoch; then there is no validation.parquet, because the validation split is
fitted. ``refit`` does not change the validation predictions; afterwards, a new network with the
same seed is fitted on the training and validation splits for the best number of epochs, and kept.

With ``--labels``, training and validation documents are a subset of those of the corpus; see
`documents.subsets`.

With ``--checkpoint``, an interrupted training resumes from the last epoch in the file, with the
same figures except times. The file is removed when the run is complete.
"""

import argparse
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from seq2report.core import command
from seq2report.core.command import read_json, run
from seq2report.core.imports import local_imports
from seq2report.core.machine import machine
from seq2report.core.stored import read_numbers, read_table
from seq2report.documents.pieces import read_pieces
from seq2report.documents.sequences import Encoded, read_sequences
from seq2report.documents.subsets import drawn
from seq2report.models.backend import gpu_name, load_keras
from seq2report.models.runs import (
    METRICS,
    about_run,
    copy_features,
    save_run,
    versions,
    with_features,
)
from seq2report.models.variant import Input, Variant


def main(argv: Sequence[str] | None) -> None:
    args = read_arguments(argv)
    load_keras(args.seed, args.threads, args.gpu, args.gpu_absent, args.gpu_share)
    from seq2report.models.checkpoint import Checkpoint
    from seq2report.models.training import Network, train

    variant, gpu = Variant.read(args.settings), gpu_name()
    documents, num_words = read_documents(args.documents, variant.input)
    if args.labels is not None:
        corpus = read_json(args.corpus)
        documents = documents.take(
            drawn(documents.split, documents.label, corpus, args.labels, args.seed)
        )
    about = about_run(args, num_words=num_words)
    matrix = read_numbers(args.matrix) if args.matrix else None
    size = (num_words, len(about["classes"]))
    network = Network(variant, *size, matrix, args.encoder, args.seed, gpu, args.metric)
    checkpoint = Checkpoint(args.checkpoint, identity(args, gpu) if args.checkpoint else None)
    trained = train(network, documents, about["classes"], checkpoint)

    def save_model(folder: Path) -> None:
        copy_preprocessing(args.documents.parent, variant.input, folder)
        trained.model.save(folder / "model.keras")
        if variant.trains_embedding:
            vectors = trained.model.get_layer("embedding").get_weights()[0]
            np.save(folder / "embedding.npy", vectors, allow_pickle=False)

    predicted = [
        (pl.DataFrame({"id": split.ids, "label": split.label}), probability) if split else None
        for split, probability in (trained.test, trained.validation or (None, None))
    ]
    facts = trained.facts | {"kind": variant.kind, "seed": args.seed, "threads": args.threads}
    if variant.input.features:
        facts = with_features(facts, args.documents.parent, len(trained.test[1]))
    save_run(args.output, about, save_model, *predicted, facts, trained.history)
    checkpoint.remove()


def read_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = command.parser(__doc__, "corpus", "settings", "seed", "output")
    parser.add_argument(
        "--documents",
        type=Path,
        required=True,
        help="sequences.parquet of an encoding or encoder, or documents.parquet of features",
    )
    parser.add_argument("--matrix", type=Path, nargs="?", help="matrix.npy of pretrained vectors")
    encoder = "encoder.keras of an encoder, and encoder.json beside it"
    parser.add_argument("--encoder", type=Path, nargs="*", help=encoder)
    command.add_devices(parser)
    command.add_labels(parser)
    best = "metric of the validation documents that decides which epoch is the best"
    parser.add_argument("--metric", choices=METRICS, default="accuracy", help=best)
    parser.add_argument("--checkpoint", type=Path, help="file to resume from, written regularly")
    command.add_circumstances(parser)
    args = parser.parse_args(argv)
    args.encoder = args.encoder[0] if args.encoder else None
    return args


def read_documents(path: Path, settings: Input) -> tuple[Encoded, int]:
    """Return the documents, and the bound of their token ids or the number of features.

    ``path`` is sequences.parquet of an encoding or encoder, or documents.parquet of features; the
    other files are in the same folder.
    """
    if settings.features:
        from seq2report.documents.features import read_features

        features = read_features(path)
        return features, features.width
    documents = read_pieces(path) if settings.encoder else read_sequences(path)
    return documents, read_json(path.with_name("encoding.json"))["num_words"]


def identity(args: argparse.Namespace, gpu: str | None) -> dict[str, str]:
    """Return everything that determines the figures of a run, by name."""
    from seq2report.models.checkpoint import digest

    values = {"features": ["features.npz"], "vectors": ["vectors.npy"]}
    # encoder.keras has a date, and encoder.json the digest of its weights.
    encoder = args.encoder and args.encoder.with_name("encoder.json")
    others = values.get(args.settings["input"]["form"], ["tokens.npy", "encoding.json"])
    return {
        "settings": json.dumps(args.settings, sort_keys=True),
        "metric": args.metric,
        "seed": str(args.seed),
        "labels": str(args.labels),
        "documents": digest(args.corpus, args.documents, *map(args.documents.with_name, others)),
        "pretrained": digest(*filter(None, (args.matrix, encoder))),
        "code": digest(*local_imports(__file__, Path(__file__).parent)),
        # scikit-learn is not always loaded; its results are part of the documents.
        "versions": json.dumps(versions() | {"sklearn": None}, sort_keys=True),
        "device": gpu or machine()["processor"],
        "threads": str(args.threads),
    }


def copy_preprocessing(folder: Path, settings: Input, run: Path) -> None:
    if settings.features:
        copy_features(folder, settings, run)
        return
    if settings.encoder:
        for name in ("tokenizer.json", "encoder.json"):
            shutil.copy(folder / name, run)
        return
    words = read_table(folder / "vocabulary.parquet", columns=["id", "word"])
    words.write_parquet(run / "vocabulary.parquet")


if __name__ == "__main__":
    run(main)
