import numpy as np
import pandas as pd
from ranked import variants

from seq2report.report import comparison_plots


def test_a_matrix_of_pairs_has_a_sign_in_each_cell():
    titles = ["SVM", "LSTM", "SLIDES"]
    verdicts = {(0, 1): "better", (0, 2): "better", (1, 2): "not distinguishable"}
    verdicts |= {(1, 0): "worse", (2, 0): "worse", (2, 1): "not distinguishable"}
    rows = [(titles[a], titles[b], verdict) for (a, b), verdict in verdicts.items()]
    table = pd.DataFrame(rows, columns=["title_a", "title_b", "verdict"])
    (axes,) = comparison_plots.pairs(table, titles).axes
    signs = {text.get_position(): text.get_text() for text in axes.texts}
    assert {(y, x): sign for (x, y), sign in signs.items()} == {
        pair: {"better": "+", "worse": "−", "not distinguishable": "≈"}[verdict]
        for pair, verdict in verdicts.items()
    }
    shown = axes.images[0].get_array()
    assert np.ma.getmaskarray(shown).sum() == 3  # the diagonal
    assert shown[0, 1] == shown[0, 2] != shown[1, 0]


def test_the_front_is_marked_in_the_picture_of_time():
    table = variants(score=[0.9, 0.895, 0.4])
    axes, names = comparison_plots.score_against_time(table).axes
    front = axes.lines[0]
    assert front.get_xdata().tolist() == [30, 60]
    assert front.get_ydata().tolist() == [0.895, 0.9]
    assert [text.get_text() for text in axes.texts] == ["1", "2"]
    told = [(text.get_text(), text.get_fontweight()) for text in names.texts]
    assert told == [
        ("1  SVM", "bold"),
        ("2  LSTM <b>", "bold"),
        ("3  Slides (40.0%, not drawn)", "normal"),
    ]


def test_pictures_of_certainty_draw_what_they_are_given():
    bins = pd.DataFrame(
        {
            "title": ["A", "A", "B"],
            "confidence": [0.5, 0.9, 0.9],
            "accuracy": [0.4, 1, 0.8],
            "documents": [1, 3, 4],
        }
    )
    panels = comparison_plots.reliability_curves(bins, ["A", "B"]).axes
    assert [panel.get_title("left") for panel in panels] == ["A", "B"]
    assert panels[0].lines[1].get_ydata().tolist() == [0.4, 1]
    answered = pd.DataFrame({"title": "A", "coverage": [0.5, 1], "accuracy": [1, 0.8]})
    (axes,) = comparison_plots.selective_accuracy(answered, ["A"]).axes
    assert axes.lines[0].get_ydata().tolist() == [1, 0.8]
