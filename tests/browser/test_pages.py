"""The pages of the sample report in Chromium: what a reader sees, can do, and is not sent away for.

`make test-browser` makes the report first. The screenshots lie in results/sample/screenshots.
"""

import re
import shutil
from functools import cache
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pandas as pd
import pytest
from browsing import NARROW, SEEN, WIDE, Opened, wait_until
from colours import MARKED, READABLE, contrast, luminance
from helpers import ROOT
from playwright.sync_api import Locator, Page, ViewportSize

pytestmark = pytest.mark.browser

REPORT = ROOT / "results/sample/report"
TABLES = REPORT / "tables"
PAGES = sorted(path.stem for path in REPORT.glob("*.html"))
PAGE_BYTES, REPORT_BYTES = 3_000_000, 25_000_000
WITHOUT_PICTURES = {"lecture", "trust-imdb", "trust-newsgroups"}
WITHOUT_DRAWINGS = {"lesson-shapes"}  # of the lessons
READABLE_HEIGHT = 12  # pixels of a line of text in a drawing


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Path:
    """The report, in a folder that nobody writes to."""
    assert PAGES, f"no pages in {REPORT}: make report"
    copy = shutil.copytree(REPORT, tmp_path_factory.mktemp("sent to a colleague") / "a report")
    for path in [*copy.rglob("*"), copy]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = content(copy)
    yield copy
    assert content(copy) == before


def content(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*")}


@pytest.fixture
def opened(browser, report):
    """Open a page of the report by its name; at the end, look at what it said and asked for."""
    all_opened = []

    def open_page(name: str, **options) -> Page:
        all_opened.append(Opened(browser, (report / f"{name}.html").as_uri(), **options))
        return all_opened[-1].page

    yield open_page
    for each in all_opened:
        each.context.close()
    for each in all_opened:
        assert each.said == []
        assert each.outside() == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_without_a_complaint_fits_its_window_and_is_complete(browser, report, name):
    """Open each page once: to open it takes longer than to check it."""
    path = report / f"{name}.html"
    with Opened(browser, path.as_uri(), viewport=NARROW) as opened:
        check_window(opened, name, NARROW)
        check_drawings(opened.page, name)
        opened.resize(WIDE)
        check_window(opened, name, WIDE)
        check_pictures(opened.page, path)
        check_links(opened.page, report)
    assert opened.said == []
    assert opened.outside() == []


def check_window(opened: Opened, name: str, size: ViewportSize) -> None:
    assert opened.too_wide() <= 0
    assert opened.page.locator("h1").count() == 1
    opened.picture(REPORT.with_name("screenshots") / f"{name}-{size['width']}.png")


def check_drawings(page: Page, name: str) -> None:
    """Check that the text of drawings and of the axes of plots can be read on a phone."""
    height = """all => all.map((text) => {
      const to = text.getScreenCTM(); // also of turned text
      return Math.round(10 * text.getBBox().height * Math.hypot(to.b, to.d)) / 10;
    })"""
    drawings, axes = (
        page.locator(f"{texts}:visible").evaluate_all(height)
        for texts in (".drawing text", ".picture [id^='matplotlib.axis'] text")
    )
    assert bool(drawings) == (name.startswith("lesson-") and name not in WITHOUT_DRAWINGS)
    assert all(height >= READABLE_HEIGHT for height in drawings + axes), drawings + axes


def check_pictures(page: Page, path: Path) -> None:
    """Check that pictures say in words what they show."""
    labels = page.locator("figure > .picture").evaluate_all(
        """all => all.map((picture) => picture.getAttribute("aria-label")
          || picture.querySelector(":scope > svg").getAttribute("aria-label") || "")"""
    )
    assert len(labels) == len(re.findall(r'class="picture[ "]', text_of(path)))
    assert labels or path.stem in WITHOUT_PICTURES
    assert all(len(label) > 20 for label in labels), labels


def check_links(page: Page, report: Path) -> None:
    """Check that links lead to files and places of the report, or to the web."""
    for address in links_of(page):
        file, _, part = address.partition("#")
        if file.startswith("file:"):
            path = Path(file.removeprefix("file://").replace("%20", " "))
            assert path.is_file(), address
            assert path.is_relative_to(report), address
            if part:
                assert f'id="{unquote(part)}"' in text_of(path), address
        else:
            assert file.startswith("https:"), address


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def links_of(page: Page) -> list[str]:
    return page.locator("main a[href], nav a[href]").evaluate_all("links => links.map(a => a.href)")


def test_a_page_and_the_whole_report_are_small_enough_to_be_sent():
    sizes = {path.name: path.stat().st_size for path in REPORT.glob("*.html")}
    assert max(sizes.values()) < PAGE_BYTES, sizes
    assert sum(p.stat().st_size for p in REPORT.rglob("*") if p.is_file()) < REPORT_BYTES


def test_every_page_is_reached_from_the_front_page(opened):
    page = opened("index")
    assert {Path(address).stem for address in links_of(page)} >= set(PAGES)
    page.get_by_text("Variants").first.click()
    page.locator("nav details[open] a").first.click()
    assert page.locator("nav summary.here").inner_text() == "Variants"


def column(page: Page, number: int) -> list[str]:
    rows = page.locator("table[data-name]").first.locator("tbody tr:not([hidden])")
    return rows.locator(f"td:nth-child({number})").all_inner_texts()


def titles(page: Page) -> list[str]:
    rows = page.locator("table[data-name]").first.locator("tbody tr:not([hidden])")
    return rows.locator("td:nth-child(2) a").all_inner_texts()


def heading(page: Page, number: int) -> Locator:
    return page.locator("table[data-name]").first.locator(f"th:nth-child({number}) button")


def test_a_table_is_sorted_by_a_click_on_a_heading_and_back(opened):
    page = opened("index")
    heads = page.locator("table[data-name]").first.locator("th").all_inner_texts()
    accuracy, time = (heads.index(each) + 1 for each in ("accuracy", "CPU time"))
    table = pd.read_csv(TABLES / "newsgroups/runs/variants.csv").sort_values("fit_cpu_seconds")
    by_time = list(table["title"])
    assert titles(page) != by_time
    heading(page, time).click()  # the least cost first, and the highest accuracy
    assert titles(page) == by_time
    assert page.locator("th[aria-sort=ascending]").count() == 1
    heading(page, time).press("Enter")
    assert titles(page) == by_time[::-1]
    heading(page, accuracy).click()
    shares = [float(each.rstrip("%")) for each in column(page, accuracy)]
    assert shares == sorted(shares, reverse=True)


def test_a_table_is_filtered_and_saved_as_it_is_shown(opened):
    page = opened("index")
    table = pd.read_csv(TABLES / "newsgroups/runs/variants.csv")
    wanted = table[table["title"].str.contains("glove", case=False)]
    page.get_by_label("Filter rows").first.fill("GLOVE")
    assert sorted(titles(page)) == sorted(wanted["title"])
    assert page.locator(".tools output").first.inner_text() == f"{len(wanted)} of {len(table)}"
    with page.expect_download() as download:
        page.get_by_text("Save as CSV").first.click()
    assert download.value.suggested_filename == "newsgroups-variants.csv"
    saved = pd.read_csv(download.value.path())
    assert {"CPU time (s)", "prediction time (ms)"} <= set(saved)
    assert sorted(saved["variant"]) == sorted(wanted["title"])
    assert sorted(saved["accuracy"].round(4)) == sorted(wanted["accuracy"].round(4))


@pytest.mark.parametrize("name", ["compared-newsgroups", "embeddings-newsgroups"])
def test_a_figure_is_saved_as_svg_as_it_is_shown(opened, name):
    page = opened(name, color_scheme="dark")
    with page.expect_download() as download:
        page.get_by_text("Save as SVG").first.click()
    assert download.value.suggested_filename == f"{name}-1.svg"
    drawing = ElementTree.parse(download.value.path()).getroot()
    assert drawing.tag.endswith("svg")
    assert any(text.strip() for text in drawing.itertext())
    assert luminance(drawing[0].get("fill")) < 0.05  # its light text needs dark paper
    assert "var(" not in ElementTree.tostring(drawing, encoding="unicode")


def test_a_drawing_of_a_lesson_is_saved_whole_and_with_its_colours(opened):
    page = opened("lesson-one_hot", color_scheme="dark")
    shown = page.locator(".drawings").first
    with page.expect_download() as download:
        page.get_by_text("Save as SVG").first.click()
    saved = ElementTree.parse(download.value.path()).getroot()
    paper, *drawings = saved
    assert luminance(paper.get("fill")) < 0.05
    assert len(drawings) == shown.locator("svg").count() == 2
    assert [each.text for each in saved.iter() if each.tag.endswith("text")] == (
        shown.locator("text").all_text_contents()
    )
    styles = [
        each.get("style")
        for drawing in drawings
        for each in drawing.iter()
        if each.tag.endswith(("text", "rect"))
    ]
    colours = {style.split(";")[0] for style in styles}
    assert len(colours) > 3
    assert all(each.startswith("fill: rgb(") for each in colours)


def test_a_sentence_is_chosen_and_the_others_are_closed(opened):
    page = opened("lesson-inside_lstm")
    texts = page.locator("details.sentence")
    assert texts.count() >= 2
    texts.nth(1).locator("summary").click()
    assert page.locator("details.sentence[open]").count() == 1
    assert texts.nth(1).locator("svg").count() == texts.nth(1).locator("svg:visible").count() == 7


def test_the_contents_stand_beside_a_wide_page_and_mark_the_section_that_is_read(opened):
    page = opened("compared-newsgroups")
    links, main = page.locator(".contents a"), page.locator("main")
    assert page.locator("h2").evaluate_all("all => all.map(each => each.id)") == [
        address.removeprefix("#")
        for address in links.evaluate_all("all => all.map(each => each.hash)")
    ]
    assert links.first.bounding_box()["x"] > sum(map(main.bounding_box().get, ("x", "width")))
    links.last.click()
    page.wait_for_selector(".contents a:last-child[aria-current]")
    assert page.locator(".contents a[aria-current]").count() == 1


def test_on_a_phone_the_contents_are_closed_above_the_page(opened):
    page = opened("compared-newsgroups", viewport=NARROW)
    assert not page.locator(".contents a").first.is_visible()
    page.get_by_text("On this page").click()
    page.locator(".contents a").last.click()
    assert page.locator("h2").last.is_visible()


def test_on_a_phone_the_name_of_a_row_stays_when_a_table_is_scrolled(opened):
    page = opened("index", viewport=NARROW)
    table = page.locator(".scroll:has(table[data-name])").first
    table.evaluate("table => { table.scrollLeft = 200; }")
    name = table.locator("tbody tr").first.locator("a")
    assert name.bounding_box()["x"] >= table.bounding_box()["x"]


@pytest.mark.parametrize("corpus", ["newsgroups", "imdb"])
def test_search_finds_a_word_on_every_map(opened, corpus):
    page = opened(f"embeddings-{corpus}")
    tables = TABLES / corpus / "embeddings"
    maps = len(pd.read_csv(tables / "embeddings.csv"))
    words = pd.read_csv(tables / "maps.csv")["word"].unique()
    assert list(map(sorted, page.evaluate(SEEN))) == [sorted(words)] * maps
    wanted = words[len(words) // 2]
    found = sorted(word for word in words if wanted in word)
    page.get_by_label("Find a word").fill(f" {wanted.upper()}")
    wait_until(page, f"({SEEN})().flat().length == {maps * len(found)}")
    assert list(map(sorted, page.evaluate(SEEN))) == [found] * maps
    page.get_by_label("Find a word").fill("<script>")
    wait_until(page, f"({SEEN})().flat().length == 0")


def test_a_map_is_zoomed_by_the_wheel_once_it_was_clicked_and_else_the_page_is_moved(opened):
    page = opened("embeddings-newsgroups")
    canvas = page.locator("canvas").first
    canvas.scroll_into_view_if_needed()
    box, place = canvas.bounding_box(), page.evaluate("scrollY")
    shown = "document.querySelector('.picture').view.signal('zoom0').x0"  # from where to where
    page.mouse.move(box["x"] + 200, box["y"] + 300)
    page.mouse.wheel(0, 200)
    wait_until(page, f"scrollY > {place}")
    assert page.evaluate(shown) is None
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    page.mouse.click(box["x"] + 200, box["y"] + 300)
    page.mouse.wheel(0, -200)
    wait_until(page, f"{shown}?.length == 2")


def test_menus_open_and_close_by_keyboard(opened):
    page = opened("index")
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to the content"
    while page.locator("summary:focus").count() == 0:
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.locator("nav details[open]").count() == 1
    page.keyboard.press("Tab")
    assert page.locator("nav details[open] a:focus").count() == 1
    page.keyboard.press("Escape")
    assert page.locator("nav details[open]").count() == 0
    assert page.locator("summary:focus").count() == 1


def test_on_a_phone_one_button_shows_the_menus(opened):
    page = opened("index", viewport=NARROW)
    menus, button = page.locator("nav > :is(a, details)"), page.get_by_role("button", name="Menu")
    assert page.locator("nav").bounding_box()["height"] < 60
    assert menus.locator("visible=true").count() == 0
    button.focus()
    page.keyboard.press("Enter")
    assert menus.locator("visible=true").count() == menus.count()
    page.get_by_text("Variants", exact=True).first.click()
    first = page.locator("nav details[open] a").first
    assert first.is_visible()
    page.keyboard.press("Escape")  # the menu, then all
    assert not first.is_visible()
    page.keyboard.press("Escape")
    assert menus.locator("visible=true").count() == 0
    assert page.locator("button:focus").inner_text() == "Menu"
    button.click()
    page.locator("h1").click()
    assert menus.locator("visible=true").count() == 0
    page.set_viewport_size(WIDE)
    assert not button.is_visible()
    assert menus.locator("visible=true").count() == menus.count()


def test_without_scripts_the_menus_are_shown_on_a_phone_too(opened):
    page = opened("index", viewport=NARROW, java_script_enabled=False)
    assert page.locator("nav > :is(a, details)").locator("visible=true").count() > 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_light_and_dark(opened, scheme):
    page = opened("index", color_scheme=scheme)

    def colour(selector, of="color"):
        return page.locator(selector).first.evaluate(f"e => getComputedStyle(e).{of}")

    papers = [colour("body", "backgroundColor"), colour("th", "backgroundColor")]
    assert (luminance(papers[0]) > 0.5) == (scheme == "light")
    for selector in (
        ".verdict .good strong",
        ".verdict li",
        "main td a",
        "main caption",
        "main p.soft",
        "nav a",
    ):
        assert min(contrast(colour(selector), paper) for paper in papers) >= READABLE, selector
    notice = colour(".notice", "backgroundColor")
    assert contrast(colour(".notice"), notice) >= READABLE
    for selector, of in (
        (".interval .point", "fill"),
        (".interval .range", "fill"),
        (".tools input", "borderColor"),
    ):
        assert contrast(colour(selector, of), papers[0]) >= MARKED, selector


@pytest.mark.parametrize("name", ["index", "variant-glove_lstm", "made"])
def test_a_page_is_whole_without_its_script(opened, name):
    plain = opened(name, java_script_enabled=False).locator("main").inner_text()
    page = opened(name)
    page.evaluate("document.querySelectorAll('.tools').forEach((tools) => tools.remove())")
    assert plain.split() == page.locator("main").inner_text().split()


def test_a_printed_page_has_no_controls(opened):
    page = opened("index")
    page.emulate_media(media="print")
    for selector in ("nav", ".tools", ".skip"):
        assert not page.locator(selector).first.is_visible()
    assert page.locator("table").first.is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_a_dark_page_is_printed_on_white(opened):
    page = opened("index", color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    paper = page.locator("body").evaluate("e => getComputedStyle(e).backgroundColor")
    ink = page.locator("body").evaluate("e => getComputedStyle(e).color")
    assert luminance(paper) == pytest.approx(1)
    assert contrast(ink, paper) >= READABLE
