"""The lecture's figures beside those of a report: reports/lecture.yaml has those of the slides."""

from collections.abc import Iterable
from string import Formatter

import pandas as pd
import yaml

from seq2report.core.command import UserError
from seq2report.core.shipped import ROOT
from seq2report.core.tables import Tables


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


def compare(
    experiments: Iterable[dict], found: dict[str, pd.DataFrame], sample: bool
) -> pd.DataFrame:
    """Return one row per experiment of lecture.yaml: columns experiment, lecture, ours, why.

    ``found`` are tables by the names that ``from`` has for them; a sample adds its own reason.
    """
    rows = []
    for experiment in experiments:
        ours, why = None, experiment.get("otherwise", "Not part of this report.")
        for entry in experiment.get("ours", []):
            values = find(entry, found)
            if values is not None:
                reasons = [entry.get("sample", "") if sample else "", entry.get("why", "")]
                ours = entry["figure"].format_map(values)
                why = " ".join(filter(None, reasons)).format_map(values)
                break
        names = {key: experiment[key] for key in ("experiment", "lecture")}
        rows.append({**names, "ours": ours, "why": why})
    return pd.DataFrame(rows)


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
