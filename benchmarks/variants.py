"""Collect the peak memory of each variant's training, which the rules of the workflow request.

    python benchmarks/variants.py results/memory results/overhead --output workflow/memory.csv

Reads metrics.json of all runs and keeps the maximum of each variant. Variants without a run keep
their row of the output file.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

import harness  # noqa: F401  adds scripts/ to the path
from seq2report.core import command
from seq2report.core.command import UserError, read_json, replacing, run


def peaks(results: Iterable[Path]) -> list[dict]:
    """Return one row per variant, by name: its peak in MB, and the corpus and size of that run.

    Raises:
        UserError: no runs are found.
    """
    largest: dict[str, dict] = {}
    paths = [path for folder in results for path in folder.glob("*/runs/*/*/metrics.json")]
    for path in sorted(paths):
        metrics, variant = read_json(path), path.parent.parent.name
        if metrics["kind"] == "ensemble":  # its figure is the maximum of its members
            continue
        row = {
            "variant": variant,
            "peak_mb": metrics["peak_memory_mb"],
            "corpus": path.parents[3].name,
            "document": metrics["document_shape"],
            "fitted_documents": metrics["fitted_documents"],
        }
        if row["peak_mb"] > largest.get(variant, {"peak_mb": 0})["peak_mb"]:
            largest[variant] = row
    if not largest:
        raise UserError(
            f"no run in {', '.join(map(str, results))}; expected folders results/<name>"
        )
    return [largest[variant] for variant in sorted(largest)]


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__)
    parser.add_argument("results", type=Path, nargs="+", help="folders results/<name>")
    parser.add_argument("--output", type=Path, help="CSV file to write")
    args = parser.parse_args(argv)
    table = pd.DataFrame(peaks(args.results))
    if args.output and args.output.exists():
        old = pd.read_csv(args.output)
        table = pd.concat([table, old[~old["variant"].isin(table["variant"])]])
        table = table.sort_values("variant")
    print(table.to_string(index=False))
    if args.output:
        with replacing(args.output) as part:
            table.to_csv(part, index=False, lineterminator="\n")


if __name__ == "__main__":
    run(main)
