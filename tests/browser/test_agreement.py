"""The pages of the sample report agree: the same quantity has the same figure on each of them."""

import math
import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import pandas as pd
import pytest
from browsing import MIDDLE, NARROW, WIDE, Opened
from helpers import ROOT

pytestmark = pytest.mark.browser

REPORT = ROOT / "results/sample/report"
TITLES = {"newsgroups": "20 Newsgroups (4 groups)", "imdb": "IMDB reviews"}


# The tables with a name: headings, and rows of cells, a variant without its letter.
READ_TABLES = """all => Object.fromEntries(all.map((table) => [table.dataset.name, {
  heads: [...table.tHead.rows[0].cells].map((head) => head.innerText.trim()),
  rows: [...table.tBodies[0].rows].map(
    (row) => [...row.cells].map((cell) => content(cell).textContent.trim())),
}]))"""


class Content(NamedTuple):
    """What a page says."""

    text: str  # of `main`
    tables: dict[str, dict[str, list]]  # as `READ_TABLES` returns them
    weighed: int  # texts with coloured words
    words: list[tuple[str, str]]  # effect and style of each coloured word

    def rows(self, table: str) -> list[dict[str, str]]:
        """Return the rows of a table by its headings."""
        heads, rows = self.tables[table]["heads"], self.tables[table]["rows"]
        return [dict(zip(heads, row, strict=True)) for row in rows]


@pytest.fixture(scope="module")
def read(browser) -> Callable[[str], Content]:
    """Open a page when it is first needed, and return what it says."""
    return cache(lambda name: read_page(browser, name))


def read_page(browser, name: str) -> Content:
    with Opened(browser, (REPORT / f"{name}.html").as_uri()) as opened:
        page = opened.page
        words = page.locator(".weighed .for, .weighed .against")
        return Content(
            page.locator("main").inner_text(),
            page.locator("table[data-name]").evaluate_all(READ_TABLES),
            page.locator(".weighed").count(),
            words.evaluate_all("all => all.map((word) => [word.title, word.style.cssText])"),
        )


@pytest.mark.parametrize("corpus", TITLES)
def test_ranks_scores_and_times_are_the_same_on_all_pages(read, corpus):
    front = read("index").rows(f"{corpus}-variants")
    depth = read(f"compared-{corpus}").rows(f"{corpus}-cost")
    costs = {row["variant"]: row for row in depth}
    names = pd.read_csv(REPORT / f"tables/{corpus}/runs/variants.csv").set_index("title")["variant"]
    assert len(front) == len(costs) == len(names)
    for row in front:
        cost = costs[row["variant"]]
        assert (cost["CPU time"], cost["prediction time"]) == (
            row["CPU time"],
            row["prediction time"],
        )
        text = read(f"variant-{names[row['variant']]}").text
        (opening,) = re.findall(rf"^{re.escape(TITLES[corpus])}: .*rank.*\n.*$", text, flags=re.M)
        assert f"{row['accuracy']} of" in opening
        assert f"rank {row['rank']} of {len(front)};" in opening
        assert f"{row['CPU time']} to train" in opening


@pytest.mark.parametrize("corpus", TITLES)
def test_the_majority_class_reaches_what_the_page_of_the_corpus_says(read, corpus):
    front = read("index").rows(f"{corpus}-variants")
    (row,) = (row for row in front if row["variant"] == "Majority class")
    text = read(f"corpus-{corpus}").text
    assert re.search(r"is right for ([\d.]+%) of the test documents", text)[1] == row["accuracy"]


def test_the_verdict_is_seen_first_at_every_width(browser):
    with Opened(browser, (REPORT / "index.html").as_uri(), viewport=NARROW) as opened:
        cards = opened.page.locator(".verdict")
        table = opened.page.locator("table").first
        for size in (NARROW, MIDDLE, WIDE):
            opened.resize(size)
            assert cards.count() == len(TITLES)
            verdict = cards.first.locator("p.good").first
            assert re.match(r"Use \w\W", verdict.inner_text())
            assert verdict.bounding_box()["y"] < size["height"]  # without scrolling
            assert cards.last.bounding_box()["y"] < table.bounding_box()["y"]
            assert opened.too_wide() <= 0


def test_deciding_words_have_one_scale_and_the_majority_class_none(read):
    for name in ("tfidf_svm", "naive_bayes"):
        words = read(f"variant-{name}").words
        assert words
        for effect, style in words:
            size, strength = (
                float(re.sub("[+−]", "", effect)),
                float(style.split(":")[1].rstrip(";")),
            )
            expected = min(math.log10(size / 0.1) / 2, 1)  # no colour at 0.1, all of it at 10
            assert strength == pytest.approx(expected, abs=0.03)
    majority = read("variant-majority")
    assert majority.weighed == 0
    assert "No word changes an answer" in majority.text
