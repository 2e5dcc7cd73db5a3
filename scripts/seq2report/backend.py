"""TensorFlow and Keras, loaded with few threads and without what no script of ours uses."""

import logging
import os
import sys
from types import ModuleType

UNUSED = ("matplotlib", "IPython", "sklearn")  # Keras loads them if it can, which takes seconds


def load_keras(seed: int, threads: int = 1) -> ModuleType:
    """Return ``keras`` on TensorFlow, seeded, its computations on ``threads`` CPU threads.

    Has to be called before anything imports TensorFlow: it reads the threads when it is loaded.
    """
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
    finally:
        for name in hidden:
            del sys.modules[name]
    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)
    keras.utils.set_random_seed(seed)
    return keras
