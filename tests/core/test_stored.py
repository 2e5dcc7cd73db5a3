"""Stored numbers."""

import numpy as np

from seq2report.core.stored import create_numbers, read_numbers


def test_the_room_of_new_numbers_is_reserved_on_the_disk(tmp_path):
    """A sparse file would end the process at an assignment if the disk is full."""
    created = create_numbers(tmp_path / "n.npy", np.int32, (100_000, 2))
    assert (tmp_path / "n.npy").stat().st_blocks * 512 >= created.nbytes
    created[:] = 3
    created.flush()
    np.testing.assert_array_equal(read_numbers(tmp_path / "n.npy"), created)
