"""The lecture's figures beside those of a report: reports/lecture.yaml has those of the slides.

The slides have one training per figure, with another seed and another random test set. A difference
from the mean of ours is within seed noise if it is inside the interval that holds one more seed of
ours in 95% of the cases (a prediction interval of Student's t), and beyond the noise if that of
another test set of the same size does not explain it either.
"""

from collections.abc import Iterable
from math import hypot
from string import Formatter

import pandas as pd
import yaml
from scipy.special import ndtri, stdtrit

from seq2report.core.command import UserError
from seq2report.core.shipped import ROOT
from seq2report.core.tables import Tables
from seq2report.report.numbers import fill, signed

LEVEL = 0.95
SLIDES = "the lecture's slides"
BEYOND = "beyond the noise"
WHEN = {"val_accuracy_at_10": "after 10 epochs", "val_accuracy_best": "at best"}


def noise_of_seed(deviation: float, seeds: int) -> float:
    """Return half of the 95% prediction interval of one more seed around the mean of ``seeds``."""
    return stdtrit(seeds - 1, (1 + LEVEL) / 2) * deviation * (1 + 1 / seeds) ** 0.5


def noise_of_test(accuracy: float, documents: int) -> float:
    """Return how much two random test sets of this size differ at most, in 95% of the cases."""
    return ndtri((1 + LEVEL) / 2) * (2 * accuracy * (1 - accuracy) / documents) ** 0.5


def difference(row: dict, column: str, lecture: float) -> str:
    """Return the mean in ``column`` minus the lecture's figure, compared with the noise."""
    change = row[column] - lecture
    text = f"{WHEN[column]} {signed(change, '+.3f')}"
    if row["seeds"] < 2:
        return f"{text}, of one seed: its noise is unknown"
    seed = noise_of_seed(row[f"{column}_sd"], row["seeds"])
    test = noise_of_test(row[column], row["test_documents"])
    verdict = BEYOND if abs(change) > hypot(seed, test) else "within that of seed and test set"
    verdict = "within seed noise" if abs(change) <= seed else verdict
    return f"{text}, {verdict} (seed ±{seed:.3f}, test set ±{test:.3f})"


def find(entry: dict, found: dict[str, pd.DataFrame]) -> dict | None:
    """Return the first row that ``entry`` means, or None if the report has no such figure.

    Raises:
        UserError: a text of ``entry`` names a column that its table has not.
    """
    table = found.get(entry["from"], pd.DataFrame())
    for column, value in entry.get("where", {}).items() if len(table) else ():
        table = table[table[column] == value]
    if table.empty:
        return None
    row = table.to_dict("records")[0]
    for key in ("figure", "why", "sample"):
        for _, column, _, _ in Formatter().parse(entry.get(key, "")):
            if column is not None and column not in row:
                raise UserError(
                    f"a figure of the lecture: {entry['from']} has no column '{column}'; it has"
                    f" {', '.join(row)}"
                )
            if key == "figure" and column is not None and pd.isna(row[column]):
                return None
    return row


def other_shape(entry: dict, values: dict) -> str:
    """Return as a reason that a document has another shape than the lecture's, or nothing."""
    shape, ours = entry.get("shape"), values.get("document_shape")
    if shape is None or ours in (None, shape):
        return ""
    return f"{ours} numbers per document (lecture: {shape})."


def compare(
    experiments: Iterable[dict], found: dict[str, pd.DataFrame], sample: bool
) -> pd.DataFrame:
    """Return one row per experiment of lecture.yaml, with the columns of `compare_one`.

    ``found`` are tables by the names that ``from`` has for them; a sample adds its own reason.
    """
    return pd.DataFrame([compare_one(experiment, found, sample) for experiment in experiments])


def compare_one(experiment: dict, found: dict[str, pd.DataFrame], sample: bool) -> dict:
    """Return experiment, source, lecture, ours, difference, why, vectors and command.

    All from ours on, except why, are None if the report has no such figure.
    """
    texts = dict.fromkeys(("ours", "difference", "why", "vectors", "command"))
    texts["why"] = experiment.get("otherwise", "Not part of this report.")
    for entry in experiment.get("ours", []):
        values = find(entry, found)
        if values is not None:
            figures = {} if sample else entry.get("differences", {})
            differences = "; ".join(difference(values, *figure) for figure in figures.items())
            reasons = [entry.get("sample", "") if sample else "", other_shape(entry, values)]
            reasons.append(entry.get("why", ""))
            if BEYOND in differences:
                reasons.append(entry.get("beyond", "The reason is not known."))
            texts = {
                "ours": fill(entry["figure"], **values),
                "difference": differences or None,
                "why": " ".join(filter(None, reasons)).format_map(values),
                **{name: values.get(name) for name in ("vectors", "command")},
            }
            break
    slides = {"source": SLIDES, "lecture": experiment["lecture"]}
    if "setup" in experiment:
        slides["source"] = f"{SLIDES}: {experiment['setup']}"
    return {"experiment": experiment["experiment"], **slides, **texts}


def compare_lesson(lesson: str, tables: Tables, sample: bool) -> pd.DataFrame:
    """Return the rows of `compare` whose figures are in the ``tables`` of a lesson."""
    folder = f"lesson-{lesson}/"
    listed = yaml.safe_load((ROOT / "reports/lecture.yaml").read_text(encoding="utf-8"))
    experiments = [
        experiment
        for experiment in listed
        if any(entry["from"].startswith(folder) for entry in experiment.get("ours", []))
    ]
    found = {f"{folder}{name}": table for name, table in tables.items()}
    return compare(experiments, found, sample)
