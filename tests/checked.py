"""Variants for ``check`` and the mistakes that it finds."""

import check

INPUT = {
    **{"encoding": "words", "form": "sequence", "length": 12, "dimensions": 4, "trainable": True},
    **{"padding": "pre", "truncating": "pre"},
}
FIT = {"optimizer": "rmsprop", "batch_size": 8, "epochs": 1}
FLATTEN, DENSE, LSTM = {"Flatten": {}}, {"Dense": {"units": 3}}, {"LSTM": {"units": 3}}


def network(*layers, given=INPUT, **fit):
    return {"input": given, "layers": list(layers), "fit": FIT | fit}


def branched(*branches, name="Concatenate", **arguments):
    return {name: {"branches": list(branches), **arguments}}


def mistakes(memory_mb=1000, **variants):
    return check.mistakes(variants, {}, {"words": 30}, memory_mb)
