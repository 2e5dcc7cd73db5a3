"""Result tables, as CSV for people and as Parquet for programs."""

from pathlib import Path

import pandas as pd

from seq2report.core.command import replacing

Tables = dict[str, pd.DataFrame]  # by name


def write_tables(tables: dict[str, pd.DataFrame], folder: Path) -> None:
    """Write each table as <name>.csv and <name>.parquet; the folder is replaced as a whole."""
    with replacing(folder) as part:
        part.mkdir()
        for name, table in tables.items():
            table.to_csv(part / f"{name}.csv", index=False)
            table.to_parquet(part / f"{name}.parquet", index=False)


def read_tables(
    folder: Path | str, *names: str, variant: str | None = None
) -> dict[str, pd.DataFrame]:
    """Read Parquet tables of a folder, by name; all, or ``names``, or rows of a ``variant``."""
    names = names or sorted(path.stem for path in Path(folder).glob("*.parquet"))
    rows = [("variant", "==", variant)] if variant else None
    return {name: pd.read_parquet(Path(folder, f"{name}.parquet"), filters=rows) for name in names}


def read_facts(tables: dict[str, pd.DataFrame]) -> dict[str, object]:
    """Return the only row of the table facts, by column; integers stay integers."""
    return tables["facts"].astype(object).iloc[0].to_dict()


def choose(table: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """Return the columns of ``names``, renamed, in their order."""
    return table[list(names)].rename(columns=names)
