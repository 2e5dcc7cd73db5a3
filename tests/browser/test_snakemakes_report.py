"""The pages inside Snakemake's own report (`snakemake --report`) of the sample, in Chromium."""

import base64
import subprocess
import sys
from pathlib import Path

import pytest
from browsing import WIDE
from helpers import ROOT

pytestmark = pytest.mark.browser

REPORT = ROOT / "results/sample/report"


@pytest.fixture(scope="module")
def snakemakes_report(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("snakemake") / "report.html"
    command = [Path(sys.executable).with_name("snakemake"), "--cores", "1", "--report", path]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=300)
    return path


def test_a_page_is_read_inside_snakemakes_report(browser, snakemakes_report):
    context = browser.new_context(viewport=WIDE)
    page, asked, said = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append((message.type, message.text)))
    page.goto(snakemakes_report.as_uri())
    page.get_by_text("Pages", exact=True).first.click()
    row = page.get_by_role("row").filter(has=page.get_by_text("Comparison", exact=True))
    row.locator("[iconname=eye]").click()
    frame = page.frame_locator("iframe")
    assert frame.locator("h1").inner_text() == "Model comparison"
    assert not frame.locator("nav").is_visible()
    assert frame.locator("main a[href$='.html'], main a[href$='.csv']").count() == 0
    frame.locator("table[data-name] th button").first.click()
    assert frame.locator("th[aria-sort]").count() == 1
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert [text for kind, text in said if kind == "error"] == []
    context.close()


def test_every_page_is_whole_in_snakemakes_report_and_tables_are_in_it(snakemakes_report):
    whole = snakemakes_report.read_text()
    assert "variants.csv" in whole
    pages = set(REPORT.glob("*.html")) - {REPORT / "summary.html"}  # which is the front page again
    assert pages
    for page in pages:
        assert base64.b64encode(page.read_bytes()).decode() in whole, page.name
