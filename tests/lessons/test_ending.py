"""The end of each lesson's page: the lecture's figures, the exercise and the next lesson."""

import json

import pandas as pd
import pytest
import yaml
from helpers import ROOT

from seq2report.lessons import ending
from seq2report.lessons.lecture import compare_lesson

LESSONS = yaml.safe_load((ROOT / "config/config.yaml").read_text())["lessons"]["pages"]


def sources(lesson: str) -> list[str]:
    cells = json.loads((ROOT / f"reports/lesson_{lesson}.ipynb").read_text("utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells]


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_page_has_the_parts_of_a_lesson_in_their_order(lesson):
    page = "\n".join(sources(lesson))
    parts = ["## The same in Keras", "```python", "## What to notice", "## Exercise"]
    parts += ["## The lecture and this report", f'next_lesson("{lesson}"']
    places = [page.index(part) for part in parts]
    assert places == sorted(places)
    assert page.count("page.exercise(lesson)") + page.count("<summary>Answer") == 1


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_lesson_has_a_figure_of_the_lecture(lesson):
    assert len(compare_lesson(lesson, {}, False)) >= 1


def test_a_figure_of_the_lecture_is_compared_with_the_tables_of_the_lesson():
    facts = pd.DataFrame({"mae_alone": [0.3], "mae_both": [0.25], "floor": [0.125]})
    table = compare_lesson("several_features", {"facts": facts}, True)
    assert "0.300 °C alone, 0.250 °C with irradiance" in table["ours"].item()
    shown = ending.lecture_figures("several_features", {"facts": facts}, True).data
    assert "0.125 °C" in shown


def test_the_next_lesson_is_the_one_after_it():
    titles = {"a": "First", "b": "<b>Second"}
    shown = ending.next_lesson("a", titles).data
    assert 'href="lesson-b.html"' in shown
    assert "Next: &lt;b&gt;Second" in shown
    last = ending.next_lesson("b", titles).data
    assert "lesson-" not in last
    assert 'href="index.html"' in last
