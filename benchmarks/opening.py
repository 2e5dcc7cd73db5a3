"""Measure how long a page of a report takes to be of use in Chromium, beside an empty page.

    python benchmarks/opening.py results/sample/report

Each page is opened from the disk in a fresh context, all pages in turn, several times over. It is
of use when it is loaded, its script has run and its charts are drawn; the table shows the median of
the milliseconds until then, and how many times those of an empty page that is.
"""

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from harness import write
from seq2report.core.command import UserError, run

EMPTY = "<!DOCTYPE html><html lang=en><title>empty</title>"
DRAWN = """[...document.querySelectorAll("script.chart")].every(
    (block) => block.previousElementSibling.querySelector("canvas"))"""


def open_page(browser: Browser, page: Path) -> float:
    """Return the milliseconds from asking for a page until it is of use."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    start = time.perf_counter()
    opened.goto(page.as_uri(), wait_until="load")
    opened.wait_for_function(DRAWN)
    milliseconds = 1000 * (time.perf_counter() - start)
    context.close()
    return milliseconds


def measure(pages: list[Path], repetitions: int) -> list[dict]:
    """Return one row per page, the first for an empty page: its name, size and median time."""
    found: dict[Path, list[float]] = {page: [] for page in pages}
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for turn in range(repetitions + 1):  # the first round, with cold caches, does not count
            for page, times in found.items():
                milliseconds = open_page(browser, page)
                if turn:
                    times.append(milliseconds)
        browser.close()
    empty = statistics.median(found[pages[0]])
    return [
        {
            "page": page.stem,
            "kb": round(page.stat().st_size / 1000),
            "milliseconds": round(statistics.median(times)),
            "times_empty": round(statistics.median(times) / empty, 1),
        }
        for page, times in found.items()
    ]


def main(argv: Sequence[str] | None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("report", type=Path, help="folder of the pages")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--output", type=Path, help="CSV file to write")
    args = parser.parse_args(argv)

    pages = sorted(args.report.resolve().glob("*.html"))
    if not pages:
        raise UserError(f"{args.report}: no pages there; `make report` makes them")
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder, "empty.html")
        empty.write_text(EMPTY)
        write(measure([empty, *pages], args.repetitions), args.output)


if __name__ == "__main__":
    run(main)
