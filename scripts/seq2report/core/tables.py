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


def read_tables(folder: Path | str) -> dict[str, pd.DataFrame]:
    """Read every Parquet table of a folder, by name."""
    return {path.stem: pd.read_parquet(path) for path in sorted(Path(folder).glob("*.parquet"))}


def read_facts(tables: dict[str, pd.DataFrame]) -> dict[str, object]:
    """Return the only row of the table facts, by column; integers stay integers."""
    return tables["facts"].astype(object).iloc[0].to_dict()


def choose(table: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """Return the columns of ``names``, renamed, in their order."""
    return table[list(names)].rename(columns=names)
