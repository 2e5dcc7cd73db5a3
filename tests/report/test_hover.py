import json
import re
from html import unescape

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from seq2report.report import html, plots
from seq2report.report.hover import MOST, NAMES

HOSTILE = "<script>alert(1)</script>&\"'"


def titles(figure: Figure) -> list[str]:
    return re.findall("<title>(.*?)</title>", html.figure(figure, "alt").data)


def marks(figure: Figure) -> list[tuple[float, float]]:
    found = re.findall('<circle cx="(.*?)" cy="(.*?)"', html.figure(figure, "alt").data)
    return [(float(x), float(y)) for x, y in found]


def test_points_have_the_names_of_their_line_and_axes_and_their_values():
    figure = Figure()
    left, right = figure.subplots(1, 2)
    for panel in (left, right):
        panel.plot([1, 2], [0.25, 0.5], color="#0072B2", label="LSTM")
        panel.axhline(0.3, label="chance")
        panel.set(title="first" if panel is left else "second", xlabel="epoch: of 2")
    left.set_ylabel("accuracy (share)")
    assert titles(figure) == [
        "first, LSTM: epoch 1, accuracy 0.25",
        "first, LSTM: epoch 2, accuracy 0.5",
        "second, LSTM: epoch 1, 0.25",
        "second, LSTM: epoch 2, 0.5",
    ]


def test_a_mark_is_where_its_point_is_drawn():
    figure = Figure(figsize=(5, 4), layout="none")
    axes = figure.add_axes((0.1, 0.2, 0.8, 0.6))
    axes.set(xlim=(1, 100), ylim=(0, 1), xscale="log")
    axes.plot([10], [0.5], "o")
    axes.plot([200, 10], [0.5, np.nan], "o")  # outside, and no value
    assert marks(figure) == [(0.5 * 360, 0.5 * 288)]


def test_intervals_percentages_and_ticks_with_names_are_those_of_the_axis():
    figure = Figure()
    axes = figure.subplots()
    axes.errorbar([0, 1.1], [0.5, 0.75], yerr=[0.1, 0.05], label="A")
    axes.set_xticks([0, 1], ["none", "all"])
    axes.yaxis.set_major_formatter(plots.mpl.ticker.PercentFormatter(1))
    axes.set(xlabel="words", ylabel="accuracy")
    assert titles(figure) == [
        "A: words none, accuracy 50.0% (40.0% to 60.0%)",
        "A: words all, accuracy 75.0% (70.0% to 80.0%)",
    ]


def test_values_have_no_exponent_of_computers():
    figure = Figure()
    figure.subplots().errorbar([10130.4], [3e-5], yerr=[1e-5])
    assert titles(figure) == ["10,130, 3 × 10⁻⁵ (2 × 10⁻⁵ to 4 × 10⁻⁵)"]


def test_a_band_is_the_interval_of_the_line_with_its_label():
    figure = Figure()
    axes = figure.subplots()
    axes.plot([1, 2], [5, 6], label="LSTM")
    axes.plot([1, 2], [7, 8], label="GRU")
    axes.fill_between([1, 2], [4, 5.5], [6, 6.5], label="LSTM")
    axes.set(xlabel="epoch", ylabel="loss")
    assert titles(figure) == [
        "LSTM: epoch 1, loss 5 (4 to 6)",
        "LSTM: epoch 2, loss 6 (5.5 to 6.5)",
        "GRU: epoch 1, loss 7",
        "GRU: epoch 2, loss 8",
    ]


def test_the_cells_of_a_picture_of_pixels_have_their_texts_from_the_top():
    figure = Figure(figsize=(2, 1), layout="none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.imshow([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]], aspect="auto")
    cells = [["10%", "", "30%"], ["40%", "", "60%"]]
    plots.name_grid(axes, [HOSTILE, "down"], ["a", "b", "c"], cells)
    drawn = html.figure(figure, "alt").data
    assert "<script" not in drawn
    ((place, grid),) = re.findall('<rect (.*?) data-grid="(.*?)"/>', drawn)
    assert place == 'x="0.0" y="0.0" width="144.0" height="72.0"'
    assert json.loads(unescape(grid)) == {
        "rows": [HOSTILE, "down"],
        "columns": ["a", "b", "c"],
        "cells": ["10%;;30%", "40%;;60%"],
    }


@pytest.mark.parametrize("kind", ["bar", "step"])
def test_bars_and_outlines_of_histograms_name_their_range(kind):
    figure = Figure()
    axes = figure.subplots()
    axes.hist([1, 2, 2], bins=[1, 2, 3], label="all", histtype=kind)
    axes.set(xlabel="words", ylabel="documents")
    expected = ["all: words 1 to 2, documents 1", "all: words 2 to 3, documents 2"]
    assert titles(figure) == expected


def test_points_at_one_place_have_one_mark_with_all_names_or_some():
    figure = Figure()
    axes = figure.subplots()
    for n in range(NAMES + 2):
        axes.plot([1, 2], [1, n], label=f"line {n}")
    found = titles(figure)
    assert found[0] == "line 0, line 1, line 2, 2 others: 1, 1"
    assert len(found) == NAMES + 3


def test_a_long_line_has_a_limited_number_of_marks():
    figure = Figure()
    axes = figure.subplots()
    for n in range(3):
        axes.plot(range(10_000), [n] * 10_000)
    assert MOST / 2 < len(titles(figure)) <= MOST


def test_words_of_a_map_are_named():
    columns = {"word": ["plain", "rare"], "label": "", "x": [0.0, 1], "y": [0.0, 1]}
    places = pd.DataFrame(columns | {"count": [2, 1]})
    assert "plain" in " ".join(titles(plots.word_map(places, [])))


@pytest.mark.reliability("Security")
def test_names_under_the_pointer_are_escaped():
    figure = Figure()
    axes = figure.subplots()
    axes.plot([1], [1], "o", label=HOSTILE)
    axes.set(title=HOSTILE, xlabel=HOSTILE)
    axes.annotate(HOSTILE, (1, 1))
    plots.name_cells(axes, [(1, 1, HOSTILE, '#"><script>')])
    drawn = html.figure(figure, "alt").data
    assert "<script" not in drawn
    assert len(re.findall("<title>[^<]*&lt;script", drawn)) == 2
    assert '<a xlink:href="#&quot;&gt;&lt;script&gt;"><title>&lt;script' in drawn
