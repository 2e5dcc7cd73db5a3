"""Settings of small networks."""

FIT = {"optimizer": "rmsprop", "batch_size": 8, "epochs": 3}
SEQUENCE = {
    "encoding": "words",
    "form": "sequence",
    "length": 20,
    "padding": "pre",
    "truncating": "pre",
    "trainable": True,
}
DENSE = [{"Flatten": {}}, {"Dense": {"units": 4, "activation": "relu"}}]


def settings(given=SEQUENCE, layers=DENSE, **fit):
    return {"input": given, "layers": layers, "fit": FIT | fit}


def branched(*branches, name="Concatenate", **arguments):
    return {name: {"branches": list(branches), **arguments}}
