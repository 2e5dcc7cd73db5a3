"""Stored numbers."""

import errno
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from seq2report.core.command import UserError, intact
from seq2report.core.stored import create_numbers, open_parquet, read_numbers


def test_the_room_of_new_numbers_is_reserved_on_the_disk(tmp_path):
    """A sparse file would end the process at an assignment if the disk is full."""
    created = create_numbers(tmp_path / "n.npy", np.int32, (100_000, 2))
    assert (tmp_path / "n.npy").stat().st_blocks * 512 >= created.nbytes
    created[:] = 3
    created.flush()
    np.testing.assert_array_equal(read_numbers(tmp_path / "n.npy"), created)


def test_a_file_is_not_damaged_if_another_one_does_not_fit_on_the_disk(tmp_path):
    path = tmp_path / "documents.parquet"
    pl.DataFrame({"text": ["a"]}).write_parquet(path)
    with pytest.raises(OSError, match="quota"), open_parquet(path):
        raise OSError(errno.EDQUOT, "Disk quota exceeded")
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(UserError, match=f"{path} is damaged"), open_parquet(path):
        pass


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (PermissionError(errno.EACCES, "x"), "Permission denied; ask its owner for access"),
        (PermissionError("Permission denied (os error 13): x"), "Permission denied; ask its owner"),
        (OSError("Input/output error (os error 5): x"), "Input/output error; run again"),
        (OSError(errno.ESTALE, "Stale file handle"), "Stale file handle; run again"),
        (MemoryError(), "Cannot allocate memory; run again with more memory"),
    ],
)
def test_a_file_is_not_damaged_if_the_system_does_not_read_it(tmp_path, error, message):
    """Polars has the number of the error only in its text."""
    (tmp_path / "file").touch()
    with (
        pytest.raises(UserError, match=f"^{tmp_path / 'file'} cannot be read: {message}"),
        intact(tmp_path / "file"),
    ):
        raise error


def test_the_folder_of_a_file_can_be_one_of_somebody_else(tmp_path, monkeypatch):
    def stat(path, **_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "stat", stat)
    with pytest.raises(UserError, match="ask its owner for access"), intact("a/run.json"):
        pass
