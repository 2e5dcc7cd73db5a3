"""Nobody runs the benchmarks for weeks, while what they import changes."""

import subprocess
import sys

from helpers import ROOT

FOREIGN = "training_pytorch"  # of another environment


def test_the_benchmarks_can_be_imported():
    names = sorted({path.stem for path in (ROOT / "benchmarks").glob("*.py")} - {FOREIGN})
    command = [sys.executable, "-c", f"import {', '.join(names)}"]
    subprocess.run(command, check=True, cwd=ROOT / "benchmarks")
