"""Measure the start-up cost of each script: the CPU time of its --help.

    python benchmarks/startup.py

Each script runs in a new process, all scripts in turn, several times. The table has the median of
the CPU seconds (user and system) and the large libraries that were imported. All files are in the
page cache after the first round, which does not count.
"""

import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import harness
from harness import ROOT, write
from seq2report.core.command import UserError, run

SCRIPTS = ROOT / "scripts"
LARGE = ("tensorflow", "sklearn", "pandas")


def start(script: Path) -> tuple[float, set[str]]:
    """Return the CPU seconds of a script's --help, and the modules that it imported.

    Raises:
        UserError: the script failed.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, script, "--help"],
        env=os.environ | {"PYTHONPROFILEIMPORTTIME": "1"},
        capture_output=True,
        text=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise UserError(f"{script} --help failed\n{done.stderr}")
    seconds = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    traced = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return seconds, {line.rpartition("|")[2].strip() for line in traced}


def measure(scripts: list[Path], repetitions: int) -> list[dict]:
    """Return name, median CPU seconds and imports, one row per script, the slowest first."""
    seconds = {script: [] for script in scripts}
    loaded = {}
    for turn in range(repetitions + 1):
        for script, found in seconds.items():
            one, loaded[script] = start(script)
            if turn:
                found.append(one)
    rows = [
        {"script": script.name, "cpu_seconds": round(statistics.median(found), 2)}
        | {name: "yes" if name in loaded[script] else "no" for name in LARGE}
        for script, found in seconds.items()
    ]
    return sorted(rows, key=lambda row: -row["cpu_seconds"])


def main(argv: Sequence[str] | None) -> None:
    parser = harness.parser(__doc__, repetitions=3)
    args = parser.parse_args(argv)

    rows = measure(sorted(SCRIPTS.glob("*.py")), args.repetitions)
    write(rows, args.output)


if __name__ == "__main__":
    run(main)
