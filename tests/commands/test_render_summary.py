import render_summary
from render_summary import alone

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
