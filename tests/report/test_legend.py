import re

import pytest
from matplotlib.figure import Figure

from seq2report.report import html, legend, plots
from seq2report.report.plots import Name

BLUE, ORANGE = "#0072b2", "#e69f00"


def two_panels() -> list[Figure]:
    drawn = plots.panels(2, (2, 2))
    for axes, high in zip(drawn, (1, 3), strict=True):
        axes.plot([1, 2], [0, high], "--", color=BLUE, label="training")
        axes.fill_between([1, 2], [0, 0], [1, high], color=BLUE, alpha=0.2, label="training")
        axes.plot([1], [0.5], "o", color=ORANGE, label="kept")
        axes.axhline(0.5)  # without a name
    return plots.figures(drawn)


def test_panels_have_one_name_per_label_which_chooses_its_parts_in_each():
    drawn = html.figure(two_panels(), "Two panels").data
    assert re.findall('<li data-of="(.)">.*?</svg> (.*?)</li>', drawn) == [
        ("1", "training"),
        ("2", "kept"),
    ]
    assert drawn.count("<svg role=") == 2
    assert drawn.count('data-of="1"') == 1 + 2 * 2  # lines and bands
    assert drawn.count('data-of="2"') == 1 + 2
    assert 'id="of-' not in drawn


def test_a_sample_shows_line_marker_and_area_each_once():
    (training, kept) = legend.labelled(two_panels())
    assert training.sample.count("<path") == 2
    assert "stroke-dasharray" in training.sample
    assert BLUE in training.sample
    assert kept.sample.count("<path") == 1
    assert f'fill="{ORANGE}"' in kept.sample


def test_panels_share_their_range_of_values_if_they_are_to():
    ranges = [axes.get_ylim() for figure in two_panels() for axes in figure.axes]
    assert ranges[0] == ranges[1]
    assert ranges[0][1] > 3


def test_names_that_are_given_replace_those_of_labels():
    drawn = html.figure(two_panels(), "Two panels", names=[Name("only this")]).data
    assert "<li>only this</li>" in drawn
    assert "training" not in re.sub("<title>.*?</title>", "", drawn)


@pytest.mark.parametrize(
    "draw",
    [
        lambda axes: axes.hist([1, 2], histtype="step", color=BLUE, label="all"),
        lambda axes: axes.hist([1, 2], color=BLUE, label="all"),
        lambda axes: axes.scatter([1], [1], edgecolors=BLUE, facecolors="none", label="all"),
        lambda axes: axes.errorbar([1], [1], yerr=[1], color=BLUE, label="all"),
    ],
)
def test_every_kind_of_plot_has_a_sample_in_its_colour(draw):
    figure = Figure()
    draw(figure.subplots())
    (name,) = legend.labelled([figure])
    assert name.title == "all"
    assert BLUE in name.sample
