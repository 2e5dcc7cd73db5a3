import base64
import hashlib
import json
import re
from html import unescape

import altair
import nbformat
import numpy as np
import pandas as pd
import papermill
import pytest
from helpers import ROOT, call, links
from hypothesis import given
from hypothesis import strategies as st
from IPython.display import HTML
from matplotlib.figure import Figure

import render
from seq2report.core.command import UserError
from seq2report.report import comparison_plots, html, numbers, outcome, plots
from seq2report.report.harmless import isolated

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
        "from seq2report.report import html\nhtml.paragraph(word)",
    )
    call(
        render,
        notebook=source,
        parameters={"word": "hello <b>"},
        template=TEMPLATE,
        links=[
            {"title": "A & B", "address": "n.html", "menu": ""},
            {"title": "<Other>", "address": "b.html", "menu": "More"},
        ],
        executed=tmp_path / "logs/n.ipynb",
        output=tmp_path / "n.html",
    )
    shown = (tmp_path / "n.html").read_text()
    assert '<p class="">hello &lt;b&gt;</p>' in shown
    assert "<title>A &amp; B · seq2report</title>" in shown
    assert "import html" not in shown
    assert '<a href="b.html">&lt;Other&gt;</a>' in shown
    assert '<a aria-current="page" href="n.html">A &amp; B</a>' in shown
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
    assert '<h2 id="Calibration">Calibration<' in shown
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
    (policy,) = re.findall('<meta content="([^"]+)" http-equiv="Content-Security-Policy"/>', shown)
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


@pytest.mark.reliability("Languages")
@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ("<td>كلمة 0.91, سر 0.8</td>", "<td><bdi>كلمة</bdi> 0.91, <bdi>سر</bdi> 0.8</td>"),
        ("<p>“שלום עולם” (3)</p>", "<p>“<bdi>שלום עולם</bdi>” (3)</p>"),
        ('<td dir="auto">عام <b>2020</b> كان</td><b>عام</b>',) * 2,
        ("<svg><text>عام</text></svg><script>'عام'</script><title>عام</title>",) * 2,
        ('<a title="عام">a</a>',) * 2,
        ("<p>plain 1.5</p>",) * 2,
    ],
)
def test_words_from_right_to_left_keep_their_numbers_beside_them(page, shown):
    shown = shown.replace("<b>عام</b>", "<b><bdi>عام</bdi></b>")
    assert isolated(page) == shown


@pytest.mark.reliability("Languages")
@pytest.mark.filterwarnings("error")
def test_pictures_leave_the_glyphs_of_all_scripts_to_the_browser():
    labels = ["航空航天", "रियाज़", "رياضة", "ห้องใหญ่", "👨\u200d👩\u200d👧 ❤️"]
    picture = Figure()
    picture.subplots().barh(labels, range(5))
    drawn = html.figure(picture, "bars").data
    assert [label for label in labels if f">{label}</text>" in drawn] == labels


@pytest.mark.reliability("Languages")
def test_running_text_has_the_direction_of_its_first_letter_and_a_list_of_numbers_has_not():
    rows = pd.DataFrame({"a": ["عام 2020", "x"], "b": ["كلمة 0.91, سر 0.8", "y"]})
    shown = html.table(rows, text=("a", "b")).data
    assert re.findall('dir="auto">([^<]*)', shown) == ["عام 2020"]


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
    for cells, scripts in (([chart], 2), (["1 + 1"], 1)):
        source = notebook(tmp_path / "n.ipynb", *cells)
        render.execute(source, source, {})
        shown = render.to_page(source, TEMPLATE, "n.html", links("n.html"))
        assert len(re.findall("<script>", shown)) == scripts
        assert ("window.vegaEmbed=" in shown) == (scripts == 2)
    data = html.chart(altair.Chart(pd.DataFrame({"word": words})).mark_point(), 'a "b"').data
    (block,) = re.findall('class="chart">(.*?)</script>', data)
    assert json.loads(block)["datasets"].popitem()[1] == [{"word": word} for word in words]
    assert 'aria-label="a &quot;b&quot;"' in data


def test_a_failed_cell_is_named_and_the_executed_notebook_kept(tmp_path):
    source = notebook(tmp_path / "n.ipynb", "1 + 1", "raise ValueError('boom')")
    with pytest.raises(UserError, match=r"cell \d of n\.ipynb failed with ValueError: boom"):
        render.execute(source, tmp_path / "logs/n.ipynb", {})
    assert "boom" in (tmp_path / "logs/n.ipynb").read_text()


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


@pytest.mark.reliability("Security")
@given(st.text() | st.just(HOSTILE))
def test_text_from_data_is_escaped_everywhere(text):
    frame = pd.DataFrame({text or "x": [text], "n": [1]})
    for shown in (
        html.table(frame, caption=text),
        html.words(pd.Series([text]), pd.Series([1])),
        html.words(pd.Series([text]), pd.Series([float("nan")])),
        html.paragraph(text),
        html.heading(text),
        html.downloads(text, [text]),
        html.cards({text: (text, text)}),
        html.table(frame, {"n": str}, name=text),
        HTML(html.link(text, text)),
        outcome.sample_notice({text: 1}),
    ):
        inside = re.sub(
            r"</?(?:div|table|caption|thead|tbody|tr|th|td|p|h2|a|span|small|strong)\b[^<>]*>",
            "",
            shown.data,
        )
        assert "<" not in inside
        assert ">" not in inside


@pytest.mark.reliability("Security")
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
    shown = html.figure(plots.word_map(places, ["<b>"]), alt='a "map"').data
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown
    assert "$x$ $y$" in shown
    assert 'aria-label="a &quot;map&quot;"' in shown


def variants(**columns):
    """A table of three variants as evaluate_runs writes it, best first."""
    names = ["svm", "lstm", "slides"]
    table = {
        "variant": names,
        "title": ["SVM", "LSTM <b>", "Slides"],
        "protocol": ["held out", "held out", "lecture"],
        "corpus": "News",
        "split": "random 80/20, seed 7",
        "header": "cut",
        "seeds": "1 2",
        "test_documents": 2000,
        "metric": "accuracy",
        "score": [0.9, 0.895, 0.85],
        "low": [0.88, 0.875, 0.83],
        "high": [0.92, 0.915, 0.87],
        "pareto": [True, True, False],
        "fit_cpu_seconds": [60, 30, 10],
    }
    return pd.DataFrame(table | columns)


def comparisons(lstm="not distinguishable"):
    verdicts = {("lstm", "svm"): lstm, ("slides", "svm"): "not distinguishable"}
    rows = [(a, b, a.upper(), b.upper(), verdict) for (a, b), verdict in verdicts.items()]
    return pd.DataFrame(rows, columns=["variant_a", "variant_b", "title_a", "title_b", "verdict"])


def recommendation(names=("svm", "lstm", "lstm", "lstm")):
    wishes = ["best", "cheapest within one point", "fastest within one point", "fastest"]
    score = {"svm": 0.9, "lstm": 0.895}
    return pd.DataFrame(
        {
            "recommendation": wishes,
            "variant": names,
            "title": [name.upper() for name in names],
            "score": [score[name] for name in names],
            "cpu_minutes": [1.0 if name == "svm" else 0.5 for name in names],
            "ms_per_document": [2.0 if name == "svm" else 0.52 for name in names],
        }
    )


def runs(ranked=None, recommended=None, compared=None, documents=(1200, 800)):
    """The tables of evaluate_runs that an outcome reads; ``documents`` of the classes."""
    names = [f"class {n}" for n in range(len(documents))]
    return {
        "variants": variants() if ranked is None else ranked,
        "comparisons": comparisons() if compared is None else compared,
        "recommendation": recommendation() if recommended is None else recommended,
        "per_class": pd.DataFrame({"label": names, "documents": documents}),
    }


@pytest.mark.reliability("Bad corpora")
def test_a_class_with_few_or_no_test_documents_is_named():
    shown = unescape(outcome.outcome(runs(documents=(1989, 10, 0, 1))).data)
    assert "Without test documents: 1 class, ['class 2']." in shown
    assert "The smallest class, class 3, has 1 test document." in shown
    assert "Always predicting class 0 is right for 99.5%; set compare: {metric: macro_f1}" in shown
    assert "smallest class" not in outcome.outcome(runs()).data


def test_another_metric_leads_with_its_name():
    ranked = variants(metric="macro_f1")
    shown = outcome.outcome(runs(ranked, documents=(1990, 10))).data
    assert "SVM leads with a macro-F1 of 90.0% on 2,000 test documents (95% interval" in shown
    assert "Always predicting" not in shown


def test_times_that_read_alike_are_not_compared():
    taken = recommendation().assign(ms_per_document=[0.1234, 0.1231, 0.1232, 0.1232])
    shown = outcome.outcome(runs(recommended=taken)).data
    assert "It predicts in 0.12 ms per document; no variant within one" in shown
    assert "instead of 0.12 ms" not in shown


def test_the_outcome_names_the_best_its_equals_and_the_cheapest():
    shown = outcome.outcome(runs()).data
    assert "<strong>News:</strong> SVM leads with 90.0% of 2,000 test documents" in shown
    assert "(95% interval 88.0% to 92.0%)" in shown
    assert "Not distinguishable from it: LSTM." in shown  # and not what was watched
    assert "one percentage point is LSTM: 89.5% for 30 s of CPU time instead of 60 s." in shown
    assert "point is LSTM: 89.5% in 0.52 ms per document instead of 2 ms." in shown
    assert "protocol are left out, because" in shown


def test_the_outcome_of_a_clear_best_that_is_the_cheapest_too():
    held_out = variants(protocol="held out")
    taken = recommendation(["svm"] * 4)
    shown = outcome.outcome(runs(held_out, taken, comparisons("worse")[:1])).data
    assert "All others differ significantly from it. Its training takes 60 s of CPU" in shown
    assert "in 2 ms per document; no variant within one percentage point is faster." in shown
    assert "lecture" not in shown


def test_no_variant_monitored_on_the_test_documents_is_called_the_best():
    shown = outcome.outcome(runs(variants(protocol="lecture"), recommendation()[:0])).data
    assert "no variant can be called the best" in shown


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, "2,000 test documents (random 80/20, seed 7, message headers: cut); means over the"),
        ({"seeds": "3", "header": "none"}, "2,000 test documents (random 80/20, seed 7); seed 3"),
    ],
)
def test_circumstances_are_half_a_sentence(columns, expected):
    assert outcome.circumstances(variants(**columns)).startswith(expected)


def test_a_deviation_over_seeds_stands_beside_the_mean_where_there_is_one():
    assert numbers.spread(0.9, 0.0123) == "90.0% ± 1.2"
    assert numbers.spread(0.9, float("nan")) == "90.0%"


def test_milliseconds_have_two_digits_that_count():
    assert [numbers.milliseconds(each) for each in (0.0524, 1.28, 12.8, 1280)] == [
        *("0.052 ms", "1.3 ms", "13 ms", "1,280 ms"),
    ]


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


def test_an_interval_bar_tells_its_ends_and_what_lies_below_the_scale():
    shown = html.interval(0.5, 0.6, 0.7, (0.4, 0.9))
    assert "0.500 to 0.700" in shown
    assert 'class="range" x="20.0" y="1.5" width="40.00"' in shown
    assert "<path" not in shown
    assert '<path class="point"' in html.interval(0.1, 0.2, 0.3, (0.4, 0.9))


def test_the_scale_of_intervals_leaves_out_what_is_far_below():
    assert html.scale(variants(low=[0.88, 0.87, 0.41], high=[0.92, 0.91, 0.86])) == (0.4, 0.95)
    assert html.scale(variants(score=[0.9, 0.89, 0.4], low=[0.88, 0.87, 0.3])) == (0.85, 0.95)


def test_a_table_with_a_name_tells_the_numbers_that_it_is_sorted_by():
    frame = pd.DataFrame({"a": ["x", "y"], "share": [0.12345, float("nan")]})
    named = html.table(frame, {"share": numbers.percent}, name="shares").data
    assert '<td data-value="0.12345">12.3%</td><' in named
    assert "<td>–</td>" in named
    assert '<table data-name="shares">' in named
    assert "data-" not in html.table(frame, {"share": numbers.percent}).data


@pytest.mark.parametrize(
    ("sizes", "expected"), [("150 × 1000", "150 × 1000, 600 kB"), ("10000", "10000, 40 kB")]
)
def test_a_shape_tells_its_memory_as_32_bit_numbers(sizes, expected):
    assert numbers.shape(sizes) == expected


def test_a_column_of_long_texts_is_broken_into_lines():
    frame = pd.DataFrame({"short": ["a", "b"], "long": ["word " * 20, "a"], "number": [1, 2]})
    shown = html.table(frame, text=("short", "long")).data
    assert shown.count('<td class="text short">') == shown.count('<td class="wrap">') == 2


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
