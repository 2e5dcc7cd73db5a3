"""The end of a lesson's page: the lecture's figures and the next lesson."""

from IPython.display import HTML

from seq2report.core.tables import Tables
from seq2report.lessons.lecture import compare_lesson
from seq2report.report import html


def lecture_figures(lesson: str, tables: Tables, sample: bool) -> HTML:
    """Return the figures of the slides, ours of the ``tables`` of a lesson, and why they differ."""
    columns = {
        "experiment": "experiment",
        "lecture": "lecture",
        "ours": "this report",
        "why": "note",
    }
    table = compare_lesson(lesson, tables, sample)[list(columns)].rename(columns=columns)
    return html.table(table, caption="The lecture's slides and this report", text=tuple(table))


def next_lesson(lesson: str, lessons: dict[str, str]) -> HTML:
    """Return a link to the lesson after this one; ``lessons`` are the titles, in their order."""
    names = list(lessons)
    following = names[names.index(lesson) + 1 :][:1]
    pages = {f"lesson-{name}.html": (f"Next: {lessons[name]}", "") for name in following}
    pages = pages or {"index.html": ("Back to the comparison", "this is the last lesson")}
    pages["lecture.html"] = ("The lecture's figures", "all figures on the slides and ours")
    return html.cards(pages)
