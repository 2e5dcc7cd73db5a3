"""Measure what a full run spends on anything except fitting models.

    python benchmarks/overhead.py --mirror MIRROR --output benchmarks/results/overhead.csv

Runs the workflow from the archives to the report, into results/overhead, and compares the CPU time
of the whole (Snakemake and all processes that it started) with that of the fits, as measured by the
jobs themselves. That of a lesson is sampled by Snakemake, which may miss its last moments.
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


def fit_seconds(metrics: dict, run: dict, features: Path) -> float:
    """Return the CPU seconds that the job of a run fitted a model.

    Args:
        metrics: of the run. Its `fit_cpu_seconds` include the work of other jobs: the fits of the
            members of an ensemble, and the features that a network reads.
        run: run.json of the run.
        features: the folder of all features of the corpus.
    """
    if metrics["kind"] == "ensemble":
        return 0.0
    fitted = metrics["fit_cpu_seconds"]
    if name := run["settings"].get("input", {}).get("features"):
        cost = read_json(features / name / "cost.json")
        made = cost["fit"]["cpu_seconds"], cost["document"]["cpu_seconds"]
        fitted -= made[0] + metrics["fitted_documents"] * made[1]
    return fitted


def spent(results: Path, whole: float) -> dict[str, float]:
    """Return CPU seconds by purpose.

    Args:
        results: results/<name>.
        whole: CPU seconds of the whole run.
    """
    jobs = fits = fits_of_lessons = lessons = 0
    for path in results.glob("*/runs/**/seed-*/metrics.json"):
        metrics = read_json(path)
        corpus = results / path.relative_to(results).parts[0]
        jobs += metrics["cpu_seconds"]
        fits += fit_seconds(metrics, read_json(path.with_name("run.json")), corpus / "features")
    features = sum(
        read_json(path)["fit"]["cpu_seconds"] for path in results.glob("*/features/*/cost.json")
    )
    for path in results.glob("report/tables/lesson-*/*.csv"):
        fits_of_lessons += pd.read_csv(path).get("fit_cpu_seconds", pd.Series()).sum()
    for path in results.glob("benchmarks/lesson/*.tsv"):
        lessons += pd.read_csv(path, sep="\t")["cpu_time"].sum()
    return {
        "the whole run": whole,
        "fitting models": fits + features,
        "fitting the networks of the lessons": fits_of_lessons,
        "start, predictions and writing of the jobs that train": jobs - fits,
        "all else of the lessons": lessons - fits_of_lessons,
        "all else: Snakemake, reading, encoding, tables, pages": whole - jobs - features - lessons,
    }


def rows(results: Path, whole: float) -> list[dict]:
    """Return `spent` as rows, with shares of the whole."""
    return [
        {"work": work, "cpu_seconds": round(seconds), "share": round(seconds / whole, 3)}
        for work, seconds in spent(results, whole).items()
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
