"""Result tables: each one as CSV for people and as Parquet for programs."""

from pathlib import Path

import pandas as pd


def write_tables(tables: dict[str, pd.DataFrame], folder: Path) -> None:
    """Write each table as <name>.csv and <name>.parquet into an existing folder."""
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
        table.to_parquet(folder / f"{name}.parquet", index=False)


def read_tables(folder: Path | str) -> dict[str, pd.DataFrame]:
    """Read every Parquet table of a folder, by name."""
    return {path.stem: pd.read_parquet(path) for path in sorted(Path(folder).glob("*.parquet"))}
