"""Load TensorFlow and Keras with few threads and without packages that no script uses."""

import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from seq2report.core.command import UserError
from seq2report.models import devices

FIRST_BFLOAT16 = (8, 0)  # compute capability: Ampere
UNUSED = (
    "matplotlib",
    "IPython",
    "sklearn",
    "pandas",
)  # Keras loads them if installed, which takes seconds


def load_keras(
    seed: int, threads: int = 1, gpu: int = 0, gpu_absent: str = "error", gpu_share: int = 1
) -> ModuleType:
    """Return ``keras`` on TensorFlow, seeded, with ``threads`` CPU threads.

    Call it before anything imports TensorFlow, which reads the number of threads and the visible
    GPUs when it is loaded.

    With ``gpu`` 1, TensorFlow uses a GPU, which ``gpu_share`` jobs may use at the same time (see
    `devices.take`); with 0 it sees none. ``gpu_absent`` is as in `devices.do_without`.

    Raises:
        UserError: TensorFlow is not installed, or a GPU is requested and absent.
    """
    limit = None
    if gpu:
        try:
            limit = devices.take(gpu_share)
        except devices.NoGpuError as error:
            devices.do_without(str(error), gpu_absent)
            gpu = 0
    if not gpu:
        os.environ[devices.VISIBLE] = devices.NO_DEVICE
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
        os.environ[name] = str(threads)
    keras, tf = _import_keras()
    visible = tf.config.list_physical_devices("GPU")
    if gpu and not visible:
        build = "build for GPUs finds no driver that fits, or no CUDA libraries"
        build = build if tf.test.is_built_with_cuda() else "CPU build is installed (tensorflow-cpu)"
        devices.do_without(f"TensorFlow sees none, its {build}", gpu_absent)
    for device in visible:
        if limit:
            part = tf.config.LogicalDeviceConfiguration(memory_limit=limit)
            tf.config.set_logical_device_configuration(device, [part])
        else:  # allocate memory when it is needed, not all of it at the start
            tf.config.experimental.set_memory_growth(device, True)
    keras.utils.set_random_seed(seed)
    return keras


def _import_keras() -> tuple[ModuleType, ModuleType]:
    if "tensorflow" not in sys.modules:
        logging.info("loading TensorFlow")
    # None makes `import` raise ModuleNotFoundError: to Keras, these packages are not installed.
    hidden = [name for name in UNUSED if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))
    try:
        import keras
        import tensorflow as tf
    except ModuleNotFoundError as error:
        if error.name not in ("keras", "tensorflow"):
            raise
        raise UserError(
            f"a network needs Keras and TensorFlow: found no module '{error.name}'; install them:"
            " pip install 'seq2report[network]'"
        ) from error
    finally:
        for name in hidden:
            del sys.modules[name]
    return keras, tf


def gpu_name() -> str | None:
    """Return the name of the GPU that TensorFlow trains on, None for the CPU."""
    import tensorflow as tf

    visible = tf.config.list_physical_devices("GPU")
    if not visible:
        return None
    return tf.config.experimental.get_device_details(visible[0]).get("device_name", "GPU")


def has_bfloat16() -> bool:
    """Return whether the device that TensorFlow trains on is fast with 16-bit bfloat16 numbers."""
    import tensorflow as tf

    visible = tf.config.list_physical_devices("GPU")
    if not visible:
        return has_amx()
    details = tf.config.experimental.get_device_details(visible[0])
    return details.get("compute_capability", (0, 0)) >= FIRST_BFLOAT16


def has_amx() -> bool:
    """Return whether the processor has AMX, Intel's instructions for products of matrices.

    It multiplies matrices of 16-bit bfloat16 numbers several times as fast as of 32-bit numbers.
    """
    cpuinfo = Path("/proc/cpuinfo")  # of Linux
    return cpuinfo.is_file() and re.search(r"\bamx_bf16\b", cpuinfo.read_text()) is not None


@contextmanager
def precise(policy: str) -> Iterator[None]:
    """Let Keras build layers with this dtype policy, such as ``mixed_bfloat16``, in a block."""
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
