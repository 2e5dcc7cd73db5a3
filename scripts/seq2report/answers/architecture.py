"""The architecture of a trained model for its drawing: one row per step, layer or member.

The position of a box is its number. In a branch, it is the position of the box that merges the
branches, the number of the branch, and the number in the branch: ``3``, ``3/0/1``.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from sklearn.pipeline import Pipeline as Steps

from seq2report.answers import predictor
from seq2report.answers.predictor import Network, Pipeline, Predictor
from seq2report.core.command import read_json
from seq2report.models.pipelines import count_parameters, joined_word
from seq2report.models.steps import TemperatureScaled
from seq2report.models.variant import Input, Variant

TEXTS = ("position", "kind", "name", "arguments", "shape")
SCHEMA = dict.fromkeys(TEXTS, "str") | dict.fromkeys(("parameters", "frozen"), "Int64")
NONE = (None, None)  # of a box that cannot have parameters
FORMS = {"sequence": "Word ids", "onehot": "Words, one-hot", "multihot": "Words, multi-hot"}
FORMS |= {"pieces": "Word pieces"}
# Keys of ``input`` that are arguments of the box of the ids, and of the first layer.
OF_IDS = ("encoding", "length", "padding", "truncating")
OF_EMBEDDING = ("embedding", "trainable", "dimensions")
OF_ENCODER = ("encoder", "train_layers")
ANY_TEXT = "The number of features does not depend on the text."


def describe(model: Predictor | None, run: Path) -> pd.DataFrame:
    """Return the boxes of the model of a run folder, inputs first, with the columns of `SCHEMA`.

    ``model`` is None if the answers, or those of a member, come from elsewhere.

    kind is text, input, layer, step, member, merge or output; name is a class of Keras or
    scikit-learn, or the variant of a member; shape is the output for one document, as text;
    parameters counts those of the box itself, null if it cannot have any, and frozen those of them
    that training does not change.
    """
    variant = Variant.read(predictor.read_about(run)["settings"])
    boxes = {
        **{"network": _network, "pipeline": _pipeline, "ensemble": _ensemble},
        "predictions": _predictions,
    }[variant.kind]
    rows = [("0", "text", "Text", "", "", *NONE), *boxes(model, run, variant)]
    return pd.DataFrame(rows, columns=list(SCHEMA)).astype(SCHEMA)


def _spelled(arguments: dict) -> str:
    """Return arguments as in the configuration, on one line."""
    one_line = {"default_flow_style": True, "width": float("inf")}
    return yaml.safe_dump(arguments, sort_keys=False, allow_unicode=True, **one_line).strip()[1:-1]


def _network(model: Network, run: Path, variant: Variant) -> Iterator[tuple]:
    network, first = model.model, list(_input(model, run, variant.input))
    yield from first
    config = network.get_config()
    sources = {layer["name"]: _read(layer["inbound_nodes"]) for layer in config["layers"]}
    output = network.get_layer(config["output_layers"][0])
    start, layers = 1 + sum("/" not in position for position, *_ in first), variant.layers
    if isinstance(layers, dict):  # of a function: one box
        shape, arguments = _shape(output.input), _spelled(layers["arguments"])
        others = [_sizes(output), *((count or 0, frozen or 0) for *_, count, frozen in first)]
        sizes = np.subtract(_sizes(network), np.sum(others, axis=0)).tolist()
        yield f"{start}", "layer", layers["function"], arguments, shape, *sizes
        end = start + 1
    else:
        yield from _layers(network, sources, layers, sources[output.name][0], "", start)[0]
        end = start + len(layers)
    arguments = _spelled({"units": output.units, "activation": "softmax"})
    yield f"{end}", "output", "Dense", arguments, _classes(model.classes), *_sizes(output)


def _input(model: Network, run: Path, settings: Input) -> Iterator[tuple]:
    """Yield the rows before the configured layers: features, or ids and their embedding."""
    if settings.features:
        yield from _features(model, run, settings)
    else:
        arguments, shape = _spelled(_named(settings, OF_IDS)), _shape(model.model.input)
        shape = f"up to {settings.length:,}" if settings.encoder else shape  # of short texts, less
        yield "1", "input", FORMS[settings.form], arguments, shape, *NONE
    if settings.length:  # a sequence: its first layer makes vectors of the ids
        layer = model.model.layers[1]
        arguments = _spelled(_named(settings, OF_ENCODER if settings.encoder else OF_EMBEDDING))
        name = "Encoder" if settings.encoder else type(layer).__name__
        shape = _shape(layer.output)
        yield "2", "layer", name, arguments, shape, *_sizes(layer)


def _features(model: Network | Pipeline, run: Path, settings: Input) -> Iterator[tuple]:
    """Yield the rows of what computes the features that a model reads."""
    about = read_json(run / "features/features.json")
    if settings.form == "features":
        yield from _steps(about["steps"], model.features.steps)
        return
    arguments = _spelled({key: about[key] for key in ("encoder", "length", "pooling")})
    encoder = model.features
    sizes = (encoder.parameters, encoder.parameters)
    yield "1", "step", "Encoder", arguments, f"{encoder.width:,}", *sizes


def _named(settings: Input, keys: tuple[str, ...]) -> dict:
    """Return those of the keys of ``input`` that are set."""
    values = {key: getattr(settings, key) for key in keys}
    return {key: value for key, value in values.items() if value is not None}


def _layers(
    model: object, sources: dict, layers: list[dict], end: str, prefix: str, start: int
) -> tuple[list[tuple], str]:
    """Return the rows of layers, and the name of the layer that the first of them reads.

    Names are those of the saved model. Its layers are followed from the last one backwards, which
    is unambiguous because the settings are.

    Args:
        sources: names of the layers that each layer reads.
        layers: ``layers`` of the variant, or of a branch.
        end: name of the last layer.
        prefix: of all positions.
        start: number of the first layer.
    """
    rows = []
    for n, settings in reversed(list(enumerate(layers, start))):
        ((name, arguments),) = settings.items()
        position, layer, inputs, inside = f"{prefix}{n}", model.get_layer(end), sources[end], []
        branches = arguments.get("branches", [])
        if branches:
            drawn = [
                _layers(model, sources, branch, last, f"{position}/{m}/", 0)
                for m, (branch, last) in enumerate(zip(branches, inputs, strict=True))
            ]
            inside, inputs = [row for branch, _ in drawn for row in branch], [drawn[0][1]]
        own = _spelled({key: value for key, value in arguments.items() if key != "branches"})
        kind = "merge" if branches else "layer"
        row = (position, kind, name, own, _shape(layer.output), *_sizes(layer))
        rows, end = [*inside, row, *rows], inputs[0]
    return rows, end


def _read(nodes: object) -> list[str]:
    """Return the names of the layers that a layer reads, from its ``inbound_nodes``."""
    if isinstance(nodes, dict):
        if "keras_history" in nodes:
            return [nodes["keras_history"][0]]
        nodes = list(nodes.values())
    if isinstance(nodes, (list, tuple)):
        return [name for node in nodes for name in _read(node)]
    return []


def _sizes(layer: object) -> tuple[int, int]:
    """Return the number of parameters of a layer or network, and of those that are frozen."""
    from seq2report.models.build import frozen_parameters

    return layer.count_params(), frozen_parameters(layer)


def _shape(tensor: object) -> str:
    return " × ".join("?" if size is None else f"{size:,}" for size in tensor.shape[1:])


def _classes(classes: list[str]) -> str:
    return f"{len(classes):,} classes"


def _pipeline(model: Pipeline, run: Path, variant: Variant) -> Iterator[tuple]:
    *first, last = variant.pipeline
    read = list(_features(model, run, variant.input)) if variant.input else []
    yield from read
    before = sum("/" not in position for position, *_ in read)
    any_input = model.features.transform([ANY_TEXT]) if read else [ANY_TEXT]
    yield from _steps(first, model.model[:-1], any_input, before + 1)
    ((name, arguments),) = last.items()
    n, classes, end = before + len(first) + 1, _classes(model.classes), model.model[-1]
    count = count_parameters(model.model)
    if isinstance(end, TemperatureScaled):
        values = len(model.classes) if len(model.classes) > 2 else 1
        yield f"{n}", "step", name, _spelled(arguments), f"decision values: {values}", count, 0
        scaling = f"temperature: {end.temperature:.3g}"
        yield f"{n + 1}", "output", "softmax", scaling, classes, *NONE
    else:
        yield f"{n}", "output", name, _spelled(arguments), classes, count, 0


def _steps(
    steps: list[dict], fitted: Steps, features: object = (ANY_TEXT,), start: int = 1
) -> Iterator[tuple]:
    """Yield the rows of fitted steps that compute features of a text, numbered from ``start``."""
    for n, (settings, (_, step)) in enumerate(zip(steps, fitted.steps, strict=True), start):
        ((name, arguments),) = settings.items()
        union = arguments.get("of", [])
        transformers = getattr(step, "transformer_list", [])
        for m, (inner, (_, transformer)) in enumerate(zip(union, transformers, strict=True)):
            ((inner_name, inner_arguments),) = inner.items()
            size = f"{transformer.transform(features).shape[1]:,} features"
            yield f"{n}/{m}/0", "step", inner_name, _spelled(inner_arguments), size, *NONE
        features = step.transform(features)
        own = _spelled({key: value for key, value in arguments.items() if key != "of"})
        kind = "merge" if union else "step"
        size = f"{features.shape[1]:,} features"
        if n == 1 and joined_word(fitted):
            size += "; most are sentences, as token_pattern expects blanks between words"
        yield f"{n}", kind, name, own, size, *NONE


def _ensemble(model: Predictor | None, run: Path, variant: Variant) -> Iterator[tuple]:
    ensemble = read_json(run / "ensemble.json")
    folders = predictor.member_folders(run, ensemble["members"])
    for m, (folder, weight) in enumerate(zip(folders, ensemble["weights"], strict=True)):
        about = read_json(folder / "metrics.json")
        sizes = (about["parameters"], about["frozen_parameters"])
        yield f"1/{m}/0", "member", folder.name, f"weight: {weight:.3f}", "", *sizes
    yield "1", "output", ensemble["method"], "", _run_classes(run), *NONE


def _predictions(model: None, run: Path, variant: Variant) -> Iterator[tuple]:
    yield "1", "output", "Answers from elsewhere", "", _run_classes(run), *NONE


def _run_classes(run: Path) -> str:
    return _classes(predictor.read_about(run)["classes"])
