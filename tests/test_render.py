import re

import nbformat
import pandas as pd
import pytest
from conftest import ROOT, call
from hypothesis import given
from hypothesis import strategies as st

import render
from seq2report import page, plots
from seq2report.command import UserError

TEMPLATE = ROOT / "reports/template/index.html.j2"
HOSTILE = '<script>alert("x")</script>&amp;\u202e\x07'


def notebook(path, *cells):
    parameters = nbformat.v4.new_code_cell("word = 'none'", metadata={"tags": ["parameters"]})
    code = [nbformat.v4.new_code_cell(cell) for cell in cells]
    nbformat.write(nbformat.v4.new_notebook(cells=[parameters, *code]), path)
    return path


def test_a_page_shows_outputs_but_no_code_and_needs_nothing_from_outside(tmp_path):
    source = notebook(
        tmp_path / "n.ipynb",
        "from seq2report import page\npage.paragraph(word)",
    )
    call(
        render,
        notebook=source,
        parameters={"word": "hello <b>"},
        template=TEMPLATE,
        title="A & B",
        links={"A & B": "a.html", "Other": "b.html"},
        executed=tmp_path / "logs/n.ipynb",
        output=tmp_path / "n.html",
    )
    html = (tmp_path / "n.html").read_text()
    assert '<p class="">hello &lt;b&gt;</p>' in html
    assert "<title>A &amp; B · seq2report</title>" in html
    assert "import page" not in html
    assert '<a href="b.html">Other</a>' in html
    assert not re.search(r'<script|(?:src|href)="(?:https?:)?//|@import|url\(', html)


def test_a_failed_cell_is_named_and_the_executed_notebook_kept(tmp_path):
    source = notebook(tmp_path / "n.ipynb", "1 + 1", "raise ValueError('boom')")
    with pytest.raises(UserError, match=r"cell \d of n\.ipynb failed with ValueError: boom"):
        render.execute(source, tmp_path / "logs/n.ipynb", {})
    assert "boom" in (tmp_path / "logs/n.ipynb").read_text()


def test_notebooks_are_inputs_without_outputs():
    notebooks = sorted((ROOT / "reports").glob("*.ipynb"))
    assert notebooks
    for path in notebooks:
        cells = nbformat.read(path, as_version=4).cells
        code = [cell for cell in cells if cell.cell_type == "code"]
        assert all(not cell.outputs and cell.execution_count is None for cell in code), path
        assert sum("parameters" in cell.metadata.get("tags", []) for cell in code) == 1


@given(st.text() | st.just(HOSTILE))
def test_text_from_data_is_escaped_everywhere(text):
    frame = pd.DataFrame({text or "x": [text], "n": [1]})
    for html in (
        page.table(frame, caption=text),
        page.words(pd.Series([text]), pd.Series([1])),
        page.words(pd.Series([text]), pd.Series([float("nan")])),
        page.paragraph(text),
        page.heading(text),
        page.downloads(text, [text]),
        page.sample_notice({text: 1}),
    ):
        inside = re.sub(
            r"</?(?:div|table|caption|thead|tbody|tr|th|td|p|h2|a|span|small)\b[^<>]*>",
            "",
            html.data,
        )
        assert "<" not in inside
        assert ">" not in inside


def test_hostile_words_on_a_map_are_text(tmp_path):
    places = pd.DataFrame(
        {
            "word": [HOSTILE.replace("\x07", ""), "$x$ $y$", "plain"],
            "label": ["", "<b>", "<b>"],
            "x": [0.0, 1, 2],
            "y": [0.0, 1, 2],
            "count": [3, 2, 1],
        }
    )
    html = page.figure(plots.word_map(places, ["<b>"]), alt='a "map"').data
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "$x$ $y$" in html
    assert 'aria-label="a &quot;map&quot;"' in html


def test_an_interval_bar_tells_its_ends():
    html = page.interval(0.5, 0.6, 0.7, start=0.4)
    assert "0.500 to 0.700" in html
    assert 'class="range" x="16.67" y="1.5" width="33.33"' in html


@pytest.mark.parametrize(
    ("numbers", "expected"), [("150 × 1000", "150 × 1000, 600 kB"), ("10000", "10000, 40 kB")]
)
def test_a_shape_tells_its_memory_as_32_bit_numbers(numbers, expected):
    assert page.shape(numbers) == expected


def test_a_column_of_long_texts_is_broken_into_lines():
    frame = pd.DataFrame({"short": ["a", "b"], "long": ["word " * 20, "a"], "number": [1, 2]})
    html = page.table(frame, text=("short", "long")).data
    assert html.count('<td class="text">') == html.count('<td class="wrap">') == 2


def test_the_lessons_stand_in_a_row_of_their_own(tmp_path):
    notebook(tmp_path / "n.ipynb")
    links = {"Front": "index.html", "Shapes": "lesson-shapes.html", "CBOW": "lesson-cbow.html"}
    html = render.to_page(tmp_path / "n.ipynb", TEMPLATE, "Shapes", links)
    rows = re.findall(r'<nav aria-label="(\w+)">.*?</nav>', html, flags=re.DOTALL)
    assert rows == ["Pages", "Lessons"]
    assert re.search(r'<a aria-current="page" href="lesson-shapes.html">', html)
    del links["Shapes"], links["CBOW"]
    assert "Lessons" not in render.to_page(tmp_path / "n.ipynb", TEMPLATE, "Front", links)
