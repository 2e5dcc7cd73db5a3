"""What the marker ``reliability(group)`` does: cases are counted, and listed in a page.

A test that carries it is a case a parameter. Each run of pytest prints how many were tried and
survived, and names each one that was skipped, with its reason. With ``--reliability-page PAGE`` it
fills the tables of the page from the tests' own names and from what came of them.
"""

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from seq2report.core.markdown import markdown, refill

GROUPS = (
    "Interruption",
    "Repeatability",
    "Bad corpora",
    "Bad vectors",
    "Languages",
    "Bad configuration",
    "Bad machine",
    "Security",
)
TARGETS = (
    "slow",
    "workflow",
    "browser",
    "slurm",
)  # markers of tests that have a command of their own
COLLECTED = pytest.StashKey[Counter[tuple[str, str]]]()
FILES = pytest.StashKey[set[str]]()
IDS = pytest.StashKey[list[str]]()  # of all collected tests, in their order


def pytest_addoption(parser):
    parser.addoption("--reliability-page", metavar="PAGE", help="fill this page's tables")


def pytest_configure(config):
    config.addinivalue_line("markers", "reliability(group): a case of docs/reliability.md")


@pytest.hookimpl(tryfirst=True)  # before those that are not to be run here are taken out
def pytest_collection_modifyitems(config, items):
    cases = config.stash[COLLECTED] = Counter()
    config.stash[FILES] = {item.path.name for item in items}
    config.stash[IDS] = [item.nodeid for item in items]
    for item in items:
        if marker := item.get_closest_marker("reliability"):
            (group,) = marker.args
            if group not in GROUPS:
                raise pytest.UsageError(f"{item.nodeid}: no group '{group}'; one of {GROUPS}")
            target = next((f"-{each}" for each in TARGETS if item.get_closest_marker(each)), "")
            item.user_properties.append(("reliability", (group, f"`make test{target}`")))
            cases[_file_and_sentence(item.nodeid)] += 1


def pytest_terminal_summary(terminalreporter, config):
    cases = pd.DataFrame(
        [
            (*about, *_file_and_sentence(report.nodeid), outcome)
            for outcome in ("passed", "failed", "error", "skipped", "xfailed", "xpassed")
            for report in terminalreporter.stats.get(outcome, [])
            for about in _cases(report)
        ],
        columns=["group", "run by", "file", "what happens", "outcome"],
    )
    if cases.empty:
        return
    terminalreporter.section("reliability")
    terminalreporter.line(counted(cases))
    for report in terminalreporter.stats.get("skipped", []):
        if _cases(report):
            terminalreporter.line(f"NOT TRIED: {report.nodeid}: {report.longrepr[2]}")
    if page := config.getoption("reliability_page"):
        fill(Path(page), cases)
        terminalreporter.line(f"{page} is filled")


def _cases(report: object) -> list[tuple[str, str]]:
    """Return group and command of a case; none of other tests, or of files that fail to load."""
    properties = getattr(report, "user_properties", [])
    return [about for name, about in properties if name == "reliability"]


def _file_and_sentence(nodeid: str) -> tuple[str, str]:
    """Return the file of a test, and its name as a sentence."""
    file, name = nodeid.split("[")[0].split("::", 1)
    words = name.rpartition("::")[2].removeprefix("test_").replace("_", " ")
    return Path(file).name, words[:1].upper() + words[1:]


def counted(cases: pd.DataFrame) -> str:
    """Return in a sentence how many cases were tried, and how many survived."""
    outcomes = cases["outcome"].value_counts()
    skipped = outcomes.get("skipped", 0)
    return (
        f"{len(cases)} cases; {len(cases) - skipped} tried, {outcomes.get('passed', 0)} survived,"
        f" {skipped} not tried"
    )


def fill(page: Path, cases: pd.DataFrame) -> None:
    """Fill the page: a table a group, with a row a test."""

    def table(group: str) -> str:
        of_group = cases[cases["group"] == group]
        rows = of_group.groupby(["what happens", "file", "run by"], sort=False)["outcome"]
        shown = rows.agg(cases="size", survived=lambda each: (each == "passed").sum())
        return markdown(shown.reset_index().sort_values(["file", "what happens"]))

    count = {"count": lambda: f"**{counted(cases)}.**"}
    refill(page, count | {_key(group): lambda group=group: table(group) for group in GROUPS})


def _key(group: str) -> str:
    return group.lower().replace(" ", "_")


def listed(page: str) -> Counter[tuple[str, str]]:
    """Return what a filled page lists: file and sentence of a test, and how many cases it is."""
    cases = Counter()
    for line in page.splitlines():
        if " | test_" in line:
            sentence, file, _, number, _ = line.strip("| ").split(" | ")
            cases[file, sentence] += int(number)
    return cases
