"""Markdown pages with generated tables: no figure in them is typed by hand.

Text between `<!-- table: NAME -->` and `<!-- end -->` is replaced.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from seq2report.core.command import UserError, replacing

PLACE = re.compile(r"(<!-- table: (\w+) -->\n)(?:(?!<!-- ).*\n)*(<!-- end -->)")
Tables = Mapping[str, Callable[[], str]]  # functions that return Markdown, by name of the table


def markdown(table: pd.DataFrame) -> str:
    """Return a Markdown table."""
    cells = [list(map(str, table.columns)), ["---"] * table.shape[1]]
    cells += [["" if pd.isna(cell) else text(cell) for cell in row] for row in table.to_numpy()]
    return "\n".join("| " + " | ".join(row) + " |" for row in cells)


def text(cell: object) -> str:
    """Return a number with a comma every three digits and no more places than it needs."""
    if isinstance(cell, float):
        return f"{cell:,.0f}" if cell == round(cell) else f"{cell:,g}"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


def fill(page: str, tables: Tables) -> str:
    """Return the page with each of its tables generated again.

    Raises:
        UserError: unknown table, or its function fails.
    """

    def made(match: re.Match) -> str:
        if match[2] not in tables:
            raise UserError(f"unknown table '{match[2]}'; known: {', '.join(tables)}")
        return match[1] + tables[match[2]]() + "\n" + match[3]

    return PLACE.sub(made, page)


def refill(path: Path, tables: Tables) -> None:
    """Generate the tables of a page again; a `UserError` of `fill` names the page."""
    try:
        filled = fill(path.read_text(encoding="utf-8"), tables)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    with replacing(path) as part:
        part.write_text(filled, encoding="utf-8")
