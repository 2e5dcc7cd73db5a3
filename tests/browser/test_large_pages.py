"""Pages of corpora with many classes, variants or seeds, long titles and names of all scripts.

The tables are made directly, without a training. The screenshots lie in results/screenshots.
"""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import made_tables
import pandas as pd
import pytest
from browsing import MIDDLE, NARROW, WIDE, Opened
from helpers import ROOT, page_of
from playwright.sync_api import Locator, Page

from seq2report.core.tables import write_tables

pytestmark = pytest.mark.browser

SHAPES = {
    "classes": {"variants": 4, "classes": 500, "documents": 1500},
    "variants": {"variants": 51, "seeds": 3},
    "few": {"variants": 3, "classes": 7, "documents": 7},  # one document per class
}
CORPUS = {"title": made_tables.LONG, "documents": 2000}


def answers(variant: str) -> dict[str, pd.DataFrame]:
    """Return the tables of evaluate_answers: one box, one document and its words."""
    layers = {"position": "0", "kind": "text", "name": "Text", "arguments": "", "shape": ""}
    about = {"id": "news/1", "kind": "mistake", "label": made_tables.class_name(2), "words": 2}
    about |= {"answer": made_tables.class_name(1), "probability": 0.9}
    words = pd.DataFrame({"word": [made_tables.HEBREW, "end"], "after": [" ", ""]})
    return {
        "layers": pd.DataFrame([layers | {"variant": variant, "parameters": 3, "frozen": 0}]),
        "documents": pd.DataFrame([about | {"variant": variant, "excerpt": made_tables.HEBREW}]),
        "cells": pd.DataFrame([about | {"variant": variant, "excerpt": made_tables.HEBREW}]),
        "words": words.assign(variant=variant, id="news/1", kind="mistake", effect=[1.5, -0.4]),
    }


@pytest.fixture(scope="module")
def pages_of(tmp_path_factory) -> Callable[[str], list[Path]]:
    """Make the pages of a shape when they are first needed."""
    # Not a parameter of the fixture: pytest would order the tests by it, beside those of others.
    return cache(lambda shape: make_pages(tmp_path_factory.mktemp(shape), shape))


def make_pages(folder: Path, shape: str) -> list[Path]:
    """Return the front page, the page in depth and the page of a variant."""
    made = made_tables.tables(**SHAPES[shape])
    classes, variant = made.pop("classes"), made["variants"]["variant"].iloc[2]
    corpus = {"corpus": pd.DataFrame([CORPUS]), "classes": classes}
    for name, found in {"runs": made, "corpus": corpus, "answers": answers(variant)}.items():
        (folder / "news" / name).mkdir(parents=True)
        write_tables(found, folder / "news" / name)
    settings = {"title": made_tables.LONG, "pipeline": []}
    parameters = {
        "comparison": {"corpora": ["news"], "has_sizes": False},
        "compared": {"corpus": "news"},
        "variant": {"corpora": ["news"], "variant": variant, "settings": settings},
    }
    found = []
    for name, own in parameters.items():
        page_of(name, folder, table_folder=str(folder), **own)
        found.append((folder / "n.html").rename(folder / f"{shape}-{name}.html"))
    return found


@pytest.mark.parametrize("shape", SHAPES)
def test_pages_of_large_and_small_corpora_fit_their_window_and_long_tables_have_pages(
    browser, pages_of, shape
):
    tables = 0
    for path in pages_of(shape):
        assert path.stat().st_size < 3_000_000, path.name
        with Opened(browser, path.as_uri(), viewport=NARROW) as opened:
            for size in (NARROW, MIDDLE, WIDE):
                opened.resize(size)
                assert opened.too_wide() <= 0, (path.name, size)
                write_screenshots(opened, f"{path.stem}-{size['width']}")
            tables += check_long_tables(opened.page)
        assert opened.said == [], path.name
    assert bool(tables) == (shape != "few")


def write_screenshots(opened: Opened, name: str) -> None:
    for scheme in ("dark", "light") if os.environ.get("SCREENSHOTS") else ():
        opened.page.emulate_media(color_scheme=scheme)
        opened.picture(ROOT / f"results/screenshots/{name}-{scheme}.png")


def check_long_tables(page: Page) -> int:
    """Check that long tables have pages, and are saved and printed as a whole; return how many."""
    tables = page.locator("table[data-name]")
    counts = [table.locator("tbody tr").count() for table in tables.all()]
    long = [(number, rows) for number, rows in enumerate(counts) if rows > 50]
    for number, rows in long:
        check_long_table(tables.nth(number), page.locator(".tools:has(input)").nth(number), rows)
    page.emulate_media(media="print")
    for number, rows in long:
        assert tables.nth(number).locator("tbody tr:visible").count() == rows
    return len(long)


def check_long_table(table: Locator, tools: Locator, rows: int) -> None:
    seen, place = table.locator("tbody tr:visible"), tools.locator("output").last
    assert seen.count() == 25
    first = seen.first.inner_text()
    tools.get_by_text("Next").click()
    assert place.inner_text() == f"26–50 of {rows}"
    assert seen.first.inner_text() != first
    table.locator("th button").first.click()  # sorts all, and shows the first page
    assert place.inner_text().startswith("1–25")
    with table.page.expect_download() as download:
        tools.get_by_text("Save as CSV").click()
    assert len(pd.read_csv(download.value.path())) == rows
