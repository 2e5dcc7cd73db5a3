"""Measure how many documents per second trained models predict: in batches, and one by one.

predict.py uses batches; a program with one text at a time predicts one by one. Reading the
documents and loading the model are not timed.
"""

import time
from collections.abc import Sequence
from pathlib import Path

import polars as pl

import harness
from harness import in_turn, median, write
from seq2report.answers.predictor import load
from seq2report.core.command import run
from seq2report.documents.texts import batches

ALONE = 100  # documents that are predicted one by one


def main(argv: Sequence[str] | None) -> None:
    parser = harness.parser(__doc__, repetitions=5)
    parser.add_argument("runs", type=Path, nargs="+", help="run folders")
    parser.add_argument("--documents", type=Path, required=True, help="documents.parquet")
    args = parser.parse_args(argv)

    texts = pl.read_parquet(args.documents, columns=["text"])["text"].to_list()
    models = {folder.parent.name: load(folder) for folder in args.runs}

    def measure(way: tuple[str, str], _round: int) -> dict:
        name, how = way
        asked = list(batches(texts)) if how == "in batches" else [[t] for t in texts[:ALONE]]
        start = time.perf_counter()
        for batch in asked:
            models[name].predict(batch)
        return {"rate": sum(map(len, asked)) / (time.perf_counter() - start)}

    ways = [(name, how) for name in models for how in ("one by one", "in batches")]
    in_turn(ways, measure, 1)  # TensorFlow compiles
    found = {
        way: median(runs, "rate") for way, runs in in_turn(ways, measure, args.repetitions).items()
    }
    rows = [
        {
            "model": name,
            "way": how,
            "documents_per_second": float(f"{rate:.3g}"),
            "times_one_by_one": round(rate / found[name, "one by one"], 1),
        }
        for (name, how), rate in found.items()
    ]
    write(rows, args.output, documents=f"{len(texts):,}")


if __name__ == "__main__":
    run(main)
