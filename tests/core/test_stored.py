"""Stored numbers."""

import errno

import numpy as np
import polars as pl
import pytest

from seq2report.core.command import UserError
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
