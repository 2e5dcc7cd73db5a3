"""Read the files that other steps wrote; a damaged one is an error that names it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import polars as pl

from seq2report.core.command import FULL, damaged, intact


def read_table(path: Path | str, columns: list[str] | None = None) -> pl.DataFrame:
    """Read a Parquet file; `UserError` if it is missing, damaged or lacks a column."""
    with intact(path):
        return pl.read_parquet(path, columns=columns)


def read_numbers(path: Path | str, mapped: bool = False) -> np.ndarray:
    """Read a ``.npy`` file, maybe mapped into memory; `UserError` if it is missing or damaged."""
    with intact(path):
        return np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)


def create_numbers(path: Path, dtype: type, shape: tuple[int, ...]) -> np.memmap:
    """Create a ``.npy`` file, mapped into memory; `OSError` if the disk has no room for all of it.

    Without its room reserved, a full disk would end the process at an assignment, with no message.
    """
    numbers = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
    if hasattr(os, "posix_fallocate"):  # not on macOS
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return numbers


@contextmanager
def open_parquet(path: Path | str) -> Iterator:
    """Open a Parquet file to read it in parts; `UserError` if it is missing or damaged.

    An error of a full disk is of a file that the block writes, and stays as it is.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            yield file
    except (pa.ArrowException, OSError) as error:
        if getattr(error, "errno", None) in FULL:
            raise
        raise damaged(path, error) from error
