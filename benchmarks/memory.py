"""Compare the memory of multi-hot reviews: our batches from disk, and the lecture's matrix.

    python benchmarks/memory.py --imdb MIRROR/aclImdb.tar.gz

Both train the variant multihot_dense for one epoch on the same 25,000 reviews × 10,000 words, each
in a new process. The table has the peak of the process, and its difference from the peak before the
documents are read, when Keras is loaded and the network is built.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

import harness
import prepare
from harness import in_turn, median, peak_mb, result, start, write
from seq2report.core.command import run
from seq2report.documents.sequences import Sequences, read_sequences
from seq2report.models.backend import load_keras
from seq2report.models.variant import Variant

HERE = Path(__file__)
WORDS = 10_000
SPLITS = ("train", "validation")  # the 25,000 labelled reviews outside the test split


def prepare_reviews(folder: Path, imdb: Path) -> None:
    """Read and encode the reviews."""
    prepare.call("read", prepare.read_arguments(imdb, prepare.IMDB, folder))
    encoding = {"num_words": WORDS, "fit": "train"}
    documents = folder / "documents.parquet"
    prepare.call("encode", prepare.encode_arguments(documents, encoding, folder / "words"))


def ours(variant: Variant, documents: Callable[[], Sequences]) -> float:
    """Train as the workflow does; return the peak before the documents are read."""
    from seq2report.models import batches, build, cpu_layers
    from seq2report.models.fit import fit

    model = build.build_model(variant, WORDS, 2, ours=cpu_layers.FASTER)
    build.compile_model(model, variant.fit)
    before = peak_mb()
    reviews = documents()
    read = partial(batches.inputs_of, settings=variant.input, num_words=WORDS)
    some = reviews.take(np.arange(100))
    watched = (some, some.classes(["neg", "pos"]))
    once = replace(variant.fit, epochs=1)
    fit(model, (reviews, reviews.classes(["neg", "pos"])), watched, read, once, seed=1)
    return before


def lecture(variant: Variant, documents: Callable[[], Sequences]) -> float:
    """Train on one matrix of all reviews, as on the slides."""
    from seq2report.models.build import build_model

    model = build_model(variant, WORDS, 2)
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
    """Run one way in its own process."""
    return result(start(HERE, "--run", folder, way))


def main(argv: Sequence[str] | None) -> None:
    parser = harness.parser(__doc__, repetitions=3)
    parser.add_argument("--imdb", type=Path, help="archive of the reviews")
    parser.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.run:
        folder, way = args.run
        load_keras(seed=1)
        sequences = Path(folder, "words/sequences.parquet")
        before = WAYS[way](
            prepare.variant("multihot_dense"), lambda: read_sequences(sequences).of_split(*SPLITS)
        )
        print(json.dumps({"peak_mb": peak_mb(), "above_mb": peak_mb() - before}))
        return
    if not args.imdb:
        parser.error("--imdb is needed")
    with tempfile.TemporaryDirectory() as folder:
        prepare_reviews(Path(folder), args.imdb)
        found = in_turn(WAYS, partial(measure, folder), args.repetitions)
    rows = [
        {"work": "multi-hot, 25,000 × 10,000", "way": way}
        | {key: round(median(runs, key)) for key in ("peak_mb", "above_mb")}
        for way, runs in found.items()
    ]
    write(rows, args.output)


if __name__ == "__main__":
    run(main)
