"""Measure what a full run spends on anything except training.

    python benchmarks/overhead.py --mirror MIRROR --output benchmarks/results/overhead.csv

Runs the workflow from the archives to the report, into results/overhead, and compares the CPU time
of the whole (Snakemake and all processes that it started) with that of the fits of the models and
of the processes that train (from metrics.json), and with that of the lessons (sampled by Snakemake,
which may miss the last moments of a job).
"""

import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

import harness
from harness import ROOT, write
from seq2report.core.command import UserError, read_json, run


def cpu_of_children() -> float:
    """Return the CPU seconds of all finished child processes."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def rows(results: Path, whole: float) -> list[dict]:
    """Return CPU seconds by purpose, and their shares of the whole.

    Args:
        results: results/<name>.
        whole: CPU seconds of the whole run.
    """
    metrics = [read_json(path) for path in sorted(results.glob("*/runs/*/*/metrics.json"))]
    fits = sum(run["fit_cpu_seconds"] for run in metrics)
    jobs = sum(run["cpu_seconds"] for run in metrics)
    tables = [pd.read_csv(path, sep="\t") for path in results.glob("benchmarks/lesson/*.tsv")]
    lessons = sum(table["cpu_time"].sum() for table in tables)
    spent = {
        "the whole run": whole,
        "fitting models": fits,
        "start, predictions and writing of the jobs that train": jobs - fits,
        "lessons, most of it fitting of their own": lessons,
        "all else: Snakemake, reading, encoding, tables, pages": whole - jobs - lessons,
    }
    return [
        {"work": work, "cpu_seconds": round(seconds), "share": round(seconds / whole, 3)}
        for work, seconds in spent.items()
    ]


def main(argv: Sequence[str] | None) -> None:
    parser = harness.parser(__doc__)
    parser.add_argument("--mirror", type=Path, required=True, help="folder with the archives")
    parser.add_argument("--configfile", nargs="+", default=["config/full.yaml"])
    args = parser.parse_args(argv)
    results = ROOT / "results/overhead"
    shutil.rmtree(results, ignore_errors=True)  # start from scratch
    given = ["--config", f"name={results.name}", f"mirror={args.mirror.resolve()}"]
    command = [sys.executable, "-m", "snakemake", "--cores", "all"]
    command += ["--configfile", *args.configfile, *given]
    begin, before = time.perf_counter(), cpu_of_children()
    if subprocess.run(command, cwd=ROOT).returncode:
        raise UserError(f"{' '.join(command)}: failed; its logs are in {results}/logs")
    seconds = time.perf_counter() - begin
    shares = rows(results, cpu_of_children() - before)
    write([shares[0] | {"seconds": round(seconds)}, *shares[1:]], args.output)


if __name__ == "__main__":
    run(main)
