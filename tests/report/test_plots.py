import os
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from colours import READABLE, contrast
from drawn import outside_of
from helpers import ROOT

from seq2report.lessons import several_features_plots
from seq2report.report import corpus_plots, html, plots, sizes_plots

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


def test_contrast_is_that_of_the_guidelines():
    assert contrast("rgb(0, 0, 0)", "rgb(255, 255, 255)") == pytest.approx(21)
    assert contrast("rgb(118, 118, 118)", "rgb(255, 255, 255)") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_number_can_be_read_on_every_share(scheme):
    style = (ROOT / "reports/template/style.css").read_text(encoding="utf-8")
    light, dark = re.findall("--paper: #(.{6}); --ink: #(.{6});", style)
    paper, ink = map(bytes.fromhex, light if scheme == "light" else dark)
    for *blue, alpha in plots.SHARES(np.linspace(0, 1, 101)):
        cell = alpha * 255 * np.array(blue) + (1 - alpha) * np.array(list(paper))
        assert contrast(f"rgb({[*ink]})", f"rgb({cell.tolist()})") >= READABLE


def sizes_figure():
    columns = {"title": "A", "number": 1, "metric": "accuracy", "score": 0.8, "low": 0.7}
    sizes = pd.DataFrame(columns | {"high": 0.9, "labels": [50, 500]})
    doubling = pd.DataFrame({"title": ["A"], "gain": [0.1], "doubled": [1000], "expected": [0.9]})
    return sizes_plots.curves(sizes, doubling)[0]


def lengths_figure():
    counted = pd.DataFrame({"counted": ["words", "ids"], "words": [310, 300], "documents": 90_000})
    lost = {column: 1 for pair in corpus_plots.LOSSES.values() for column in pair}
    cuts = pd.DataFrame({"cut": [60, 150], "configured": True} | lost)
    return corpus_plots.lengths_and_cuts(counted, cuts)


def errors_figure():
    columns = {
        "method": "linear regression",
        "inputs": ["temperature alone", "all eleven measurements"],
    }
    scores = pd.DataFrame(columns | {"mae": [0.5, 0.4]})
    return several_features_plots.errors(scores, 0.3, tuple(columns["inputs"]))


@pytest.mark.parametrize("draw", [sizes_figure, lengths_figure, errors_figure])
def test_labels_of_axes_are_inside_their_picture(draw):
    assert outside_of(draw()) == []


def test_paper_has_the_colour_of_the_page_and_nothing_about_matplotlib_is_written():
    figure = plots.Figure(facecolor=plots.PAPER)
    figure.subplots().plot([1, 2])
    drawn = html.figure(figure, "alt").data
    assert "fill: var(--paper)" in drawn
    assert plots.PAPER not in drawn
    assert "<metadata" not in drawn
