"""The drawings of the lessons: their numbers are those of the tables, and their text fits."""

import pandas as pd
import pytest
from drawn import numbers, outside, parsed, texts

from seq2report.lessons import cbow_drawing, drawing, one_hot, one_hot_drawing
from seq2report.lessons.cbow import by_hand


def cbow_tables() -> dict[str, pd.DataFrame]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(by_hand, "STARTS", 20)
        starts, _, embeddings = by_hand.try_starts(by_hand.SHOWN, 1)
    tables = {"step": by_hand.first_step(by_hand.draw_starts(1, 1)), "starts": starts}
    tables |= {"contexts": starts[["setting"]], "pairs": pd.DataFrame(index=range(8))}
    tables |= by_hand.compare_orders(starts, embeddings)
    return tables | {"facts": pd.DataFrame({"rate": [by_hand.RATE]})}


@pytest.fixture(scope="module")
def figures():
    """A figure of each lesson, from tables that the lesson made."""
    six_words = cbow_tables()
    return {
        "one_hot": one_hot_drawing.figure(one_hot.build_tables(1)),
        "cbow": cbow_drawing.step(six_words),
        "cbow maps": cbow_drawing.maps(six_words),
    }


@pytest.mark.parametrize("lesson", ["one_hot", "cbow", "cbow maps"])
def test_a_drawing_is_described_and_readable_on_a_phone(figures, lesson):
    for svg in parsed(figures[lesson]):
        assert svg.get("role") == "img"
        assert svg.find("title").text == svg.get("aria-label")
        assert len(svg.find("desc").text) > 60
        assert float(svg.get("viewBox").split()[2]) <= drawing.WIDTH
        assert outside(svg) == []


def test_the_sign_of_a_number():
    assert drawing.signed(-0.001) == "0.00"
    assert drawing.signed(-1.5) == "−1.50"
    assert drawing.signed(3, "+d") == "+3"
    assert drawing.signed(-1.23e-10, ".1e") == "−1.2e−10"


def test_text_of_a_corpus_is_escaped_and_visible():
    shown = drawing.drawing(9, "<b>", "\x07", drawing.text(0, 0, "</svg><script>"))
    assert "<b>" not in shown
    assert "<script>" not in shown
    assert "\x07" not in shown


def test_one_hot_numbers_are_those_of_the_tables(figures):
    tables = one_hot.build_tables(1)
    row = one_hot_drawing.SHOWN
    matrix = tables["features"].iloc[:, 1:].to_numpy()
    column = tables["one_hot"].iloc[row, 1:].tolist()
    product, lookup = parsed(figures["one_hot"])
    assert sorted(numbers(product)) == pytest.approx(
        sorted([*column, *matrix.ravel(), *tables["lookup"].iloc[row, 1:]])
    )
    assert sorted(numbers(lookup)) == pytest.approx(sorted([row, *matrix.ravel(), *matrix[row]]))


def test_one_hot_drawing_shows_the_product_that_was_computed():
    tables = one_hot.build_tables(1)
    tables["lookup"] = tables["lookup"].assign(sea=7.5)
    product, _ = parsed(one_hot_drawing.figure(tables))
    assert numbers(product).count(7.5) == 1


def test_cbow_numbers_are_those_of_the_step(figures):
    values = by_hand.first_step(by_hand.draw_starts(1, 1)).groupby("quantity")["value"].agg(list)
    forward, update = parsed(figures["cbow"])
    shown = [*values["before"], *values["input"], *values["probability"]]
    assert sorted(numbers(forward)) == pytest.approx(sorted(shown), abs=0.005)
    shown = [*values["probability"], *values["target"], *values["error"], *values["loss"]]
    shown += [*values["before"], *values["change"], *values["after"]]
    assert sorted(numbers(update)) == pytest.approx(sorted(shown), abs=0.005)
    weights = [each for each in forward.iter("path") if "stroke-width" in (each.get("style") or "")]
    negative = [each for each in weights if "minus" in each.get("class")]
    assert len(weights) == len(values["output weight"])
    assert len(negative) == sum(value < 0 for value in values["output weight"])


def test_cbow_maps_show_a_start_that_worked_and_one_that_did_not(figures):
    tables = cbow_tables()
    worked = tables["starts"].set_index("start")["line"]
    shown = [texts(svg, "strong")[0] for svg in parsed(figures["cbow maps"])]
    starts = [int(title.split()[1].rstrip(":")) for title in shown]
    assert worked[starts].tolist() == [True, False]
    assert ["separate" in title for title in shown] == [True, False]
