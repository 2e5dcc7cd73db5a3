"""The drawings of the lessons: their numbers are those of the tables, and their text fits."""

import re
from xml.etree import ElementTree

import pytest

from seq2report.lessons import drawing, one_hot, one_hot_drawing

SVG = re.compile(r"<svg.*?</svg>", re.DOTALL)


def parsed(figure) -> list[ElementTree.Element]:
    return [ElementTree.fromstring(svg) for svg in SVG.findall(figure.data)]


def texts(svg: ElementTree.Element, kind: str = "") -> list[str]:
    return [each.text for each in svg.iter("text") if kind in each.get("class").split() or not kind]


def numbers(svg: ElementTree.Element) -> list[float]:
    """The values from tables, in the order in which they are drawn."""
    return [float(each.replace("−", "-")) for each in texts(svg, "number")]


def outside(svg: ElementTree.Element) -> list[str]:
    """The texts that do not fit; the letters of a line have 0.56 of its height on average."""
    _, _, width, height = map(float, svg.get("viewBox").split())
    found = []
    for each in svg.iter("text"):
        half = (3.6 if "small" in each.get("class") else 4) * len(each.text)
        x, y = float(each.get("x")), float(each.get("y"))
        middle = x + {"start": half, "middle": 0, "end": -half}[each.get("text-anchor")]
        if middle < half or middle + half > width or not 7 <= y <= height - 7:
            found.append(each.text)
    return found


@pytest.fixture(scope="module")
def figures():
    """A figure of each lesson, from tables that the lesson made."""
    return {"one_hot": one_hot_drawing.figure(one_hot.build_tables(1))}


@pytest.mark.parametrize("lesson", ["one_hot"])
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
