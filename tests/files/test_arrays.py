import io
import pickle

import numpy as np

from seq2report.files.arrays import read_array


def lists(rows):
    array = np.empty(len(rows), dtype=object)
    array[:] = rows
    return array


def test_arrays_that_numpy_1_wrote_are_read():
    head = io.BytesIO()
    about = {"descr": "|O", "fortran_order": False, "shape": (2,)}
    np.lib.format.write_array_header_1_0(head, about)
    new = pickle.dumps(lists([[1, 2], [3]]), protocol=3)
    old = new.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    assert old != new
    for body in (old, new):
        found = read_array({"x.npy": head.getvalue() + body}, "x.npy")
        assert found.tolist() == [[1, 2], [3]]
