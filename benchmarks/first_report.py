"""Measure the first report of a newcomer: `make report` in a fresh clone, set-up included.

    python benchmarks/first_report.py --commits OLD NEW --output benchmarks/results/first_report.csv

Each commit is cloned, built and measured in turn. The CPU time is that of all processes. That of a
job is sampled by Snakemake and lacks the last moments, which count as "Snakemake, all else".
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

import pandas as pd

import harness
from harness import ROOT, write
from overhead import cpu_of_children
from seq2report.core.command import UserError, run

# Some machines set this; then Python compiles every module in every process.
UNWANTED = "PYTHONDONTWRITEBYTECODE"
# Folders of benchmark files, by the work of their rules; a folder belongs to the first that fits.
WORK = {
    "reading, encoding, word vectors": ("fetch", "read*", "encode*", "embed", "train_vectors"),
    "training": ("train", "choose"),
    "lessons": ("lesson",),
    "maps of words and documents": ("evaluate_embeddings", "evaluate_documents"),
    "evaluation": ("evaluate_*", "check_sizes"),
    "pages": ("render*", "configuration"),
}


def timed(folder: Path, *command: str) -> dict[str, float]:
    """Run a command in a folder; return its seconds and CPU seconds.

    Raises:
        UserError: it failed.
    """
    environment = {name: value for name, value in os.environ.items() if name != UNWANTED}
    begin, before = time.perf_counter(), cpu_of_children()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise UserError(f"{' '.join(command)} in {folder}: failed\n{done.stderr[-2000:]}")
    return {"seconds": time.perf_counter() - begin, "cpu_seconds": cpu_of_children() - before}


def work_of(rule: str) -> str:
    """Return the kind of work of a folder of benchmark files.

    Raises:
        UserError: `WORK` does not have it.
    """
    for work, patterns in WORK.items():
        if any(fnmatch(rule, pattern) for pattern in patterns):
            return work
    raise UserError(f"{rule}: no work of WORK in {Path(__file__).name} has this rule; add it there")


def of_jobs(benchmarks: Path) -> pd.DataFrame:
    """Return jobs and their CPU seconds, by work, of a folder of Snakemake's benchmark files."""
    files = sorted(benchmarks.rglob("*.tsv"))
    work = [work_of(file.relative_to(benchmarks).parts[0]) for file in files]
    spent = [pd.read_csv(file, sep="\t", na_values="-")["cpu_time"].sum() for file in files]
    table = pd.Series(spent, files).groupby(work).agg(jobs="size", cpu_seconds="sum")
    return table.reindex(list(WORK), fill_value=0)


def by_work(setup: dict[str, float], report: dict[str, float], jobs: pd.DataFrame) -> pd.DataFrame:
    """Return jobs, seconds and CPU seconds of the whole, of the set-up and of each kind of work."""
    whole = {name: setup[name] + report[name] for name in setup}
    rest = {"cpu_seconds": report["cpu_seconds"] - jobs["cpu_seconds"].sum()}
    ends = {"make report in a fresh clone": whole, "set-up": setup}, {"Snakemake, all else": rest}
    first, last = (pd.DataFrame.from_dict(rows, orient="index") for rows in ends)
    table = pd.concat([first, jobs, last]).rename_axis("work")
    return table[["jobs", "seconds", "cpu_seconds"]].round().astype("Int64")


def measure(commit: str) -> pd.DataFrame:
    """Return `by_work` of the first report of a commit."""
    with tempfile.TemporaryDirectory(prefix="seq2report-") as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        subprocess.run(["git", "checkout", "--quiet", commit], cwd=clone, check=True)
        setup, report = timed(clone, "make", ".venv/.ready"), timed(clone, "make", "report")
        return by_work(setup, report, of_jobs(clone / "results/sample/benchmarks"))


def main(argv: Sequence[str] | None) -> None:
    parser = harness.parser(__doc__)
    parser.add_argument("--commits", nargs=2, required=True, help="before and after")
    args = parser.parse_args(argv)
    before, after = map(measure, args.commits)
    columns = {}
    for name in before:
        columns |= {f"{name}_before": before[name], f"{name}_after": after[name]}
    rows = pd.DataFrame(columns).rename_axis("work").reset_index().to_dict("records")
    write(rows, args.output, commits=" and ".join(args.commits))


if __name__ == "__main__":
    run(main)
