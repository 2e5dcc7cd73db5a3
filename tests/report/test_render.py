import base64
import hashlib
import json
import re

import altair
import nbformat
import pandas as pd
import papermill
import pytest
from helpers import ROOT, call, links, to_make

import render
from seq2report.core.command import UserError
from seq2report.report import html

TEMPLATE = ROOT / "reports/template/index.html.j2"


def notebook(path, *cells):
    parameters = nbformat.v4.new_code_cell("word = 'none'", metadata={"tags": ["parameters"]})
    code = [nbformat.v4.new_code_cell(cell) for cell in cells]
    nbformat.write(nbformat.v4.new_notebook(cells=[parameters, *code]), path)
    return path


def test_a_page_shows_outputs_but_no_code_and_needs_nothing_from_outside(tmp_path):
    source = notebook(
        tmp_path / "n.ipynb",
        "from seq2report.report import html\nhtml.paragraph(word)",
    )
    call(
        render,
        pages=[to_make(source, tmp_path / "n.html", word="hello <b>")],
        template=TEMPLATE,
        links=[
            {"title": "A & B", "address": "n.html", "menu": ""},
            {"title": "<Other>", "address": "b.html", "menu": "More"},
        ],
    )
    shown = (tmp_path / "n.html").read_text()
    assert '<p class="">hello &lt;b&gt;</p>' in shown
    assert "<title>A &amp; B · seq2report</title>" in shown
    assert "import html" not in shown
    assert '<a href="b.html">&lt;Other&gt;</a>' in shown
    assert '<a href="n.html" aria-current="page">A &amp; B</a>' in shown
    assert not re.search(r'(?:src|href)="(?:https?:)?//|@import|url\(', shown)


def test_prose_in_markdown_looks_like_a_paragraph_of_code(tmp_path):
    source = notebook(tmp_path / "n.ipynb", "1", "2")
    cells = nbformat.read(source, as_version=4)
    cells.cells[1] = nbformat.v4.new_markdown_cell("## Calibration\n\n*p* values < 0.05 & `code`.")
    cells.cells[2].outputs = [
        nbformat.v4.new_output(
            "execute_result", {"text/html": html.paragraph("same").data}, execution_count=2
        )
    ]
    nbformat.write(cells, source)
    shown = render.to_page(source, TEMPLATE, "n.html", links("n.html"))
    assert '<h2 id="calibration" aria-label="Calibration">Calibration<' in shown
    assert "<p><em>p</em> values &lt; 0.05 &amp; <code>code</code>.</p>" in shown
    assert '<p class="">same</p>' in shown
    assert "Out[" not in shown


@pytest.mark.reliability("Security")
def test_a_page_runs_its_own_script_and_no_other(tmp_path):
    source = notebook(
        tmp_path / "n.ipynb",
        "from IPython.display import HTML\nHTML('<script>alert(1)</script>')",
    )
    render.execute(source, source, {})
    shown = render.to_page(source, TEMPLATE, "n.html", links("n.html"))
    (policy,) = re.findall('<meta http-equiv="Content-Security-Policy" content="([^"]+)">', shown)
    allowed = re.findall(r"'sha256-([^']+)'", policy)
    digests = [
        base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        for script in re.findall("<script>(.*?)</script>", shown, flags=re.DOTALL)
    ]
    assert len(digests) == 2
    assert [digest in allowed for digest in digests] == [False, True]
    assert "default-src 'none'" in policy
    assert not re.search(r"unsafe-eval|script-src[^;]*unsafe-inline|connect-src|https?:", policy)


@pytest.mark.reliability("Security")
def test_what_would_change_the_text_around_it_unseen_is_replaced_by_a_sign(tmp_path):
    source = notebook(
        tmp_path / "n.ipynb",
        "import altair, pandas; from seq2report.report import html",
        "words = pandas.DataFrame({'word': ['c\\u202ed']})",
        "html.chart(altair.Chart(words, title='e\\u2066f').mark_point(), 'dots')",
        "html.paragraph('a\\x07b\\u202ec\\u200fd \\u0633 é\\tf')",
    )
    render.execute(source, source, {})
    told = [{"title": "one\u2066two", "address": "n.html", "menu": "x\x1by"}]
    shown = render.to_page(source, TEMPLATE, "n.html", told)
    assert "a�b�c�d <bdi>\u0633</bdi> é\tf" in shown
    assert '{"word":"c�d"}' in shown
    assert '"title":"e�f"' in shown
    assert "one�two" in shown
    assert "x�y" in shown
    (page, *_) = shown.split("<script>")  # before those that it runs
    assert not re.search(r"[\x07\x1b\u200f\u202e\u2066]|\\u20", page)


def test_warnings_stay_in_the_executed_notebook(tmp_path):
    source = notebook(tmp_path / "n.ipynb", "import warnings; warnings.warn('a glyph is missing')")
    render.execute(source, source, {})
    assert "a glyph is missing" in source.read_text()
    assert "glyph" not in render.to_page(source, TEMPLATE, "n.html", links("n.html"))


def test_a_page_with_a_chart_has_what_draws_it(tmp_path):
    words = ["</script><script>alert(1)</script>", "plain"]
    chart = (
        "import altair, pandas; from seq2report.report import html\n"
        f"html.chart(altair.Chart(pandas.DataFrame({{'word': {words}}})).mark_point(), 'dots')"
    )
    for cells, scripts in (([chart], 3), (["1 + 1"], 1)):
        source = notebook(tmp_path / "n.ipynb", *cells)
        render.execute(source, source, {})
        shown = render.to_page(source, TEMPLATE, "n.html", links("n.html"))
        assert len(re.findall("<script>", shown)) == scripts
        assert ("window.vegaEmbed=" in shown) == (scripts == 3)
    data = html.chart(altair.Chart(pd.DataFrame({"word": words})).mark_point(), 'a "b"').data
    (block,) = re.findall('class="chart">(.*?)</script>', data)
    assert json.loads(block)["datasets"].popitem()[1] == [{"word": word} for word in words]
    assert 'aria-label="a &quot;b&quot;"' in data


def test_a_failed_cell_is_named_and_the_executed_notebook_kept(tmp_path):
    source = notebook(tmp_path / "n.ipynb", "1 + 1", "raise ValueError('boom')")
    with pytest.raises(UserError, match=r"cell \d of n\.ipynb failed with ValueError: boom"):
        render.execute(source, tmp_path / "logs/n.ipynb", {})
    assert "boom" in (tmp_path / "logs/n.ipynb").read_text()


def test_a_failed_page_is_named_and_the_others_of_its_job_are_made(tmp_path):
    failing = notebook(tmp_path / "a.ipynb", "raise ValueError('boom')")
    whole = notebook(tmp_path / "b.ipynb", "1 + 1")
    names = ["1.html", "2.html", "3.html"]
    pages = [
        to_make(source, tmp_path / "report" / name)
        for source, name in zip([failing, whole, failing], names, strict=True)
    ]
    (tmp_path / "report").mkdir()
    with pytest.raises(UserError) as error:
        call(render, pages=pages, template=TEMPLATE, links=links(*names))
    failed = r"cell \d of a\.ipynb failed with ValueError: boom\n.* traceback is \S*/(\d)\.ipynb"
    assert re.findall(failed, str(error.value)) == ["1", "3"]
    made = sorted(path.name for path in (tmp_path / "report").iterdir())
    assert made == ["1.ipynb", "2.html", "2.ipynb", "3.ipynb"]


def test_a_page_does_not_depend_on_the_pages_that_its_job_made_before(tmp_path):
    first = notebook(tmp_path / "a.ipynb", "lost = 1", "import pandas\npandas")
    second = notebook(
        tmp_path / "b.ipynb", "from seq2report.report import html\nhtml.paragraph(str(dir()))"
    )
    texts = []
    for before in ([], [to_make(first, tmp_path / "1.html")]):
        pages = [*before, to_make(second, tmp_path / "2.html")]
        call(render, pages=pages, template=TEMPLATE, links=links("1.html", "2.html"))
        texts.append((tmp_path / "2.html").read_text())
    assert "dir()" not in texts[0]
    assert texts[0] == texts[1]


@pytest.mark.reliability("Bad machine")
def test_a_page_whose_table_is_damaged_names_the_table_and_no_cell(tmp_path, monkeypatch):
    def fails(*_, **__):
        message = "runs.parquet is damaged; delete it"
        raise papermill.PapermillExecutionError(1, 1, "", "UserError", message, [])

    monkeypatch.setattr(papermill, "execute_notebook", fails)
    with pytest.raises(UserError, match=r"^runs\.parquet is damaged; delete it$"):
        render.execute(tmp_path / "n.ipynb", tmp_path / "logs/n.ipynb", {})


def test_notebooks_are_inputs_without_outputs():
    notebooks = sorted((ROOT / "reports").glob("*.ipynb"))
    assert notebooks
    for path in notebooks:
        cells = nbformat.read(path, as_version=4).cells
        code = [cell for cell in cells if cell.cell_type == "code"]
        assert all(not cell.outputs and cell.execution_count is None for cell in code), path
        assert sum("parameters" in cell.metadata.get("tags", []) for cell in code) == 1


def test_the_pages_of_a_menu_stand_together(tmp_path):
    notebook(tmp_path / "n.ipynb")
    menus = {"index.html": "", "n.html": "Lessons", "b.html": "Lessons", "made.html": ""}
    about = [{"title": a, "address": a, "menu": menu} for a, menu in menus.items()]
    shown = render.to_page(tmp_path / "n.ipynb", TEMPLATE, "n.html", about)
    (found,) = re.findall("<nav.*?</nav>", shown, flags=re.DOTALL)
    parts = re.sub(r'<a [^>]*href="([^"]+)".*?</a>', r"\1 ", found)
    order = re.findall(r"[\w.]+\.html|<summary class=.here.>Lessons|</details>", parts)
    assert order == [
        *("index.html", '<summary class="here">Lessons'),
        *("n.html", "b.html", "</details>", "made.html"),
    ]
    assert "<title>Lessons: n.html ·" in shown
