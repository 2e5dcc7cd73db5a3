"""Settings of small networks, and training without XLA."""

from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl
import pytest
from helpers import in_memory

from seq2report.models.variant import Variant

FIT = {"optimizer": "rmsprop", "batch_size": 8, "epochs": 3}
SEQUENCE = {
    "encoding": "words",
    "form": "sequence",
    "length": 20,
    "padding": "pre",
    "truncating": "pre",
    "trainable": True,
}
MULTIHOT = {"encoding": "words", "form": "multihot"}
DENSE = [{"Flatten": {}}, {"Dense": {"units": 4, "activation": "relu"}}]


def settings(given=SEQUENCE, layers=DENSE, **fit):
    return {"input": given, "layers": layers, "fit": FIT | fit}


def branched(*branches, name="Concatenate", **arguments):
    return {name: {"branches": list(branches), **arguments}}


def variant(given=SEQUENCE, layers=DENSE, **fit) -> Variant:
    return Variant.read(settings(given, layers, **fit))


def of(documents):
    tokens = pl.Series(documents, dtype=pl.List(pl.Int32))
    names = pl.Series([str(i) for i in range(len(documents))])
    return in_memory(pl.DataFrame({"id": names, "split": names, "label": names, "tokens": tokens}))


@contextmanager
def no_xla() -> Iterator[None]:
    """Train without XLA, which takes seconds to compile a network, where XLA is not the reason.

    `jit_compile` of a model stays true: Keras looks up `tf.function` when it makes its functions.
    """
    import tensorflow as tf

    function = tf.function

    def without(*given, jit_compile=None, **more):
        return function(*given, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tf, "function", without)
        yield
