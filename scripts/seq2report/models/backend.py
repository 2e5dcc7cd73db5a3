"""TensorFlow and Keras, loaded with few threads and without what no script of ours uses."""

import logging
import os
import sys
from types import ModuleType

from seq2report.core.command import UserError
from seq2report.models import devices

UNUSED = ("matplotlib", "IPython", "sklearn")  # Keras loads them if it can, which takes seconds


def load_keras(seed: int, threads: int = 1, gpu: int = 0, gpu_absent: str = "error") -> ModuleType:
    """Return ``keras`` on TensorFlow, seeded, its computations on ``threads`` CPU threads.

    Has to be called before anything imports TensorFlow: it reads the threads, and which GPUs it may
    see, when it is loaded.

    Args:
        seed: of all random numbers.
        threads: of the CPU.
        gpu: 1 for a GPU (see `devices.take`), 0 for none, even where there is one.
        gpu_absent: what to do where there is none, see `devices.do_without`.

    Raises:
        UserError: TensorFlow is not installed, or a GPU is asked for and absent.
    """
    if gpu:
        try:
            devices.take()
        except devices.NoGpuError as error:
            devices.do_without(str(error), gpu_absent)
            gpu = 0
    if not gpu:
        devices.hide()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    for kind in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
        os.environ[kind] = str(threads)
    logging.info("loading TensorFlow")
    # None makes `import` raise ModuleNotFoundError: Keras takes these modules as not installed.
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
    seen = tf.config.list_physical_devices("GPU")
    if gpu and not seen:
        what = "build for GPUs finds no driver that fits, or no CUDA libraries"
        what = what if tf.test.is_built_with_cuda() else "CPU build is installed (tensorflow-cpu)"
        devices.do_without(f"TensorFlow sees none, its {what}", gpu_absent)
    for device in seen:  # the memory that it needs, not all of it
        tf.config.experimental.set_memory_growth(device, True)
    keras.utils.set_random_seed(seed)
    return keras


def gpu_name() -> str | None:
    """Return what the GPU is called that TensorFlow trains on; None where that is the CPU."""
    import tensorflow as tf

    seen = tf.config.list_physical_devices("GPU")
    if not seen:
        return None
    return tf.config.experimental.get_device_details(seen[0]).get("device_name", "GPU")
