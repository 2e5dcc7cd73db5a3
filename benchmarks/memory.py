"""Measure the memory of multi-hot reviews: our batches from the disk beside the lecture's matrix.

    python benchmarks/memory.py --imdb MIRROR/aclImdb.tar.gz

Both train the variant multihot_dense for one epoch on the same 25,000 reviews × 10,000 words, each
in a fresh process. Stated are the peak of the process and how far it lies above what the process
had before it touched the documents: with Keras loaded and the network built.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import yaml

from harness import ROOT, in_turn, median, peak_mb, result, start, write
from seq2report.config.resolve import resolve_variant
from seq2report.core.command import run
from seq2report.documents.sequences import Sequences, read_sequences
from seq2report.models.backend import load_keras

HERE = Path(__file__)
WORDS = 10_000
SPLITS = ("train", "validation")  # the 25,000 labelled reviews that are not the test part
CORPUS = {
    "title": "IMDB",
    "format": "imdb",
    "encoding": "utf-8",
    "split": {"validation": 0.1, "seed": 1},
}


def prepare(folder: Path, imdb: Path) -> None:
    """Put the encoded reviews into ``folder``."""
    import encode
    import read

    texts = folder / "documents.parquet"
    given = ["--archive", str(imdb), "--settings", json.dumps(CORPUS)]
    read.main([*given, "--documents", str(texts), "--corpus", str(folder / "corpus.json")])
    settings = json.dumps({"num_words": WORDS, "fit": "train"})
    encode.main(["--documents", str(texts), "--settings", settings, "--output", f"{folder}/words"])


def ours(variant: dict, documents: Callable[[], Sequences]) -> float:
    """Train as the workflow does; return the peak before the documents are touched."""
    from seq2report.models import cpu_layers, network

    model = network.build_model(variant, WORDS, 2, ours=cpu_layers.FASTER)
    network.compile_model(model, variant["fit"])
    before = peak_mb()
    reviews = documents()
    read = partial(network.inputs_of, given=variant["input"], num_words=WORDS)
    some = reviews.take(np.arange(100))
    watched = (some, some.classes(["neg", "pos"]))
    fit = variant["fit"] | {"epochs": 1}
    network.fit(model, (reviews, reviews.classes(["neg", "pos"])), watched, read, fit, seed=1)
    return before


def lecture(variant: dict, documents: Callable[[], Sequences]) -> float:
    """Train on one matrix of all reviews, as the slides have it."""
    from seq2report.models import network

    model = network.build_model(variant, WORDS, 2)
    model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
    before = peak_mb()
    reviews = documents()
    matrix = np.zeros((len(reviews.lengths), WORDS))
    for row, (first, length) in enumerate(zip(reviews.starts, reviews.lengths, strict=True)):
        matrix[row, reviews.tokens[first : first + length]] = 1.0
    model.fit(matrix, reviews.classes(["neg", "pos"]), batch_size=32, verbose=0)
    return before


WAYS = {"ours": ours, "lecture": lecture}


def measure(folder: str, way: str, _round: int) -> dict:
    """Run one way in a process of its own."""
    return result(start(HERE, "--run", folder, way))


def main(argv: Sequence[str] | None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--imdb", type=Path, help="archive of the reviews")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--output", type=Path, help="CSV file to write")
    parser.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.run:
        folder, way = args.run
        load_keras(seed=1)
        config = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
        variant = resolve_variant(config, "multihot_dense")
        before = WAYS[way](
            variant, lambda: read_sequences(f"{folder}/words/sequences.parquet").part(*SPLITS)
        )
        print(json.dumps({"peak_mb": peak_mb(), "above_mb": peak_mb() - before}))
        return
    if not args.imdb:
        parser.error("--imdb is needed")
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), args.imdb)
        found = in_turn(WAYS, partial(measure, folder), args.repetitions)
    rows = [
        {"work": "multi-hot, 25,000 × 10,000", "way": way}
        | {key: round(median(runs, key)) for key in ("peak_mb", "above_mb")}
        for way, runs in found.items()
    ]
    write(rows, args.output)


if __name__ == "__main__":
    run(main)
