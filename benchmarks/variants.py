"""Collect the peak memory of each variant's training: what the rules of the workflow ask for.

    python benchmarks/variants.py results/memory results/overhead --output workflow/memory.csv

Reads metrics.json of the runs there are, and keeps the most that any run of a variant took.
"""

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

import harness  # noqa: F401  finds the modules of scripts/
from seq2report.core.command import UserError, read_json, replacing, run


def peaks(results: Iterable[Path]) -> list[dict]:
    """Return one row per variant, by name: peak memory in MB, corpus and words of the run.

    Raises:
        UserError: there are no runs.
    """
    found: dict[str, dict] = {}
    paths = [path for folder in results for path in folder.glob("*/runs/*/*/metrics.json")]
    for path in sorted(paths):
        metrics, variant = read_json(path), path.parent.parent.name
        if metrics["kind"] == "ensemble":  # its figure is the most that a member took
            continue
        row = {
            "variant": variant,
            "peak_mb": metrics["peak_memory_mb"],
            "corpus": path.parents[3].name,
            "document": metrics["document_shape"],
            "fitted_documents": metrics["fitted_documents"],
        }
        if row["peak_mb"] > found.get(variant, {"peak_mb": 0})["peak_mb"]:
            found[variant] = row
    if not found:
        raise UserError(
            f"no run in {', '.join(map(str, results))}; expected folders results/<name>"
        )
    return [found[variant] for variant in sorted(found)]


def main(argv: Sequence[str] | None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path, nargs="+", help="folders results/<name>")
    parser.add_argument("--output", type=Path, help="CSV file to write")
    args = parser.parse_args(argv)
    table = pd.DataFrame(peaks(args.results))
    print(table.to_string(index=False))
    if args.output:
        with replacing(args.output) as part:
            table.to_csv(part, index=False, lineterminator="\n")


if __name__ == "__main__":
    run(main)
