"""Measure several ways of doing the same work in turn, each in a new process.

A way is a function that does the work and returns its result. The ways run one after the other in
several rounds, so that a busy or throttled machine slows all of them down equally. Medians within
one run of the benchmark are compared.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Hashable, Iterable, Mapping
from importlib.metadata import packages_distributions, version
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from seq2report.core import command  # noqa: E402
from seq2report.core.command import UserError  # noqa: E402
from seq2report.core.machine import machine  # noqa: E402

# As the rules of workflow/rules/train.smk set it.
KEPT = {"MALLOC_MMAP_THRESHOLD_": "2000000000", "MALLOC_TRIM_THRESHOLD_": "2000000000"}
PACKAGES = ("tensorflow", "keras", "numpy", "polars", "pyarrow", "pandas", "snakemake")
# Some machines set these for old releases of OpenBLAS; they slow down the current one.
UNWANTED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


def parser(description: str, repetitions: int = 0) -> argparse.ArgumentParser:
    """Return a parser with --output and, with a default above 0, --repetitions."""
    parser = command.parser(description)
    parser.add_argument("--output", type=Path, help="CSV file to write")
    if repetitions:
        parser.add_argument("--repetitions", type=int, default=repetitions)
    return parser


def start(
    script: Path | str, *arguments: object, python: str = sys.executable, kept: bool = False
) -> subprocess.Popen:
    """Start a command in its own process; see `result`."""
    environment = {key: value for key, value in os.environ.items() if key not in UNWANTED}
    return subprocess.Popen(
        [python, str(script), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment | (KEPT if kept else {}),
    )


def result(process: subprocess.Popen) -> dict:
    """Wait for a command and return the JSON object of its last line.

    Raises:
        UserError: the command failed.
    """
    out, err = process.communicate()
    if process.returncode:
        raise UserError(f"{' '.join(process.args)}: failed\n{err}")
    return json.loads(out.splitlines()[-1])


def in_turn(
    ways: Iterable[Hashable], measure: Callable[[Hashable, int], dict], repetitions: int
) -> dict[Hashable, list[dict]]:
    """Measure each way in turn, ``repetitions`` times; ``measure`` takes way and round."""
    ways = list(ways)
    results = {way: [] for way in ways}
    for n in range(repetitions):
        for way in ways:
            results[way].append(measure(way, n))
            print(f"{way}: {results[way][-1]}", file=sys.stderr)
    return results


def median(runs: Iterable[Mapping], key: str) -> float:
    """Return the median of one number over several runs."""
    return statistics.median(run[key] for run in runs)


def peak_mb() -> float:
    """Return the peak memory of this process so far; on Linux without that of its parent."""
    status = Path("/proc/self/status")
    if status.is_file():
        (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        return int(line.split()[1]) * 1024 / 1e6
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def circumstances() -> dict[str, str]:
    """Return what the figures depend on: date, machine and versions."""
    installed = packages_distributions()  # tensorflow-cpu also installs the module tensorflow
    return {
        "date": time.strftime("%Y-%m-%d"),
        **machine(),
        "python": platform.python_version(),
        **{name: version(installed[name][0]) for name in PACKAGES},
    }


def write(rows: list[dict], output: Path | None, **more: str) -> None:
    """Print a table and, if ``output`` is given, write it as CSV and what it depends on as JSON."""
    table = pd.DataFrame(rows)
    print(table.to_string(index=False))
    if output:
        output.parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(output, index=False, lineterminator="\n")
        about = json.dumps(circumstances() | more, indent=1)
        output.with_suffix(".json").write_text(about + "\n", encoding="utf-8")
