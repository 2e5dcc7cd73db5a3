"""What a trained model is made of, box by box: a row a step, layer or member, for drawing.

A box has a path: its place, or, in a branch, the path of the box that its branch ends in, the
number of the branch, and its place there: ``3``, ``3/0/1``.
"""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import yaml
from sklearn.pipeline import Pipeline as Steps

from seq2report.answers.predictor import (
    Ensemble,
    Network,
    Pipeline,
    Predictor,
    member_folders,
    read_about,
)
from seq2report.core.command import read_json
from seq2report.models.pipelines import count_parameters
from seq2report.models.steps import TemperatureScaled

SCHEMA = {
    "path": "str",
    "kind": "str",
    "name": "str",
    "arguments": "str",
    "shape": "str",
    "parameters": "Int64",
}
FORMS = {"sequence": "Word ids", "onehot": "Words, one-hot", "multihot": "Words, multi-hot"}
OF_IDS = ("encoding", "length", "padding", "truncating")  # keys of ``input`` that make them
OF_EMBEDDING = ("embedding", "trainable", "dimensions")  # and those that its layer is told
ASKED = "Any text does, to count what steps make of it."


def describe(model: Predictor, run: Path) -> pd.DataFrame:
    """Return the boxes of a model, each after those that it reads.

    Args:
        model: of `predictor.load`.
        run: its folder.

    Returns:
        Columns of `SCHEMA`. kind is text, input, layer, step, member, merge or output; name a class
        of Keras or scikit-learn, or the variant of a member; shape what comes out for one document,
        in words; parameters are those of the box itself, null where it can have none.
    """
    settings = read_about(run)["settings"]
    boxes = {Network: _network, Pipeline: _pipeline, Ensemble: _ensemble}[type(model)]
    rows = [("0", "text", "Text", "", "", None), *boxes(model, run, settings)]
    return pd.DataFrame(rows, columns=list(SCHEMA)).astype(SCHEMA)


def _spelled(arguments: dict) -> str:
    """Return arguments as they stand in the configuration, on one line."""
    text = yaml.safe_dump(
        arguments, default_flow_style=True, sort_keys=False, allow_unicode=True, width=float("inf")
    )
    return text.strip()[1:-1]


def _network(model: Network, run: Path, settings: dict) -> Iterator[tuple]:
    given, keras_model = settings["input"], model.model
    if given["form"] == "features":
        steps = read_json(run / "features/features.json")["steps"]
        first = list(_steps(steps, model.features))
    else:
        name, told = (
            FORMS[given["form"]],
            _spelled({key: given[key] for key in OF_IDS if key in given}),
        )
        first = [("1", "input", name, told, _shape(keras_model.input), None)]
    if "length" in given:  # words in their order: a layer makes vectors of them
        layer = keras_model.layers[1]
        told = _spelled({key: given[key] for key in OF_EMBEDDING if key in given})
        name, shape = type(layer).__name__, _shape(layer.output)
        first.append(("2", "layer", name, told, shape, layer.count_params()))
    yield from first
    config = keras_model.get_config()
    read = {layer["name"]: _read(layer["inbound_nodes"]) for layer in config["layers"]}
    output = keras_model.get_layer(config["output_layers"][0])
    place, layers = 1 + sum("/" not in path for path, *_ in first), settings["layers"]
    if isinstance(layers, dict):  # of a function: one box
        told, shape = _spelled(layers["arguments"]), _shape(output.input)
        known = sum(count or 0 for *_, count in first) + output.count_params()
        count = keras_model.count_params() - known
        yield f"{place}", "layer", layers["function"], told, shape, count
        end = str(place + 1)
    else:
        yield from _layers(keras_model, read, layers, read[output.name][0], "", place)[0]
        end = str(place + len(layers))
    told = _spelled({"units": output.units, "activation": "softmax"})
    yield end, "output", "Dense", told, _classes(model), output.count_params()


def _layers(
    model: object, read: dict, parts: list[dict], end: str, prefix: str, place: int
) -> tuple[list[tuple], str]:
    """Return the rows of layers, and the name of the layer that the first of them reads.

    Names are those of the saved model; its layers are found from the last one back, which is as
    unambiguous as the settings are.

    Args:
        model: the Keras model.
        read: names of the layers that each layer reads.
        parts: ``layers`` of the variant, or of a branch.
        end: name of the last of them.
        prefix: what the paths begin with.
        place: of the first of them.
    """
    rows = []
    for n, part in reversed(list(enumerate(parts, place))):
        ((name, arguments),) = part.items()
        path, layer, before, inside = f"{prefix}{n}", model.get_layer(end), read[end], []
        branches = arguments.get("branches", [])
        if branches:
            found = [
                _layers(model, read, branch, last, f"{path}/{m}/", 0)
                for m, (branch, last) in enumerate(zip(branches, before, strict=True))
            ]
            inside, before = [row for of_branch, _ in found for row in of_branch], [found[0][1]]
        told = _spelled({key: value for key, value in arguments.items() if key != "branches"})
        kind = "merge" if branches else "layer"
        row = (path, kind, name, told, _shape(layer.output), layer.count_params())
        rows, end = [*inside, row, *rows], before[0]
    return rows, end


def _read(nodes: object) -> list[str]:
    """Return the names of the layers whose outputs stand in ``inbound_nodes`` of a layer."""
    if isinstance(nodes, dict):
        if "keras_history" in nodes:
            return [nodes["keras_history"][0]]
        nodes = list(nodes.values())
    if isinstance(nodes, (list, tuple)):
        return [name for node in nodes for name in _read(node)]
    return []


def _shape(tensor: object) -> str:
    return " × ".join("?" if size is None else f"{size:,}" for size in tensor.shape[1:])


def _classes(model: Predictor) -> str:
    return f"{len(model.classes):,} classes"


def _pipeline(model: Pipeline, run: Path, settings: dict) -> Iterator[tuple]:
    *_, last = parts = settings["pipeline"]
    yield from _steps(parts[:-1], model.model[:-1])
    ((name, arguments),) = last.items()
    n, classes, end = len(parts), _classes(model), model.model[-1]
    count = count_parameters(model.model)
    if isinstance(end, TemperatureScaled):
        values = len(model.classes) if len(model.classes) > 2 else 1
        yield f"{n}", "step", name, _spelled(arguments), f"decision values: {values}", count
        told = f"temperature: {end.temperature:.3g}"
        yield f"{n + 1}", "output", "softmax", told, classes, None
    else:
        yield f"{n}", "output", name, _spelled(arguments), classes, count


def _steps(parts: list[dict], fitted: Steps) -> Iterator[tuple]:
    """Yield the rows of fitted steps that make features of a text."""
    made = [ASKED]
    for n, (part, (_, step)) in enumerate(zip(parts, fitted.steps, strict=True), 1):
        ((name, arguments),) = part.items()
        inner = arguments.get("of", [])
        for m, (each, (_, of_union)) in enumerate(
            zip(inner, getattr(step, "transformer_list", []), strict=True)
        ):
            ((named, told),) = each.items()
            size = f"{of_union.transform(made).shape[1]:,} features"
            yield f"{n}/{m}/0", "step", named, _spelled(told), size, None
        made = step.transform(made)
        told = _spelled({key: value for key, value in arguments.items() if key != "of"})
        kind = "merge" if inner else "step"
        yield f"{n}", kind, name, told, f"{made.shape[1]:,} features", None


def _ensemble(model: Ensemble, run: Path, settings: dict) -> Iterator[tuple]:
    made = read_json(run / "ensemble.json")
    folders = member_folders(run, made["members"])
    for m, (folder, weight) in enumerate(zip(folders, made["weights"], strict=True)):
        parameters = read_json(folder / "metrics.json")["parameters"]
        yield f"1/{m}/0", "member", folder.name, f"weight: {weight:.3f}", "", parameters
    yield "1", "output", made["method"], "", _classes(model), None
