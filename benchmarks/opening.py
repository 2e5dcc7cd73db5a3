"""Measure how long a page of a report takes to be ready in Chromium, relative to an empty page.

    python benchmarks/opening.py results/sample/report

Each page is opened from disk in a new context, all pages in turn, several times. It is ready when
it is loaded, its script has run and its charts are drawn. The table has the median of the
milliseconds until then, and its ratio to that of an empty page.
"""

import shutil
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

import harness
from harness import write
from seq2report.core.command import UserError, run

EMPTY = "<!DOCTYPE html><html lang=en><title>empty</title>"
DRAWN = """[...document.querySelectorAll("script.chart")].every(
    (block) => block.previousElementSibling.querySelector("canvas"))"""


def open_page(browser: Browser, page: Path) -> float:
    """Return the milliseconds from the request of a page until it is ready."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    start = time.perf_counter()
    opened.goto(page.as_uri(), wait_until="load")
    opened.wait_for_function(DRAWN)
    milliseconds = 1000 * (time.perf_counter() - start)
    context.close()
    return milliseconds


def measure(pages: list[Path], repetitions: int) -> list[dict]:
    """Return name, size and median time, one row per page; the first page is the empty one."""
    durations: dict[Path, list[float]] = {page: [] for page in pages}
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for turn in range(repetitions + 1):  # the first round has cold caches and does not count
            for page, times in durations.items():
                milliseconds = open_page(browser, page)
                if turn:
                    times.append(milliseconds)
        browser.close()
    empty = statistics.median(durations[pages[0]])
    return [
        {
            "page": page.stem,
            "kb": round(page.stat().st_size / 1000),
            "milliseconds": round(statistics.median(times)),
            "times_empty": round(statistics.median(times) / empty, 1),
        }
        for page, times in durations.items()
    ]


def main(argv: Sequence[str] | None) -> None:
    parser = harness.parser(__doc__, repetitions=5)
    parser.add_argument("report", type=Path, help="folder of the pages")
    args = parser.parse_args(argv)

    pages = sorted(args.report.resolve().glob("*.html"))
    if not pages:
        raise UserError(f"{args.report}: found no pages, expected some; `make report` renders them")
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder, "empty.html")
        empty.write_text(EMPTY)
        write(measure([empty, *pages], args.repetitions), args.output)


if __name__ == "__main__":
    run(main)
