"""Measure the first report of a newcomer: `make report` in a fresh clone, set-up included.

    python benchmarks/first_report.py --commits OLD NEW --output benchmarks/results/first_report.csv

Each commit is cloned, built and measured in turn. The CPU time is that of all processes. That of a
rule is sampled by Snakemake and lacks the last moments of its jobs, so "all else" has these, too.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

import harness
from harness import ROOT, write
from overhead import cpu_of_children
from seq2report.core.command import UserError, run

# Some machines set this; then Python compiles every module in every process.
UNWANTED = "PYTHONDONTWRITEBYTECODE"
RULES = ("train", "lesson", "render", "evaluate_answers", "evaluate_embeddings", "encode_features")
RULES += ("train_vectors",)


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


def measure(commit: str) -> pd.DataFrame:
    """Return seconds and CPU seconds of the first report of a commit, by work."""
    with tempfile.TemporaryDirectory(prefix="seq2report-") as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        subprocess.run(["git", "checkout", "--quiet", commit], cwd=clone, check=True)
        setup, report = timed(clone, "make", ".venv/.ready"), timed(clone, "make", "report")
        work = {"set-up": setup}
        for rule in RULES:
            files = sorted(clone.glob(f"results/sample/benchmarks/{rule}/**/*.tsv"))
            jobs = pd.concat(pd.read_csv(file, sep="\t", na_values="-") for file in files)
            work[rule] = {"jobs": len(jobs), "cpu_seconds": jobs["cpu_time"].sum()}
    spent = sum(part["cpu_seconds"] for part in work.values())
    whole = {name: setup[name] + report[name] for name in setup}
    work["all else"] = {"cpu_seconds": whole["cpu_seconds"] - spent}
    table = pd.DataFrame({"make report in a fresh clone": whole} | work).T.rename_axis("work")
    return table.reindex(columns=["jobs", "seconds", "cpu_seconds"])


def main(argv: Sequence[str] | None) -> None:
    parser = harness.parser(__doc__)
    parser.add_argument("--commits", nargs=2, required=True, help="before and after")
    args = parser.parse_args(argv)
    before, after = (measure(commit).round().astype("Int64") for commit in args.commits)
    table = before[["jobs"]]
    for name in ("seconds", "cpu_seconds"):
        table = table.assign(**{f"{name}_before": before[name], f"{name}_after": after[name]})
    write(table.reset_index().to_dict("records"), args.output, commits=" and ".join(args.commits))


if __name__ == "__main__":
    run(main)
