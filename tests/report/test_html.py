import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.display import HTML
from matplotlib.figure import Figure
from ranked import variants

from seq2report.report import html, numbers, outcome, plots
from seq2report.report.harmless import isolated

HOSTILE = '<script>alert("x")</script>&amp;\u202e\x07'


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


def test_an_interval_bar_tells_its_ends_and_what_lies_below_the_scale():
    shown = html.interval(0.5, 0.6, 0.7, (0.4, 0.9))
    assert "50.0% to 70.0%" in shown
    assert 'class="range" x="20.0" y="1.5" width="40.00"' in shown
    assert "<path" not in shown
    assert '<path class="point"' in html.interval(0.1, 0.2, 0.3, (0.4, 0.9))


def test_the_scale_of_intervals_has_all_of_them():
    assert html.scale(variants(low=[0.88, 0.87, 0.41], high=[0.92, 0.91, 0.86])) == (0.4, 0.95)


def test_the_scale_of_intervals_has_a_width_also_if_all_answers_are_wrong():
    nothing = variants(score=[0.0] * 3, low=[0.0] * 3, high=[0.0] * 3)
    assert html.scale(nothing) == (0.0, 0.05)


def test_a_table_with_a_name_tells_the_numbers_that_it_is_sorted_by():
    frame = pd.DataFrame({"a": ["x", "y"], "share": [0.12345, float("nan")]})
    named = html.table(frame, {"share": numbers.percent}, name="shares").data
    assert '<td data-value="0.12345">12.3%</td><' in named
    assert "<td>–</td>" in named
    assert '<table data-name="shares">' in named
    assert "data-" not in html.table(frame, {"share": numbers.percent}).data


def test_a_column_of_long_texts_is_broken_into_lines():
    frame = pd.DataFrame({"short": ["a", "b"], "long": ["word " * 20, "a"], "number": [1, 2]})
    shown = html.table(frame, text=("short", "long")).data
    assert shown.count('<td class="text short">') == shown.count('<td class="wrap">') == 2
    links = pd.DataFrame({"link": [html.link("a", "an-address-of-a-page.html#" + "a" * 60)]})
    assert '<td class="text short">' in html.table(links, text=("link",), raw=("link",)).data


@pytest.mark.parametrize(
    ("text", "other", "shown"),
    [
        ("a b c", "a x c", ("a <mark>b</mark> c", "a <mark>x</mark> c")),
        ("a b", "a  b.", ("a<mark> </mark>b", "a<mark>  </mark>b<mark>.</mark>")),
        ("a <b>", "a", ("a<mark> &lt;b&gt;</mark>", "a")),
        ("我爱电影", "我看电影", ("我<mark>爱</mark>电影", "我<mark>看</mark>电影")),
        ("a b c d…", "x a b c…", ("a b c d…", "<mark>x </mark>a b c…")),  # "d" was cut
        ("", "", ("", "")),
    ],
)
def test_words_that_differ_are_marked(text, other, shown):
    assert html.marked(text, other) == shown


def test_signs_of_excerpts_are_explained_where_they_occur():
    assert html.signs(["plain < text", "a <b@example.org>"]) == ""
    tag = " “<br />” is a tag in the texts of the corpus; models read it, too."
    assert html.signs(["One.<br /><br />Two"]) == tag
    assert html.signs(["a\ufffd", "b •••"]) == (
        " � replaces an invisible character."
        " • hides a character of an e-mail address, telephone number or link."
    )


def test_shares_have_bars_of_their_length():
    shares = pd.DataFrame({"variant": ["a", "b", "c"], "accuracy": [0.875, 0.0, None]})
    shown = html.table(shares, {"accuracy": "{:.1%}".format}, bars=("accuracy",)).data
    assert re.findall(r"<td([^>]*)>([\d.%–]+)</td>", shown) == [
        (' style="--share: 87.5%"', "87.5%"),
        (' style="--share: 0.0%"', "0.0%"),
        ("", "–"),
    ]


def test_a_caption_can_stay_in_view_while_its_table_is_scrolled():
    shown = html.table(pd.DataFrame({"a": [1]}), caption="A & B").data
    assert "<caption><span>A &amp; B</span></caption>" in shown


def test_a_plot_of_one_column_fits_a_phone_with_text_of_twelve_pixels():
    figure = Figure(figsize=(plots.COLUMN, 3))
    figure.subplots()
    (least,) = re.findall(r"min-width: (\d+)pt", html.figure(figure, alt="nothing").data)
    assert int(least) * 96 / 72 <= 375 - 2 * 0.8 * 16 - 2 * 0.5 * 16 - 2  # paddings and borders
    assert 9.5 * int(least) / (72 * plots.COLUMN) * 96 / 72 >= 10.5  # font size: lines of 12 pixels
