import os
import subprocess
import sys

import pytest
from helpers import ROOT

PRINT = """
import seq2report.report.plots
from matplotlib import rcParams
print(rcParams["lines.linewidth"], rcParams["font.size"])
"""


@pytest.mark.reliability("Repeatability")
@pytest.mark.parametrize("name", ["matplotlibrc", ".config/matplotlib/matplotlibrc"])
def test_matplotlib_settings_of_a_home_or_folder_do_not_change_a_plot(tmp_path, name):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("lines.linewidth: 40\nfont.size: 40\n")
    shell = {"HOME": str(tmp_path), "PYTHONPATH": str(ROOT / "scripts")}
    done = subprocess.run(
        [sys.executable, "-c", PRINT],
        cwd=tmp_path,
        env=os.environ | shell,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "1.5 9.5\n", done.stderr
