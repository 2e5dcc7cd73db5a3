"""The pages of the sample report agree: the same quantity has the same figure on each of them."""

import math
import re

import pandas as pd
import pytest
from browsing import MIDDLE, NARROW, WIDE, Opened
from helpers import ROOT

pytestmark = pytest.mark.browser

REPORT = ROOT / "results/sample/report"
TITLES = {"newsgroups": "20 Newsgroups (4 groups)", "imdb": "IMDB reviews"}


def text(browser, name: str) -> str:
    with Opened(browser, (REPORT / f"{name}.html").as_uri()) as opened:
        return opened.page.locator("main").inner_text()


def rows(browser, name: str, table: str) -> list[dict[str, str]]:
    """Return the rows of a table of a page by its headings, a variant without its letter."""
    with Opened(browser, (REPORT / f"{name}.html").as_uri()) as opened:
        found = opened.page.locator(f'table[data-name="{table}"]')
        heads = [head.strip() for head in found.locator("th").all_inner_texts()]
        cells = found.locator("tbody tr").evaluate_all(
            "rows => rows.map(row => [...row.cells].map(cell => content(cell).textContent.trim()))"
        )
    return [dict(zip(heads, row, strict=True)) for row in cells]


@pytest.mark.parametrize("corpus", TITLES)
def test_ranks_scores_and_times_are_the_same_on_all_pages(browser, corpus):
    front = rows(browser, "index", f"{corpus}-variants")
    costs = {row["variant"]: row for row in rows(browser, f"compared-{corpus}", f"{corpus}-cost")}
    names = pd.read_csv(REPORT / f"tables/{corpus}/runs/variants.csv").set_index("title")["variant"]
    assert len(front) == len(costs) == len(names)
    for row in front:
        cost = costs[row["variant"]]
        assert (cost["CPU time"], cost["prediction time"]) == (
            row["CPU time"],
            row["prediction time"],
        )
        said = text(browser, f"variant-{names[row['variant']]}")
        (opening,) = re.findall(rf"^{re.escape(TITLES[corpus])}: .*rank.*\n.*$", said, flags=re.M)
        assert f"{row['accuracy']} of" in opening
        assert f"rank {row['rank']} of {len(front)};" in opening
        assert f"{row['CPU time']} of CPU time to train" in opening


@pytest.mark.parametrize("corpus", TITLES)
def test_the_majority_class_reaches_what_the_page_of_the_corpus_says(browser, corpus):
    (row,) = (
        row
        for row in rows(browser, "index", f"{corpus}-variants")
        if row["variant"] == "Majority class"
    )
    said = text(browser, f"corpus-{corpus}")
    assert re.search(r"is right for ([\d.]+%) of the test documents", said)[1] == row["accuracy"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, MIDDLE, NARROW], ids=["wide", "middle", "narrow"])
def test_the_verdict_is_seen_first_at_every_width(browser, size, scheme):
    address = (REPORT / "index.html").as_uri()
    with Opened(browser, address, viewport=size, color_scheme=scheme) as opened:
        cards = opened.page.locator(".verdict")
        assert cards.count() == len(TITLES)
        verdict = cards.first.locator("p.good").first
        assert re.match(r"Use \w\W", verdict.inner_text())
        assert verdict.bounding_box()["y"] < size["height"]  # without scrolling
        assert (
            cards.last.bounding_box()["y"] < opened.page.locator("table").first.bounding_box()["y"]
        )
        assert opened.too_wide() <= 0


def test_deciding_words_have_one_scale_and_the_majority_class_none(browser):
    for name in ("tfidf_svm", "naive_bayes"):
        with Opened(browser, (REPORT / f"variant-{name}.html").as_uri()) as opened:
            words = opened.page.locator(".weighed .for, .weighed .against")
            pairs = words.evaluate_all("e => e.map(w => [w.title, w.style.cssText])")
        assert pairs
        for effect, style in pairs:
            size, strength = (
                float(re.sub("[+−]", "", effect)),
                float(style.split(":")[1].rstrip(";")),
            )
            expected = min(math.log10(size / 0.1) / 2, 1)  # no colour at 0.1, all of it at 10
            assert strength == pytest.approx(expected, abs=0.03)
    with Opened(browser, (REPORT / "variant-majority.html").as_uri()) as opened:
        assert opened.page.locator(".weighed").count() == 0
        assert "No word changes an answer" in opened.page.locator("main").inner_text()
