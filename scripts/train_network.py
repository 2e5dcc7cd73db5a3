"""Train a Keras network of a variant: model.keras, run.json, history, metrics and predictions.

What makes numbers of a text goes with it: vocabulary.parquet of an encoding (id and word), or the
fitted steps of features, in ``features``.

The run folder also gets embedding.npy, the embedding matrix after training, where the network
has one that it trains. The test documents are looked at once, with the weights that were kept;
by the lecture's protocol they are the ones that are watched after each epoch, and there is no
validation.parquet, because the documents of the validation split are fitted. With ``refit`` the
validation documents are predicted as without it; then a fresh network with the same seed is fitted
on training and validation documents for as many epochs as were best, and that one is kept.

With ``--checkpoint`` a training that was broken off goes on from the last epoch that the file has,
to the same figures but for seconds; it is removed once the run is whole.
"""

import argparse
import json
import logging
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from seq2report.core import command
from seq2report.core.command import read_json, replacing, run, write_json
from seq2report.core.imports import local_imports
from seq2report.core.machine import machine
from seq2report.documents.sequences import Encoded, read_sequences
from seq2report.models.backend import gpu_name, load_keras
from seq2report.models.runs import about_run, versions, write_run
from seq2report.models.variant import FEATURES, Input, Variant


def main(argv: Sequence[str] | None) -> None:
    args = read_arguments(argv)
    load_keras(args.seed, args.threads, args.gpu, args.gpu_absent)
    from seq2report.models.checkpoint import Checkpoint
    from seq2report.models.training import Network, train

    variant = Variant.read(args.settings)
    corpus, gpu = read_json(args.corpus), gpu_name()
    classes = corpus["classes"]
    documents, num_words = read_documents(args.documents, variant.input)
    matrix = np.load(args.matrix, allow_pickle=False) if args.matrix else None
    network = Network(variant, num_words, len(classes), matrix, args.seed, gpu)
    checkpoint = Checkpoint(args.checkpoint, identity(args, gpu) if args.checkpoint else None)
    trained = train(network, documents, classes, checkpoint)
    facts = trained.facts | {"kind": variant.kind, "seed": args.seed, "threads": args.threads}
    about = about_run(
        *(args.output, args.settings, args.seed, corpus, args.circumstances), num_words=num_words
    )
    with replacing(args.output) as part:
        part.mkdir()
        write_json(part / "run.json", about)
        copy_reading(args.documents.parent, variant.input, part)
        trained.model.save(part / "model.keras")
        if variant.trains_embedding:
            vectors = trained.model.get_layer("embedding").get_weights()[0]
            np.save(part / "embedding.npy", vectors, allow_pickle=False)
        predicted = [
            (pl.DataFrame({"id": split.ids, "label": split.label}), probability) if split else None
            for split, probability in (trained.test, trained.validation or (None, None))
        ]
        metrics = write_run(part, *predicted, classes, trained.history, facts)
    checkpoint.remove()
    logging.info("test accuracy %(accuracy).4f, macro-F1 %(macro_f1).4f", metrics)


def read_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the arguments of the command line."""
    parser = command.parser(__doc__, "corpus", "settings", "seed", "output")
    parser.add_argument(
        "--documents",
        type=Path,
        required=True,
        help="sequences.parquet of an encoding, or documents.parquet of features",
    )
    parser.add_argument("--matrix", type=Path, nargs="?", help="matrix.npy of pretrained vectors")
    parser.add_argument(
        "--threads", type=int, default=1, help="of the CPU; another number changes the last digits"
    )
    parser.add_argument("--gpu", type=int, choices=(0, 1), default=0, help="how many to train on")
    parser.add_argument(
        "--gpu-absent", choices=("error", "cpu"), default="error", help="what to do without it"
    )
    parser.add_argument(
        "--checkpoint", type=Path, help="file to go on from, and to write now and then"
    )
    parser.add_argument(
        "--circumstances",
        type=json.loads,
        default={},
        help="what run.json tells of the corpus beside what stands in corpus.json, as JSON",
    )
    return parser.parse_args(argv)


def read_documents(path: Path, given: Input) -> tuple[Encoded, int]:
    """Return documents, and below which number their word ids stay or how many features there are.

    Args:
        path: sequences.parquet of an encoding, with what stands beside it, or documents.parquet of
            features.
        given: of the variant.
    """
    if given.form == "features":
        from seq2report.documents.features import read_features

        features = read_features(path)
        return features, features.matrix.shape[1]
    return read_sequences(path), read_json(path.with_name("encoding.json"))["num_words"]


def identity(args: argparse.Namespace, gpu: str | None) -> dict[str, str]:
    """Return what the figures of a run hang on, each under its name.

    Args:
        args: of the command line.
        gpu: what the GPU is called that trains; None where that is the CPU.
    """
    from seq2report.models.checkpoint import digest

    features = args.settings["input"]["form"] == "features"
    beside = ["features.npz"] if features else ["tokens.npy", "encoding.json"]
    return {
        "settings": json.dumps(args.settings, sort_keys=True),
        "seed": str(args.seed),
        "documents": digest(args.corpus, args.documents, *map(args.documents.with_name, beside)),
        "vectors": digest(args.matrix) if args.matrix else "none",
        "code": digest(*local_imports(__file__, Path(__file__).parent)),
        # scikit-learn may be loaded or not; what a network reads of it is in the documents.
        "versions": json.dumps(versions() | {"sklearn": None}, sort_keys=True),
        "device": gpu or machine()["processor"],
        "threads": str(args.threads),
    }


def copy_reading(folder: Path, given: Input, run: Path) -> None:
    """Copy what makes numbers of a text, from an encoding or from features, into a run."""
    if given.form == "features":
        (run / "features").mkdir()
        for name in FEATURES:
            shutil.copy(folder / name, run / "features")
        return
    words = pl.read_parquet(folder / "vocabulary.parquet", columns=["id", "word"])
    words.write_parquet(run / "vocabulary.parquet")


if __name__ == "__main__":
    run(main)
