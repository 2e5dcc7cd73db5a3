"""How long work takes: of this process, and of jobs by Snakemake's benchmark files."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from seq2report.core.command import intact, read_json

if TYPE_CHECKING:  # commands that train load no pandas
    import pandas as pd

Result = TypeVar("Result")
FACTOR = 2  # times that differ by less are ties: a second measurement could swap them
REPEATED, MOST = 1.0, 3  # seconds of all runs of short work, and number of runs


def stopwatch() -> Callable[[], tuple[float, float]]:
    """Return a function that returns the seconds, and CPU seconds of this process, since now."""
    start, cpu_start = time.perf_counter(), time.process_time()
    return lambda: (time.perf_counter() - start, time.process_time() - cpu_start)


def shortest(work: Callable[[], Result], most: int = MOST) -> tuple[Result, tuple[float, float]]:
    """Return the result of ``work``, and the least seconds and CPU seconds of its runs.

    Short work is repeated, up to ``most`` times within `REPEATED` seconds: a single run also
    measures what happens once, such as the compilation of a network, and other jobs of the machine.
    """
    total, result, runs = stopwatch(), None, []
    while len(runs) < most and (not runs or total()[0] < REPEATED):
        passed = stopwatch()
        result = work()
        runs.append(passed())
    return result, (min(wall for wall, _ in runs), min(cpu for _, cpu in runs))


def tied(one: float, other: float) -> bool:
    """Return whether two times are ties: the longer is less than `FACTOR` times the shorter."""
    return one == other or (one < FACTOR * other and other < FACTOR * one)


@contextmanager
def progress(activity: str, every: float = 60) -> Iterator[None]:
    """Log that an activity begins, and each ``every`` seconds that it continues."""
    done, passed = threading.Event(), stopwatch()

    def log() -> None:
        while not done.wait(every):
            logging.info("still %s, for %.0f s", activity, passed()[0])

    logging.info("%s", activity)
    thread = threading.Thread(target=log, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def read_jobs(benchmarks: Path) -> "pd.DataFrame":
    """Return one row per job: rule, job, seconds, cpu_seconds and peak_mib, the longest first.

    CPU time is sampled while a job runs, so the last moments of each may be missing. That of a
    training is the one that its process measured, in the metrics of the run. ``benchmarks`` has
    Snakemake's benchmark files, one folder per rule, in the folder of the results; `UserError` if
    one of them is damaged. Folders in the folder of a rule are part of the names of its jobs.
    """
    import pandas as pd

    files = sorted(benchmarks.glob("*/**/*.tsv"))
    columns = {"s": "seconds", "cpu_time": "cpu_seconds", "max_rss": "peak_mib"}
    rows = []
    for path in files:
        with intact(path):
            row = pd.read_csv(path, sep="\t", na_values="-")[[*columns]].astype(float)
            if len(row) != 1 or row["s"].isna().any():
                raise ValueError(f"it has {len(row)} rows, expected the times of one job")
        is_training = path.is_relative_to(benchmarks / "train")
        if is_training and (metrics := _metrics(path, benchmarks)).is_file():
            row["cpu_time"] = read_json(metrics)["cpu_seconds"]
        rows.append(row)
    jobs = pd.concat(rows).rename(columns=columns)
    names = [path.relative_to(benchmarks).as_posix().removesuffix(".tsv") for path in files]
    jobs.insert(0, "rule", [name.partition("/")[0] for name in names])
    jobs.insert(1, "job", [name.partition("/")[2] for name in names])
    return jobs.sort_values("seconds", ascending=False, kind="stable", ignore_index=True)


def _metrics(benchmark: Path, benchmarks: Path) -> Path:
    """Return the metrics of the run that a job trained; its file is <corpus>-<variant>-<seed>.tsv.

    That of a subset of the labels is in a folder.
    """
    corpus, variant, seed = (*benchmark.stem.split("-"), "", "")[:3]
    run = benchmarks.parent / corpus / "runs" / variant
    return run / benchmark.parent.relative_to(benchmarks / "train") / f"seed-{seed}/metrics.json"


def of_rules(jobs: "pd.DataFrame") -> "pd.DataFrame":
    """Return one row per rule, the longest first: jobs, seconds, cpu_seconds and peak_mib.

    Seconds are sums over the jobs, to a tenth; peak_mib is the largest of a job.
    """
    rules = jobs.groupby("rule", sort=True).agg(
        jobs=("job", "size"),
        seconds=("seconds", "sum"),
        cpu_seconds=("cpu_seconds", "sum"),
        peak_mib=("peak_mib", "max"),
    )
    rules = rules.fillna(0).round({"seconds": 1, "cpu_seconds": 1, "peak_mib": 0})
    rules = rules.astype({"peak_mib": int}).reset_index()
    return rules.sort_values("seconds", ascending=False, kind="stable", ignore_index=True)
