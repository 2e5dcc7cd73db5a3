"""What a reader can point at and choose in the pictures of the sample report, on all widths."""

import re

import pandas as pd
import pytest
from browsing import MIDDLE, NARROW, WIDE, Opened
from helpers import ROOT

pytestmark = pytest.mark.browser

REPORT = ROOT / "results/sample/report"
TABLES = REPORT / "tables"
SIZES = pytest.mark.parametrize("size", [WIDE, MIDDLE, NARROW], ids=["wide", "middle", "narrow"])


def opened(browser, name: str, **options) -> Opened:
    return Opened(browser, (REPORT / f"{name}.html").as_uri(), **options)


@SIZES
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_cell_of_the_confusion_matrix_shows_its_documents(browser, size, scheme):
    cells = pd.read_csv(TABLES / "newsgroups/answers/cells.csv")
    cells = cells[cells["variant"] == "naive_bayes"]
    (label, answer), rows = max(
        ((cell, rows) for cell, rows in cells.groupby(["label", "answer"]) if cell[0] != cell[1]),
        key=lambda item: len(item[1]),
    )
    with opened(browser, "variant-naive_bayes", viewport=size, color_scheme=scheme) as shown:
        page = shown.page
        boxes = page.locator(".shown-by-cell")
        assert boxes.locator("visible=true").count() == 0
        name = f"true class {label}, predicted {answer}"
        link = page.locator(".spots a").filter(has_text=name)
        link.locator("rect").click()
        text = boxes.locator("visible=true").inner_text()
        assert f"True class {label}, predicted class {answer}" in text
        places = [text.index(each) for each in rows["id"]]
        assert places == sorted(places)
        assert page.locator(".picture svg:has(.spots a)").first.is_visible()
        assert boxes.locator("visible=true").count() == 1
        link.focus()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Enter")  # the cell before it
        assert (
            f"True class {label}, predicted class {answer}"
            not in boxes.locator("visible=true").inner_text()
        )
        assert shown.too_wide() <= 0
        page.get_by_text("Back to the matrix").locator("visible=true").click()
        assert boxes.locator("visible=true").count() == 0
        assert shown.said == shown.outside() == []


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


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("index", ["TF-IDF + linear SVM", "CPU seconds of one training", "accuracy on the test"]),
        ("compared-newsgroups", ["better than", " points (", "coverage", "epoch", "confidence"]),
        ("variant-glove_lstm", ["validation", "kept: epoch", "confidence"]),
        ("sizes-newsgroups", ["labelled documents", "accuracy on the test documents"]),
        ("corpus-newsgroups", ["words of a document", "documents truncated", "different words"]),
        ("lesson-vanishing_gradient", ["words back from the last one", "share named correctly"]),
    ],
)
def test_marks_of_pictures_have_names_and_figures_under_the_pointer(browser, page, names):
    with opened(browser, page) as shown:
        marks = shown.page.locator(".spots circle, .spots rect")
        titles = shown.page.locator(".spots title").all_text_contents()
        for name in names:
            assert any(name in title for title in titles), name
        assert all(re.search(r"\d", title) for title in titles)
        last = marks.last
        last.scroll_into_view_if_needed()
        box = last.bounding_box()
        middle = f"{box['x'] + box['width'] / 2}, {box['y'] + box['height'] / 2}"
        found = f"document.elementFromPoint({middle}).closest('.spots') !== null"
        assert shown.page.evaluate(found)
