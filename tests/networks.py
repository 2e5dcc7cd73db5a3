"""Settings of small networks."""

import polars as pl
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
