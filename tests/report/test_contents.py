import re

from hypothesis import given
from hypothesis import strategies as st

from seq2report.report.contents import PLACE, with_contents

LINK = '<a class="anchor-link" href="#Training-cost">¶</a>'
MARKDOWN = f'<h2 id="Training-cost">Training cost{LINK}</h2>'
SCRIPT = "<script>const foreign = '<h2>Vega</h2>';</script>"
titles = st.text(st.sampled_from("ab1 &_\u00e9\u0647"), min_size=1, max_size=5)


def page(main):
    return f'{PLACE}<main id="main">{main}</main>{SCRIPT}'


PAGE = page(f"<h1>A page</h1><h2>Reviews &amp; more</h2><h3>Errors</h3>{MARKDOWN}<h3>Errors</h3>")


def addresses(html):
    return re.findall(r'<h[23] id="([^"]*)"', html)


def links(html):
    return re.findall(r'<a class="level-[23]" href="#([^"]*)">', html)


def test_each_section_has_the_address_of_its_title_within_the_outer_one():
    html = with_contents(PAGE)
    assert addresses(html) == [
        "reviews-more",
        "reviews-more-errors",
        "training-cost",
        "training-cost-errors",
    ]
    assert "¶" not in html
    assert html.endswith(SCRIPT)


def test_a_heading_is_announced_without_the_name_of_its_link():
    html = with_contents(page('<h2>Said <b class="mark">A</b> &amp; "B"</h2>'))
    assert '<h2 id="said-a-b" aria-label="Said A &amp; &quot;B&quot;">Said <b' in html


def test_the_contents_link_to_every_section_in_its_order():
    html = with_contents(PAGE)
    assert links(html) == addresses(html)
    assert html.index("On this page") < html.index("<h1>")
    assert ">Reviews &amp; more</a>" in html


def test_a_page_of_two_sections_lists_none():
    html = with_contents(page("<h2>One</h2><h2>Two</h2>"))
    assert "On this page" not in html
    assert addresses(html) == ["one", "two"]


@given(st.lists(st.tuples(st.sampled_from("23"), titles), min_size=3))
def test_no_two_sections_share_an_address_whatever_their_titles(sections):
    body = "".join(f"<h{n}>{title.replace('&', '&amp;')}</h{n}>" for n, title in sections)
    html = with_contents(page(body))
    assert len(set(addresses(html))) == len(sections)
    assert links(html) == addresses(html)
    assert "main" not in addresses(html)
