"""Measure how the cost of finding duplicates grows with the number of documents.

    python benchmarks/near_duplicates.py --folder DIR --output benchmarks/results/duplicates.csv

Documents of each size are made of random words with the frequencies of a language. A share `COPIES`
of them are copies of the document before with some words replaced, and a share `ALIKE` differs in
one word from all others of its kind, so that a bucket of MinHash has as many documents. The command
of the workflow finds them in its own process, measured from outside as in growth.py. Linux only.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq

import harness
from growth import rounded, watched
from harness import ROOT, write
from seq2report.core.command import run

SIZES = [20_000, 200_000, 2_000_000]
VOCABULARY, WORDS = 50_000, 100  # words of the language, and of a document on average
COPIES, REPLACED = 0.1, 0.02  # share of documents, and of the words of a copy
ALIKE = 0.05
BLOCK = 10_000


def texts(size: int, seed: int = 1) -> Iterator[list[str]]:
    """Yield texts in blocks."""
    rng = np.random.default_rng(seed)
    frequency = np.cumsum(1 / np.arange(1, VOCABULARY + 1))
    names = np.array([f"w{n}" for n in range(VOCABULARY)], object)

    def words(count: int) -> np.ndarray:
        return names[np.searchsorted(frequency, rng.random(count) * frequency[-1])]

    template = words(WORDS)
    for start in range(0, size, BLOCK):
        block, before = [], words(WORDS)
        for number in range(start, min(size, start + BLOCK)):
            kind = rng.random()
            if kind < ALIKE:
                text = np.append(template, f"number{number}")
            elif kind < ALIKE + COPIES:
                text = np.where(rng.random(len(before)) < REPLACED, words(len(before)), before)
            else:
                text = before = words(rng.geometric(1 / WORDS))
            block.append(" ".join(text))
        yield block


def make(size: int, path: Path) -> int:
    """Write a table of documents, one fifth of them for testing; return the bytes of text."""
    total, start, writer = 0, 0, None
    for block in texts(size):
        numbers = np.arange(start, start := start + len(block))
        test = numbers % 5 == 0
        table = pl.DataFrame(
            {
                "id": [f"{number:08d}" for number in numbers],
                "text": block,
                "label": np.where(numbers % 2, "a", "b"),
                "split": np.where(test, "test", "train"),
            }
        ).to_arrow(compat_level=pl.CompatLevel.oldest())
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
        total += sum(map(len, block))
    writer.close()
    return total


def measure(size: int, folder: Path) -> dict:
    """Return the costs of finding the duplicates of ``size`` documents, and how many were found."""
    documents, duplicates, script = (
        folder / "documents.parquet",
        folder / "duplicates.parquet",
        ROOT / "scripts/evaluate_duplicates.py",
    )
    making = [__file__, "--make", documents, "--sizes", size]
    _, printed = watched(making, folder / "log", {})
    (folder / "tables").mkdir()
    arguments = [
        "--documents",
        documents,
        "--duplicates",
        duplicates,
        "--output",
        folder / "tables",
    ]
    took, _ = watched([script, *arguments], folder / "log", {})
    found = pl.read_parquet(duplicates)["exact"]
    row = {"documents": size, "text_mb": int(printed) / 1e6, **took}
    row["us_per_document"] = took["cpu_seconds"] / size * 1e6
    return row | {"test_documents": len(found), "near": int((~found).sum())}


def main(argv: Sequence[str] | None) -> None:
    parser = harness.parser(__doc__)
    parser.add_argument("--folder", type=Path, help="for temporary files, 1 GB")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="documents")
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.make:  # in its own process, so that its memory does not count
        print(make(args.sizes[0], args.make))
        return
    rows = []
    for size in args.sizes:
        with tempfile.TemporaryDirectory(dir=args.folder) as folder:
            rows.append(rounded(measure(size, Path(folder))))
        print(rows[-1], flush=True)
    write(rows, args.output)


if __name__ == "__main__":
    run(main)
