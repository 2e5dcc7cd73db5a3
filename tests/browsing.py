"""Pages in Chromium: opened, and watched for what they say and ask for."""

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path

from playwright.sync_api import Browser, Error, Page, ViewportSize

WIDE, MIDDLE, NARROW = ({"width": width, "height": 900} for width in (1280, 800, 390))
# The elements of charts, which `charts.js` draws when a page opens and when its width changes.
CHARTS = "[...document.querySelectorAll('script.chart')].map((data) => data.previousElementSibling)"
DRAWN = f"{CHARTS}.every((chart) => chart.view && chart.view !== chart.replaced)"
REPLACED = f"{CHARTS}.forEach((chart) => {{ chart.replaced = chart.view; }})"
# Open or closed, as `script.js` leaves the contents of a page that is opened at this size.
CONTENTS = """() => {
  for (const contents of document.querySelectorAll(".contents"))
    contents.open = contents.offsetWidth <= innerWidth / 2;
}"""
FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
# The words of the points of a page's first chart that are seen, a list a map.
SEEN = """() => {
  const maps = new Map();
  const visit = (item, group) => {
    for (const each of item.items ?? []) {
      if (item.marktype === "symbol" && each.datum?.word && each.opacity > 0.5)
        maps.set(group, [...(maps.get(group) ?? []), each.datum.word]);
      visit(each, item.marktype === "group" ? each : group);
    }
  };
  visit(document.querySelector(".picture").view.scenegraph().root, null);
  return [...maps.values()];
}"""


def chromium() -> str:
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    assert found, "no Chromium on PATH; on Debian: apt-get install chromium"
    return found


def wait_until(page: Page, condition: str, seconds: float = 30):
    """Wait until an expression is true; `Page.wait_for_function` needs a page that allows eval."""
    end = time.monotonic() + seconds
    while not page.evaluate(condition):
        assert time.monotonic() < end, f"not within {seconds} s: {condition}"
        page.wait_for_timeout(20)


class Opened:
    """A page, and what it complained of and asked for beyond itself."""

    def __init__(self, browser: Browser, address: str, **options):
        self.context = browser.new_context(**({"viewport": WIDE} | options))
        self.page: Page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", self.dialog)
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(address)
        wait_until(self.page, "document.fonts.status == 'loaded'")
        wait_until(self.page, DRAWN)

    def resize(self, size: ViewportSize) -> None:
        """Change the size of the window, and bring the page to its state when opened at this size.

        What a test has changed on the page remains, except in charts, which are made again.
        """
        if size["width"] != self.page.viewport_size["width"]:
            self.page.evaluate(REPLACED)
        self.page.set_viewport_size(size)
        wait_until(self.page, f"innerWidth === {size['width']}")
        self.page.evaluate(FRAMES)  # events of the new size and of scrolling are over
        self.page.evaluate(CONTENTS)
        wait_until(self.page, DRAWN)

    def dialog(self, dialog):
        self.said.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def __enter__(self) -> "Opened":
        return self

    def __exit__(self, *_):
        self.context.close()

    def outside(self) -> list[str]:
        return [url for url in self.asked if not url.startswith(("file:", "data:", "blob:"))]

    def too_wide(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        root = "document.documentElement"
        return self.page.evaluate(f"{root}.scrollWidth - {root}.clientWidth")

    def picture(self, path: Path) -> None:
        """Write a screenshot if SCREENSHOTS is set: for people; a busy machine may fail to."""
        if os.environ.get("SCREENSHOTS"):
            with suppress(Error):
                self.page.screenshot(path=path, full_page=True)
