import re

import numpy as np
import pandas as pd
import pytest
from drawn import outside_of
from ranked import variants

from seq2report.report import comparison_plots, html


def test_a_matrix_of_pairs_has_a_sign_in_each_cell():
    titles = ["SVM", "LSTM", "SLIDES"]
    named = pd.DataFrame({"title": titles, "number": [3, 1, 2]})
    verdicts = {(0, 1): "better", (0, 2): "better", (1, 2): "not distinguishable"}
    verdicts |= {(1, 0): "worse", (2, 0): "worse", (2, 1): "not distinguishable"}
    rows = [(titles[a], titles[b], verdict) for (a, b), verdict in verdicts.items()]
    table = pd.DataFrame(rows, columns=["title_a", "title_b", "verdict"])
    table = table.assign(difference=0.012, low=-0.005, high=0.03)
    figure, names = comparison_plots.pairs(table, named)
    (axes,) = figure.axes
    assert [(name.title, name.number) for name in names] == [("SVM", 3), ("LSTM", 1), ("SLIDES", 2)]
    texts = {(cell.get_y() + 0.5, cell.get_x() + 0.5): cell.get_gid() for cell in axes.patches}
    assert texts.keys() == verdicts.keys()
    assert texts[0, 1] == "SVM: better than LSTM, +1.2 points (−0.5 to +3.0)"
    assert texts[2, 1].startswith("SLIDES: not distinguishable from LSTM")
    signs = {text.get_position(): text.get_text() for text in axes.texts}
    assert {(y, x): sign for (x, y), sign in signs.items()} == {
        pair: {"better": "+", "worse": "−", "not distinguishable": "≈"}[verdict]
        for pair, verdict in verdicts.items()
    }
    assert [label.get_text() for label in axes.get_xticklabels()] == ["C", "A", "B"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["C", "A", "B"]
    shown = axes.images[0].get_array()
    assert np.ma.getmaskarray(shown).sum() == 3  # the diagonal
    assert shown[0, 1] == shown[0, 2] != shown[1, 0]


def test_the_front_is_marked_in_the_picture_of_time():
    table = variants(score=[0.9, 0.895, 0.4])
    figure, names = comparison_plots.score_against_time(table, table["score"] > 0.5)
    (axes,) = figure.axes
    front = axes.lines[0]
    assert front.get_xdata().tolist() == [30, 60]
    assert front.get_ydata().tolist() == [0.895, 0.9]
    assert sorted(text.get_text() for text in axes.texts) == ["A", "C"]
    assert [(name.number, name.title, name.is_strong) for name in names] == [
        (3, "SVM", True),
        (1, "LSTM <b>", True),
        (2, "Slides (40.0%, not drawn)", False),
    ]


def test_a_dot_hides_the_letter_of_a_dot_below_it():
    figure, _ = comparison_plots.score_against_time(variants(), True)
    (axes,) = figure.axes
    drawn = sorted(axes.get_children(), key=lambda artist: artist.get_zorder())
    parts = {artist: artist.get_gid() for artist in drawn if artist in {*axes.lines, *axes.texts}}
    lettered = [gid for artist, gid in parts.items() if gid and artist.get_visible()]
    assert lettered == ["of-B", "of-B", "of-A", "of-A", "of-C", "of-C"]


@pytest.mark.parametrize("title", ["Multi-hot + dense layers of the lecture", "GloVe + biLSTM"])
def test_two_panels_stand_beside_each_other_on_a_small_phone(title):
    columns = {"confidence": [0.5], "accuracy": 0.4, "documents": 1, "low": 0.3, "high": 1.0}
    named = pd.DataFrame({"title": [title], "number": 30})
    drawn, _ = comparison_plots.reliability_curves(pd.DataFrame({"title": title} | columns), named)
    assert outside_of(drawn[0]) == []
    (least,) = re.findall(r"min-width: (\d+)pt", html.figure(drawn, alt="nothing").data)
    room = 360 - 2 * 0.8 * 16 - 2 * 0.5 * 16 - 2  # without paddings and borders
    assert 2 * int(least) * 96 / 72 + 0.4 * 16 <= room


def test_of_many_variants_the_best_are_named_and_the_others_are_dots():
    count = 60
    table = pd.concat([variants(pareto=False)] * 20, ignore_index=True)
    table = table.assign(number=range(1, count + 1), score=np.linspace(0.9, 0.7, count))
    figure, names = comparison_plots.score_against_time(table, True)
    (axes,) = figure.axes
    assert len(axes.texts) == comparison_plots.LISTED
    assert names[-1].title == f"{count - comparison_plots.LISTED} others: grey dots"
    grey = [line for line in axes.lines if line.get_marker() == "."]
    assert len(grey) == count - comparison_plots.LISTED


def test_pictures_of_certainty_draw_what_they_are_given():
    bins = pd.DataFrame(
        {
            "title": ["A", "A", "B"],
            "confidence": [0.5, 0.9, 0.9],
            "accuracy": [0.4, 1, 0.8],
            "documents": [1, 3, 4],
            "low": 0.3,
            "high": 1.0,
        }
    )
    named = pd.DataFrame({"title": ["A", "B"], "number": [2, 27]})
    figures, names = comparison_plots.reliability_curves(bins, named)
    panels = [axes for figure in figures for axes in figure.axes]
    assert [name.number for name in names] == [2, 27]
    assert [panel.get_title("left") for panel in panels] == ["B  A", "AA  B"]
    assert panels[0].lines[1].get_ydata().tolist() == [0.4, 1]
    answered = pd.DataFrame({"title": "A", "coverage": [0.5, 1], "accuracy": [1, 0.8]})
    figure, names = comparison_plots.selective_accuracy(answered, named.head(1))
    (axes,) = figure.axes
    assert [name.title for name in names] == ["A"]
    assert axes.lines[0].get_ydata().tolist() == [1, 0.8]


@pytest.mark.parametrize("times", [[600, 700, 650], [1, 10, 9], [1, 9e4, 1]])
def test_an_axis_of_times_does_not_exaggerate_small_differences(times):
    figure, _ = comparison_plots.score_against_time(variants(fit_cpu_seconds=times), True)
    (axes,) = figure.axes
    low, high = axes.get_xlim()
    assert high / low >= 5 - 1e-9
    assert low < min(times) < max(times) < high
    assert 2 <= sum(low <= tick <= high for tick in axes.get_xticks()) <= 6
