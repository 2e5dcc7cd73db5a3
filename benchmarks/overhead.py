"""Measure what a full run spends on anything but training.

    python benchmarks/overhead.py --mirror MIRROR --output benchmarks/results/overhead.csv

Runs the workflow from the archives to the report, into results/overhead, and compares the CPU
time of the whole (Snakemake and all processes that it started) with what the fits of its models
took, as their metrics.json tell, with the whole of the processes that train, and with the lessons
(as Snakemake samples them, the last moments of each may be missing).
"""

import argparse
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from harness import ROOT, write
from seq2report.core.command import UserError, read_json, run


def cpu_of_children() -> float:
    """Return the CPU seconds of all processes started here that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def rows(results: Path, whole: float) -> list[dict]:
    """Return CPU seconds by what they were spent on, and each as a share of the whole.

    Args:
        results: results/<name>.
        whole: CPU seconds of the whole run.
    """
    metrics = [read_json(path) for path in sorted(results.glob("*/runs/*/*/metrics.json"))]
    fits = sum(each["fit_cpu_seconds"] for each in metrics)
    jobs = sum(each["cpu_seconds"] for each in metrics)
    tables = [pd.read_csv(path, sep="\t") for path in results.glob("benchmarks/lesson/*.tsv")]
    lessons = sum(each["cpu_time"].sum() for each in tables)
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
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mirror", type=Path, required=True, help="folder with the archives")
    parser.add_argument("--configfile", nargs="+", default=["config/full.yaml"])
    parser.add_argument("--output", type=Path, help="CSV file to write")
    args = parser.parse_args(argv)
    results = ROOT / "results/overhead"
    shutil.rmtree(results, ignore_errors=True)  # all of it is to be made
    given = ["--config", f"name={results.name}", f"mirror={args.mirror.resolve()}"]
    command = [sys.executable, "-m", "snakemake", "--cores", "all"]
    command += ["--configfile", *args.configfile, *given]
    begin, before = time.perf_counter(), cpu_of_children()
    if subprocess.run(command, cwd=ROOT).returncode:
        raise UserError(f"{' '.join(command)}: ended badly; its logs are in {results}/logs")
    seconds = time.perf_counter() - begin
    found = rows(results, cpu_of_children() - before)
    write([found[0] | {"seconds": round(seconds)}, *found[1:]], args.output)


if __name__ == "__main__":
    run(main)
