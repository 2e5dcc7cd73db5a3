"""Keras layers and scikit-learn steps from YAML: built, or refused with the nearest right name."""

import importlib
import inspect
import reprlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType

from seq2report.core.command import UserError, nearest

HOLDS_A_LAYER = {"layer", "backward_layer", "cell"}  # arguments of Keras's wrappers and of RNN
FROM_BASE_LAYER = {"name", "dtype", "trainable"}  # keras.layers.Layer takes them for every layer
PIPELINE_MODULES = (
    "sklearn.feature_extraction.text",
    "sklearn.feature_selection",
    "sklearn.decomposition",
    "sklearn.dummy",
    "sklearn.linear_model",
    "sklearn.naive_bayes",
    "sklearn.neural_network",
    "sklearn.svm",
    "seq2report.models.steps",
)


@dataclass(frozen=True)
class Branches:
    """Layers side by side that read the same, and the layer that merges what they end in.

    Attributes:
        merge: a Keras layer that reads a list.
        branches: layers of each branch, in their order, as of `build_layers`.
    """

    merge: object
    branches: list[list]


def build_layers(parts: Sequence[dict], ours: dict[str, type] | None = None) -> list:
    """Return Keras layers for a list of ``{Name: {argument: value}}``.

    ``{Name: {branches: [parts, …]}}`` becomes `Branches`, which the named layer merges.

    Args:
        parts: the layers of a variant.
        ours: classes that stand for Keras's of the same name.

    Raises:
        UserError: an unknown layer or argument, or a value that Keras refuses.
    """
    import keras

    known = _classes(keras.layers, keras.layers.Layer) | (ours or {})

    def build(part: dict, place: str) -> object:
        ((name, arguments),) = part.items()
        if "branches" in arguments:
            rest = {key: value for key, value in arguments.items() if key != "branches"}
            merge, inside = build({name: rest}, place), f"{place}.{name}.branches"
            listed = _list(arguments["branches"], inside, "a list of lists of layers")
            branches = [
                build_all(_parts(branch, f"{inside}[{n}]"), f"{inside}[{n}]")
                for n, branch in enumerate(listed)
            ]
            return Branches(merge, branches)
        arguments = {
            key: build(value, f"{place}.{name}.{key}")
            if key in HOLDS_A_LAYER and _is_part(value)
            else value
            for key, value in arguments.items()
        }
        return _call(name, arguments, known, place, "layer", FROM_BASE_LAYER)

    def build_all(parts: Sequence[dict], place: str) -> list:
        return [build(part, f"{place}[{n}]") for n, part in enumerate(parts)]

    return build_all(parts, "layers")


def call_function(function: Callable, name: str, arguments: dict) -> object:
    """Return what a function makes of its arguments, as they stand in the configuration.

    Raises:
        UserError: an unknown argument, or one that is missing or refused.
    """
    return _call(name, arguments, {name: function}, "layers", "function", set())


def build_optimizer(part: str | dict, where: str = "optimizer") -> object:
    """Return a Keras optimizer for ``rmsprop`` or ``{RMSprop: {learning_rate: 0.001}}``.

    Raises:
        UserError: an unknown optimizer or argument, a value that Keras refuses, or averaged
            weights, which a training in calls of one epoch each would go on from.
    """
    import keras

    known = _classes(keras.optimizers, keras.optimizers.Optimizer)
    ((name, arguments),) = part.items() if isinstance(part, dict) else [(part, {})]
    if name.islower():
        known = {key.lower(): item for key, item in known.items()}
    base = set(inspect.signature(keras.optimizers.Optimizer).parameters)
    optimizer = _call(name, arguments, known, where, "optimizer", base)
    if optimizer.use_ema:
        raise UserError(
            f"{where}.{name}: 'use_ema' cannot be used: Keras puts the averages in the place of the"
            " weights after each epoch here, and training goes on from them; take it out"
        )
    return optimizer


def build_steps(parts: Sequence[dict], where: str = "pipeline") -> list:
    """Return scikit-learn estimators for a list of ``{Name: {argument: value}}``.

    A list as value becomes a tuple, as ``ngram_range`` wants it. ``{FeatureUnion: {of: parts}}``
    puts the features of several steps side by side.

    Raises:
        UserError: an unknown step or argument, or a value that scikit-learn refuses.
    """
    from sklearn.base import ClassifierMixin
    from sklearn.pipeline import FeatureUnion, make_union

    def union(of: Sequence) -> FeatureUnion:
        return make_union(*of)

    known = {
        name: item
        for module in PIPELINE_MODULES
        for name, item in vars(importlib.import_module(module)).items()
        if inspect.isclass(item)
        and (issubclass(item, ClassifierMixin) or hasattr(item, "transform"))
        and not name.startswith("_")
        and not name.endswith("Mixin")
        and "estimator" not in inspect.signature(item).parameters  # which YAML cannot hold
    }
    known["FeatureUnion"] = union

    def build(part: dict, place: str, is_last: bool = False) -> object:
        ((name, arguments),) = part.items()
        values = {k: tuple(v) if isinstance(v, list) else v for k, v in arguments.items()}
        if name == "FeatureUnion" and "of" in arguments:
            inside = f"{place}.{name}.of"
            inner = enumerate(_parts(arguments["of"], inside))
            values["of"] = [build(each, f"{inside}[{n}]") for n, each in inner]
        step = _call(name, values, known, place, "step", set())
        if not is_last and not hasattr(step, "transform"):
            raise UserError(f"{place}.{name}: only the last step may be one that classifies")
        return step

    last = len(parts) - 1
    return [build(part, f"{where}[{n}]", n == last) for n, part in enumerate(parts)]


def _classes(module: ModuleType, base: type) -> dict[str, type]:
    return {
        name: item
        for name, item in vars(module).items()
        if inspect.isclass(item) and issubclass(item, base)
    }


def _list(value: object, place: str, expected: str) -> list:
    if not isinstance(value, list) or not value:
        raise UserError(f"{place}: found {reprlib.repr(value)}, expected {expected}")
    return value


def _parts(value: object, place: str) -> list[dict]:
    """Return ``value`` if it is what the schema lets ``layers`` and ``pipeline`` be."""
    for n, part in enumerate(_list(value, place, "a list of names, each with its arguments")):
        if not _is_part(part):
            found = reprlib.repr(part)
            raise UserError(f"{place}[{n}]: found {found}, expected one name with its arguments")
    return value


def _is_part(value: object) -> bool:
    return (
        isinstance(value, dict) and len(value) == 1 and isinstance(next(iter(value.values())), dict)
    )


def _call(
    name: str, arguments: dict, known: dict[str, Callable], place: str, word: str, base: set[str]
) -> object:
    if name not in known:
        raise UserError(f"{place}: unknown {word} '{name}'; {nearest(name, known)}")
    allowed = {
        key: parameter
        for key, parameter in inspect.signature(known[name]).parameters.items()
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    }
    for key in arguments:
        if key not in allowed and key not in base:
            raise UserError(f"{place}.{name}: unknown argument '{key}'; {nearest(key, allowed)}")
    for key, parameter in allowed.items():
        if parameter.default is parameter.empty and key not in arguments:
            raise UserError(f"{place}.{name}: argument '{key}' is missing")
    try:
        return known[name](**arguments)
    except (TypeError, ValueError) as error:
        raise UserError(f"{place}.{name}: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
