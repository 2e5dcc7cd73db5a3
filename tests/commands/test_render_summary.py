import pandas as pd

import render_summary
from render_summary import alone
from seq2report.report import html, sizes_page

HEAD = "<title>A report</title>"
SCRIPT = """<script>'<a href="of a script.html">kept</a>'</script>"""


def page(content):
    menus = '<nav aria-label="Pages"><a href="made.html">How it was made</a></nav>'
    return f"<html>{HEAD}<body>{menus}<main>{content}</main>{SCRIPT}</body></html>"


def test_menus_and_links_to_other_files_are_left_out_and_their_text_stays():
    card = '<a href="made.html"><strong>How</strong><small>it was\nmade</small></a>'
    cell = '<td><a class="x" href="variant-a.html#errors">A &amp; B</a></td>'
    shown = alone(page(card + cell))
    assert "<nav" not in shown
    assert "<span><strong>How</strong><small>it was\nmade</small></span>" in shown
    assert "<td><span>A &amp; B</span></td>" in shown


def test_what_only_leads_to_other_files_is_left_out():
    advice = sizes_page.advice("News", {"sizes": pd.DataFrame({"labels": [9]})}, "sizes.html")
    cards = html.cards({"made.html": ("How", "it was made")})
    shown = alone(
        page(
            html.downloads("tables", ["runs"]).data
            + advice.data
            + html.beside(html.heading("Further pages"), cards).data
            + '<a class="level-2" href="#further-pages">Further pages</a>'
            + '<a class="level-2" href="#kept">Kept</a><p id="kept">kept</p>'
        )
    )
    for text in ("Data:", "How many labels?", "Further pages", "it was made"):
        assert text not in shown
    assert '<a class="level-2" href="#kept">Kept</a><p id="kept">kept</p>' in shown
    assert "All configured sizes are the same number of labels" in shown


def test_links_within_the_page_and_to_the_web_stay_and_so_do_scripts():
    links = '<a href="#results">Results</a><a href="https://example.org/a">A paper</a>'
    shown = alone(page(links))
    assert links in shown
    assert shown.startswith(f"<html>{HEAD}<body>")
    assert SCRIPT in shown


def test_the_file_is_written(tmp_path):
    (tmp_path / "index.html").write_text(page("Réponse"), encoding="utf-8")
    given = ["--page", str(tmp_path / "index.html"), "--output", str(tmp_path / "summary.html")]
    render_summary.main(given)
    assert "Réponse" in (tmp_path / "summary.html").read_text(encoding="utf-8")
