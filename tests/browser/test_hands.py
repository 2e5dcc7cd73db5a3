"""What a reader can point at and choose in the pictures of the sample report, on all widths."""

import json
import re
from xml.etree import ElementTree

import pandas as pd
import pytest
from browsing import MIDDLE, NARROW, WIDE, Opened, wait_until
from helpers import ROOT
from playwright.sync_api import Page

pytestmark = pytest.mark.browser

REPORT = ROOT / "results/sample/report"
TABLES = REPORT / "tables"
CHOSEN = ["index", "compared-newsgroups", "sizes-newsgroups", "lesson-vanishing_gradient"]
WITH_NAMES = [*CHOSEN, "variant-glove_lstm", "corpus-newsgroups", "lesson-cbow"]
WITH_NAMES += ["lesson-number_sequence", "lesson-several_features", "lesson-shapes"]
NAMED = {  # parts of the names of marks, by page
    "index": ["TF-IDF + linear SVM", "CPU seconds of one training", "accuracy on the test"],
    "compared-newsgroups": ["better than", " points (", "coverage", "epoch", "confidence"],
    "variant-glove_lstm": ["validation", "kept: epoch", "confidence"],
    "sizes-newsgroups": ["labelled documents", "accuracy on the test documents"],
    "corpus-newsgroups": ["all words: words of a", "documents truncated", "different words"],
    "lesson-vanishing_gradient": ["words back from the last one", "share named correctly"],
}
SIZES = (WIDE, MIDDLE, NARROW)


def opened(browser, name: str, **options) -> Opened:
    return Opened(browser, (REPORT / f"{name}.html").as_uri(), **options)


def test_a_cell_of_the_confusion_matrix_shows_its_documents(browser):
    cells = pd.read_csv(TABLES / "newsgroups/answers/cells.csv")
    cells = cells[cells["variant"] == "naive_bayes"]
    (label, answer), rows = max(
        ((cell, rows) for cell, rows in cells.groupby(["label", "answer"]) if cell[0] != cell[1]),
        key=lambda item: len(item[1]),
    )
    with opened(browser, "variant-naive_bayes") as shown:
        for size in SIZES:
            shown.resize(size)
            choose_cell(shown.page, label, answer, list(rows["id"]))
            assert shown.too_wide() <= 0
            shown.page.get_by_text("Back to the matrix").locator("visible=true").click()
            assert shown.page.locator(".shown-by-cell").locator("visible=true").count() == 0
        assert shown.said == shown.outside() == []


def choose_cell(page: Page, label: str, answer: str, ids: list[str]) -> None:
    """Choose a cell by a click and the cell before it by keyboard, which hides the first one."""
    boxes = page.locator(".shown-by-cell").locator("visible=true")
    assert boxes.count() == 0
    name = f"true class {label}, predicted {answer}"
    link = page.locator(".spots a").filter(has_text=name)
    link.locator("rect").click()
    text = boxes.inner_text()
    assert f"True class {label}, predicted class {answer}" in text
    places = [text.index(each) for each in ids]
    assert places == sorted(places)
    assert page.locator(".picture svg:has(.spots a)").first.is_visible()
    assert boxes.count() == 1
    link.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")  # the cell before it
    assert f"True class {label}, predicted class {answer}" not in boxes.inner_text()


def test_each_cell_leads_to_its_documents_or_says_that_none_are_kept(browser):
    with opened(browser, "variant-majority", java_script_enabled=False) as shown:
        links = shown.page.locator(".spots a").evaluate_all(
            "all => all.map(link => link.getAttribute('xlink:href'))"
        )
        assert links
        for address in links:
            assert shown.page.locator(f"[id='{address[1:]}']").count() == 1
        shown.page.goto(f"{shown.page.url}#imdb-cell-none")
        assert "No excerpt is kept for this cell" in shown.page.locator("main").inner_text()


@pytest.mark.parametrize("page", NAMED)
def test_marks_have_names_under_the_pointer_and_chosen_names_are_seen_alone(browser, page):
    with opened(browser, page) as shown:
        check_marks(shown.page, NAMED[page])
        for size in SIZES if page in CHOSEN else ():
            shown.resize(size)
            choose_names(shown.page)
        assert shown.said == []


def check_marks(page: Page, names: list[str]) -> None:
    """Check the names and figures of marks, and that the last mark is under the pointer."""
    titles = page.locator(".spots title").all_text_contents()
    for name in names:
        assert any(name in title for title in titles), name
    assert all(re.search(r"\d", title) for title in titles)
    last = page.locator(".spots circle, .spots rect").last
    last.scroll_into_view_if_needed()
    box = last.bounding_box()
    middle = f"{box['x'] + box['width'] / 2}, {box['y'] + box['height'] / 2}"
    assert page.evaluate(f"document.elementFromPoint({middle}).closest('.spots') !== null")


def choose_names(page: Page) -> None:
    """Choose two names, and each of them again, which resets the picture."""
    figure = page.locator("figure:has(.names button)").first
    assert "Choose names to see only these" in figure.inner_text()
    buttons = figure.locator(".names button")
    first, second = buttons.nth(0), buttons.nth(1)

    def seen() -> set[str]:
        return set(
            figure.locator("svg [data-of]").evaluate_all(
                """all => all.filter((part) => part.checkVisibility())
                  .filter((part) => getComputedStyle(part).opacity === "1")
                  .map((part) => part.dataset.of)"""
            )
        )

    everything = seen()
    signs = [each.get_attribute("value") for each in (first, second)]
    assert everything > set(signs[:1])
    first.click()
    assert seen() == {signs[0]}
    second.focus()
    page.keyboard.press("Enter")
    assert seen() == set(signs)
    first.click()
    assert seen() == {signs[1]}
    second.click()
    assert seen() == everything
    assert figure.locator(".names button[aria-pressed=true]").count() == 0


@pytest.mark.parametrize("page", WITH_NAMES)
def test_on_a_phone_a_plot_with_names_fits_its_box_and_has_them_below_it(browser, page):
    small, large = ({"width": width, "height": 800} for width in (375, 390))
    with opened(browser, page, viewport=small) as shown:
        for size in (small, large):
            shown.resize(size)
            pictures = shown.page.locator(".picture:has(.names)").locator("visible=true")
            assert pictures.count()
            for picture in pictures.all():
                assert picture.evaluate("box => box.scrollWidth <= box.clientWidth")
                plot = picture.locator("> svg, > .panels").bounding_box()
                assert picture.locator(".names").bounding_box()["y"] >= plot["y"] + plot["height"]


@pytest.mark.parametrize("page", ["compared-newsgroups", "sizes-newsgroups"])
def test_a_saved_plot_has_its_names_and_shows_what_was_chosen(browser, page):
    with opened(browser, page, color_scheme="dark") as shown:
        figure = shown.page.locator("figure:has(.names button)").first
        button = figure.locator(".names button").first
        button.click()
        with shown.page.expect_download() as download:
            figure.get_by_text("Save as SVG").click()
        saved = ElementTree.parse(download.value.path()).getroot()
        text = " ".join(
            "".join(each.itertext()) for each in saved.iter() if each.tag.endswith("text")
        )
        for name in figure.locator(".names button").all():
            assert name.inner_text() in text
        faint = {each.get("data-of") for each in saved.iter() if "0.08" in each.get("style", "")}
        of = {each.get("data-of") for each in saved.iter()} - {None}
        assert of - faint == {button.get_attribute("value")}


def test_a_cell_of_a_heat_map_is_named_with_its_value_under_the_pointer(browser):
    gates = pd.read_csv(TABLES / "lesson-inside_lstm/gates.csv")
    gates = gates[gates["gate"] == "forget"].set_index(["unit", "step"])["value"]
    with opened(browser, "lesson-inside_lstm", has_touch=True) as shown:
        for size in SIZES:
            shown.resize(size)
            point_at_cells(shown.page, gates)
            assert shown.too_wide() <= 0
            shown.page.mouse.move(0, 0)  # hides the name


def point_at_cells(page: Page, gates: pd.Series) -> None:
    """Point at two cells of the forget gate, and touch them."""
    grid = page.locator("figure:has-text('forget gate') [data-grid]").first
    grid.scroll_into_view_if_needed()
    named = json.loads(grid.get_attribute("data-grid"))
    tip = page.locator(".tip")
    assert tip.is_hidden()
    box = grid.bounding_box()
    width, height = box["width"] / len(named["columns"]), box["height"] / len(named["rows"])
    for row, column in ((0, 0), (3, 2)):
        at = {"x": (column + 0.5) * width, "y": (row + 0.5) * height}
        for reach in (grid.hover, grid.tap):
            reach(position=at)
            first, second = named["rows"][row], named["columns"][column]
            assert tip.inner_text().startswith(f"{first}, {second}: ")
            value = float(tip.inner_text().rpartition(": ")[2])
            step = gates.index.get_level_values("step").min() + column
            expected = gates[int(first.removeprefix("unit ")), step]
            assert value == pytest.approx(expected, abs=0.006)


def test_a_touch_shows_the_name_and_figures_of_a_mark(browser):
    with opened(browser, "compared-newsgroups", viewport=NARROW, has_touch=True) as shown:
        mark = shown.page.locator(".panels .spots circle").first
        mark.scroll_into_view_if_needed()
        mark.tap()
        tip = shown.page.locator(".tip")
        assert tip.inner_text() == mark.locator("title").text_content()
        box = tip.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= NARROW["width"]
        shown.page.locator("h1").tap()
        assert tip.is_hidden()
        assert shown.said == []


def test_a_touch_shows_the_ends_of_an_interval(browser):
    with opened(browser, "index", viewport=NARROW, has_touch=True) as shown:
        bar = shown.page.locator(".interval").first
        bar.scroll_into_view_if_needed()
        bar.tap()
        assert shown.page.locator(".tip").inner_text() == bar.get_attribute("aria-label")
        assert shown.said == []


def test_a_touch_shows_the_effect_of_a_word(browser):
    with opened(browser, "variant-tfidf_svm", viewport=NARROW, has_touch=True) as shown:
        word = shown.page.locator("blockquote.weighed .for").first
        word.scroll_into_view_if_needed()
        word.tap()
        assert shown.page.locator(".tip").inner_text() == word.get_attribute("title")
        assert shown.said == []


def test_a_caption_stays_in_view_while_its_table_is_scrolled(browser):
    with opened(browser, "index", viewport=NARROW) as shown:
        table = shown.page.locator(".scroll").first
        table.evaluate("box => { box.scrollLeft = 200; }")
        caption, box = table.locator("caption > span").bounding_box(), table.bounding_box()
        assert box["x"] <= caption["x"]
        assert caption["x"] + caption["width"] <= box["x"] + box["width"] + 1


def test_verdicts_are_sorted_by_verdict_and_not_by_letter(browser):
    with opened(browser, "index") as shown:
        table = shown.page.locator("table[data-name]").first
        heads = table.locator("th")
        column = heads.all_inner_texts().index("compared with the best")
        cells = table.locator(f"tbody td:nth-child({column + 1})")
        order = ["the best", "better", "not distinguishable", "worse", "lecture's protocol"]
        for expected in (order, order[::-1]):
            heads.nth(column).click()
            verdicts = [text for text in cells.all_inner_texts() if text != "–"]
            assert len(set(verdicts)) > 2
            assert verdicts == sorted(verdicts, key=expected.index)


def test_after_the_way_back_a_table_shows_what_its_box_says(browser):
    with opened(browser, "index") as shown:
        box = shown.page.get_by_label("Filter rows").first
        box.fill("GLOVE")
        shown.page.goto((REPORT / "made.html").as_uri())
        shown.page.go_back()
        rows = shown.page.locator("table[data-name]").first.locator("tbody tr:not([hidden])")
        assert box.input_value() == "" or all(
            "glove" in row.lower() for row in rows.all_inner_texts()
        )


def test_on_every_width_the_bar_of_menus_is_one_line(browser):
    with opened(browser, "index") as shown:
        for width in range(361, 1300, 40):  # a heading that is linked to stays below it
            shown.page.set_viewport_size({"width": width, "height": 900})
            assert shown.page.locator("nav").bounding_box()["height"] < 56, width


def test_a_map_says_what_a_search_finds_and_its_classes_are_chosen_in_the_legend(browser):
    points = pd.read_csv(TABLES / "newsgroups/embeddings/maps.csv")["word"].nunique()
    with opened(browser, "embeddings-newsgroups", viewport=NARROW) as shown:
        search = shown.page.get_by_label("Find a word")
        for size in (NARROW, MIDDLE, WIDE):
            search.fill("a")
            shown.resize(size)
            assert search.input_value() == "a"
            assert (
                f" of {points} found" in shown.page.locator(".vega-bind output").first.inner_text()
            )
            search_map(shown.page, points)
            assert shown.too_wide() <= 0
        choose_class(shown.page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_style_sheet_inverts_a_map_in_print_if_it_is_drawn_for_a_dark_screen(browser, scheme):
    with opened(browser, "embeddings-newsgroups", color_scheme=scheme) as shown:
        assert bool(shown.page.locator(".picture.dark canvas").count()) == (scheme == "dark")


def search_map(page: Page, points: int) -> None:
    """Search without a hit, and with some; the page says what is searched."""
    search = page.get_by_label("Find a word")
    count = page.locator(".vega-bind output").first
    search.fill("<script>")
    expected = f"0 found. Searched: word of the {points} points on the map"
    assert expected in count.inner_text()
    search.fill("a")
    assert re.fullmatch(rf"[1-9]\d* of {points} found", count.inner_text())
    search.fill("")
    assert count.inner_text() == ""


def choose_class(page: Page) -> None:
    """Choose a class in the legend of a map; a second click resets the choice."""
    view = "document.querySelector('.picture').view"
    label = """(view) => {
      const all = (item) => [item, ...(item.items ?? []).flatMap(all)];
      const isLabel = (item) => item.mark?.role === "legend-label";
      const label = all(view.scenegraph().root).find(isLabel);
      const { x1, x2, y1, y2 } = label.bounds;
      let [x, y] = [(x1 + x2) / 2, (y1 + y2) / 2];
      for (let parent = label.mark.group; parent; parent = parent.mark?.group) {
        x += parent.x ?? 0;
        y += parent.y ?? 0;
      }
      const [left, top] = view.origin();
      return [x + left, y + top];
    }"""
    canvas = page.locator("canvas").first
    canvas.scroll_into_view_if_needed()
    x, y = page.evaluate(f"({label})({view})")
    chosen = f"{view}.data('picked_store').length > 0"
    for expected in ("true", "false"):
        canvas.click(position={"x": x, "y": y})
        wait_until(page, f"{chosen} == {expected}")
