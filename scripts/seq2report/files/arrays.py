"""Arrays from untrusted ``.npz`` files, without running the code that their pickles name."""

import io
import pickle

import numpy as np

from seq2report.core.command import UserError

NEEDED = ("numpy.ndarray", "numpy.dtype", "numpy._core.multiarray._reconstruct")


def read_array(arrays: dict[str, bytes], name: str) -> np.ndarray:
    """Read one array of an ``.npz``, (n,), of numbers or of Python lists.

    Raises:
        UserError: it is missing, damaged or has several dimensions, or its pickle names anything
            that NumPy does not need to build an array.
    """
    if name not in arrays:
        raise UserError(f"it has no {name}, only {', '.join(arrays) or 'no array at all'}")
    file = io.BytesIO(arrays[name])
    try:
        if np.lib.format.read_magic(file) == (1, 0):
            header = np.lib.format.read_array_header_1_0(file)
        else:  # of later versions, with more fields
            header = np.lib.format.read_array_header_2_0(file)
        if header[2].hasobject:
            array = _ArraysOnly(file).load()
        else:
            file.seek(0)
            array = np.lib.format.read_array(file, allow_pickle=False)
    except UserError as error:
        raise UserError(f"{name}: {error}") from error
    except Exception as error:  # a pickle of damaged bytes can raise anything
        raise UserError(f"{name}: damaged ({error}); remove the file and fetch it again") from error
    if not isinstance(array, np.ndarray) or array.ndim != 1:
        raise UserError(f"{name}: found {type(array).__name__}, expected an array of one dimension")
    return array


class _ArraysOnly(pickle.Unpickler):
    """Build arrays of numbers, texts, lists and the like; call nothing else."""

    def find_class(self, module: str, name: str) -> object:
        module = module.replace("numpy.core.", "numpy._core.")  # as NumPy 1 wrote it
        if f"{module}.{name}" not in NEEDED:
            raise UserError(
                f"refused, because its pickle asks for {module}.{name}, which an array of word ids"
                " does not need. Fetch it from another source"
            )
        return super().find_class(module, name)
