"""Result tables, as CSV for people and as Parquet for programs."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
from pandas.api.types import is_numeric_dtype

from seq2report.core.command import intact, replacing
from seq2report.core.excerpts import as_cell, from_cell

Tables = dict[str, pd.DataFrame]  # by name


def write_tables(tables: dict[str, pd.DataFrame], folder: Path) -> None:
    """Write each table as <name>.csv and <name>.parquet; the folder is replaced as a whole.

    No cell of the CSV file is a formula to a spreadsheet; `read_csv` returns the table as it was.
    """
    with replacing(folder) as part:
        part.mkdir()
        for name, table in tables.items():
            cells = _converted(table, as_cell)
            cells.to_csv(part / f"{name}.csv", index=False, lineterminator=_line_end(cells))
            table.to_parquet(part / f"{name}.parquet", index=False)


def read_csv(path: Path) -> pd.DataFrame:
    """Read a table that `write_tables` wrote as CSV; only an empty cell is a missing value."""
    with intact(path):
        table = pd.read_csv(path, keep_default_na=False, na_values=[""])
    return _converted(table, from_cell)


def _line_end(table: pd.DataFrame) -> str:
    """Return the line end of a CSV file: Python's csv quotes a CR only if it is part of it."""
    texts = table.select_dtypes(exclude="number").astype(str)
    return "\r\n" if texts.apply(lambda cells: cells.str.contains("\r")).any(axis=None) else "\n"


def _converted(table: pd.DataFrame, convert: Callable[[object], object]) -> pd.DataFrame:
    texts = [name for name in table if not is_numeric_dtype(table[name])]
    cells = {name: table[name].astype(object).map(convert) for name in texts}
    return table.assign(**cells).rename(columns=convert)


def read_tables(
    folder: Path | str, *names: str, variant: str | None = None
) -> dict[str, pd.DataFrame]:
    """Read Parquet tables of a folder, by name; all, or ``names``, or rows of a ``variant``."""
    names = names or sorted(path.stem for path in Path(folder).glob("*.parquet"))
    rows = [("variant", "==", variant)] if variant else None
    return {name: read_frame(Path(folder, f"{name}.parquet"), filters=rows) for name in names}


def read_frame(path: Path, **options: object) -> pd.DataFrame:
    """Read a table as Parquet or CSV; `UserError` if it is missing, damaged or lacks a column."""
    with intact(path):
        return pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path, **options)


def read_facts(tables: dict[str, pd.DataFrame]) -> dict[str, object]:
    """Return the only row of the table facts, by column; integers stay integers."""
    return tables["facts"].astype(object).iloc[0].to_dict()


def choose(table: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """Return the columns of ``names``, renamed, in their order."""
    return table[list(names)].rename(columns=names)
