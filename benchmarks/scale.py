"""Measure the cost of planning runs of many variants, seeds and corpora, and count their jobs.

    python benchmarks/scale.py --output benchmarks/results/scale.csv

Nothing is trained. Configurations with copies of a network and of a corpus of the sample extend
config/config.yaml, and Snakemake plans them (`--dry-run`): first a whole run, then one job as at
its start on a node, which the Slurm plugin does twice. Jobs, Slurm jobs (a group is one) and files
are counted in the plan. The first plan of a configuration also checks its layers and is not
measured.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import yaml

import harness
from harness import ROOT, write
from seq2report.core.command import UserError, run

SIZES = [(1, 1, 1), (10, 1, 1), (10, 10, 1), (100, 10, 1), (100, 10, 10)]
PROFILE = ROOT / "profiles/slurm"
# These rules run with Snakemake, not on the cluster.
LOCAL = ("all", "fetch", "configuration", "report")


def configuration(variants: int, seeds: int, corpora: int) -> dict:
    """Return a configuration with these numbers, which extends config/config.yaml."""
    default = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    made = {
        f"network_{n}": {
            "extends": "glove_dense",
            "title": f"Network {n}",
            "layers": [{"Flatten": {}}, {"Dense": {"units": n, "activation": "relu"}}],
        }
        for n in range(1, variants + 1)
    }
    copies = {f"corpus_{n}": default["corpora"]["imdb"] for n in range(1, corpora + 1)}
    return {
        "name": "scale",
        "seeds": list(range(1, seeds + 1)),
        "compare": {"corpora": list(copies), "variants": list(made)},
        "lessons": {"pages": []},
        "corpora": copies,
        "variants": made,
    }


def plan(folder: Path, *arguments: str) -> tuple[str, dict[str, float]]:
    """Plan a run of the configuration in ``folder``; return the plan and its costs.

    Raises:
        UserError: Snakemake failed.
    """
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--directory", str(folder)]
    command += ["--snakefile", str(ROOT / "Snakefile"), "--configfile", str(folder / "config.yaml")]
    begin = time.perf_counter()
    with (folder / "plan.txt").open("w+", encoding="utf-8") as file:
        process = subprocess.Popen([*command, *arguments], stdout=file, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
        file.seek(0)
        text = file.read()
    if status:
        raise UserError(f"{' '.join(command)}: failed\n{text[-2000:]}")
    return text, {
        "seconds": round(seconds, 1),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 1),
        "peak_mb": round(usage.ru_maxrss * 1024 / 1e6),
    }


def counted(text: str, groups: dict[str, str], corpora: int) -> dict[str, int]:
    """Return the numbers of trainings, jobs, Slurm jobs and output files of a plan."""
    # Snakemake lists jobs once, rule by rule.
    rules = re.findall(r"^(?:local)?rule (\w+):\n((?: .*\n)*)", text, flags=re.MULTILINE)
    alone = [name for name, _ in rules if name not in groups and name not in LOCAL]
    shared = {groups[name] for name, _ in rules if name in groups}
    # The group of texts is one job per corpus, every other group one job.
    on_slurm = len(alone) + len(shared) + ("texts" in shared) * (corpora - 1)
    files = sum(
        len(line.split(", "))
        for _, about in rules
        for line in re.findall(r"^ +(?:output|log|benchmark): (.*)", about, flags=re.MULTILINE)
    )
    trainings = sum(name.startswith("train_") for name, _ in rules)
    return {"trainings": trainings, "jobs": len(rules), "slurm_jobs": on_slurm, "files": files}


def measure(variants: int, seeds: int, corpora: int) -> dict:
    """Return the numbers of a run, and the costs of planning all of it and one job."""
    groups = yaml.safe_load((PROFILE / "config.yaml").read_text(encoding="utf-8"))["groups"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = json.dumps(configuration(variants, seeds, corpora))
        (folder / "config.yaml").write_text(settings, encoding="utf-8")
        plan(folder)
        text, took = plan(folder)
        job = "results/scale/corpus_1/documents.parquet"
        _, of_job = plan(folder, "--allowed-rules", "read", "fetch", "--", job)
    row = {"variants": variants, "seeds": seeds, "corpora": corpora}
    row |= counted(text, groups, corpora)
    row |= {f"plan_{key}": value for key, value in took.items()}
    return row | {"job_start_cpu_seconds": 2 * of_job["cpu_seconds"]}


def main(argv: Sequence[str] | None) -> None:
    parser = harness.parser(__doc__)
    args = parser.parse_args(argv)
    write([measure(*size) for size in SIZES], args.output)


if __name__ == "__main__":
    run(main)
