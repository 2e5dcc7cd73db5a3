"""Which jobs use a GPU."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

AUTO = "auto"
SENTENCES = "encode_sentences"  # in the table of ratios: vectors from a frozen encoder


def read_ratios(path: Path) -> dict[str, float]:
    """Read how many times as fast as one core of a CPU a GPU trains each variant.

    ``path`` is workflow/gpu.csv, which benchmarks/gpu.py writes.
    """
    with path.open(encoding="utf-8") as file:
        rows = csv.DictReader(file)
        return {row["job"]: float(row["cpu_seconds"]) / float(row["gpu_seconds"]) for row in rows}


def gpus(gpu: int | str, job: str, ratios: Mapping[str, float], available: bool) -> int:
    """Return the number of GPUs that a job requests.

    Args:
        gpu: of the configuration; with ``auto``, a job requests a GPU if this machine has one and
            it is faster by what was measured.
        job: a variant or `SENTENCES`.
        ratios: as `read_ratios` returns them.
        available: whether this machine has a GPU.
    """
    if gpu != AUTO:
        return int(gpu)
    return int(available and ratios.get(job, 0) > 1)


def gpu_notices(jobs: Iterable[str], ratios: Mapping[str, float], table: str) -> list[str]:
    """Return what ``gpu: auto`` decides on a machine with a GPU, with the reasons."""
    jobs = list(jobs)
    used = [f"{job} ({ratios[job]:.1f} times as fast)" for job in jobs if ratios.get(job, 0) > 1]
    slower = [f"{job} ({ratios[job]:.1f})" for job in jobs if 0 < ratios.get(job, 0) <= 1]
    unknown = [job for job in jobs if job not in ratios]
    reasons = {
        "on the GPU": used,
        "on the CPU, which is faster": slower,
        f"on the CPU, because {table} does not have them": unknown,
    }
    return [f"gpu: auto: {where}: {', '.join(names)}" for where, names in reasons.items() if names]
