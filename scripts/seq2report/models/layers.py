"""Build Keras layers and scikit-learn steps from YAML; errors suggest the nearest valid name."""

import importlib
import inspect
import math
import re
import reprlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType

from seq2report.core.command import UserError, first_line, nearest
from seq2report.documents.writing import TOKEN_PATTERNS

HOLDS_A_LAYER = {"layer", "backward_layer", "cell"}  # arguments of Keras's wrappers and RNN
BELOW_ONE = ("beta_1", "beta_2", "rho")  # arguments of optimizers
NUMBER = re.compile(r"[-+]?\d*\.?\d+(e[-+]?\d+)?", re.IGNORECASE)  # that YAML reads as text
A_NUMBER = "a number; without quotes, and with a point, as in 1.0e-5"
TEXT = ("name", "inner_optimizer", "exclude_layers")  # arguments of optimizers that are no numbers
DROPOUT = ("rate", "dropout", "recurrent_dropout")  # shares, above which Keras takes 1
ABOVE_ZERO = ("learning_rate", "clipnorm", "global_clipnorm", "clipvalue")
REQUIRED = inspect.Parameter.empty
FROM_BASE_LAYER = {"name", "dtype", "trainable"}  # arguments of every layer
# Modules of scikit-learn whose classes a pipeline may have as steps, with those of `steps`.
SKLEARN = (
    *("feature_extraction.text", "feature_selection", "decomposition", "dummy"),
    *("linear_model", "naive_bayes", "neural_network", "svm"),
)
PIPELINE_MODULES = (*(f"sklearn.{name}" for name in SKLEARN), "seq2report.models.steps")
TEXTS = "content"  # the ``input`` of a vectorizer of texts; it would open others as files
# Values of steps whose probabilities contradict their decisions, or say nothing about a document.
CONTRADICT = (
    ("decision_function_shape", "ovo", "it has one value per pair of classes, not per class"),
    ("probability", True, "the probabilities are those of the decision values, without it"),
    ("strategy", "uniform", "with equal probabilities, always the first class is predicted"),
    ("strategy", "stratified", "it draws the class of a document by its place among the others"),
)
# Layers of Keras that contain code or read files.
CODE_OR_FILES = {
    *("Lambda", "TFSMLayer", "JaxLayer", "FlaxLayer", "TorchModuleWrapper"),
    *("StringLookup", "IntegerLookup", "TextVectorization"),
}


@dataclass(frozen=True)
class Branches:
    """Parallel branches of layers with the same input, and the layer that merges their outputs."""

    merge: object  # a Keras layer that reads a list
    branches: list[list]  # layers of each branch, in their order, as `build_layers` returns them


def build_layers(parts: Sequence[dict], ours: dict[str, type] | None = None) -> list:
    """Return Keras layers for a list of ``{Name: {argument: value}}``.

    ``{Name: {branches: [parts, …]}}`` becomes `Branches`, which the named layer merges. The classes
    in ``ours`` replace those of Keras by name.

    Raises:
        UserError: an unknown layer or argument, or a value that Keras rejects.
    """
    import keras

    layers = _classes(keras.layers, keras.layers.Layer) | (ours or {})
    known = {name: item for name, item in layers.items() if name not in CODE_OR_FILES}

    def build(part: dict, place: str) -> object:
        ((name, arguments),) = part.items()
        if "branches" in arguments:
            rest = {key: value for key, value in arguments.items() if key != "branches"}
            merge, inside = build({name: rest}, place), f"{place}.{name}.branches"
            listed = _list(arguments["branches"], inside, "a list of lists of layers")
            places = [f"{inside}[{n}]" for n in range(len(listed))]
            branches = zip(listed, places, strict=True)
            return Branches(merge, [build_all(_parts(part, at), at) for part, at in branches])
        inner = {
            key: build(value, f"{place}.{name}.{key}")
            for key, value in arguments.items()
            if key in HOLDS_A_LAYER and _is_part(value)
        }
        return _call(name, arguments | inner, known, place, "layer", FROM_BASE_LAYER)

    def build_all(parts: Sequence[dict], place: str) -> list:
        return [build(part, f"{place}[{n}]") for n, part in enumerate(parts)]

    return build_all(parts, "layers")


def call_function(function: Callable, name: str, arguments: dict) -> object:
    """Call a function with its arguments from the configuration.

    Raises:
        UserError: an unknown, missing or invalid argument.
    """
    return _call(name, arguments, {name: function}, "layers", "function", set())


def build_optimizer(part: str | dict) -> object:
    """Return a Keras optimizer for ``rmsprop`` or ``{RMSprop: {learning_rate: 0.001}}``.

    The learning rate may be a schedule, ``{CosineDecay: {initial_learning_rate: 0.01, …}}``.

    Raises:
        UserError: an unknown optimizer, schedule or argument, a value that Keras rejects or that
            cannot train, or averaged weights, which a training with one call per epoch does not
            support.
    """
    import keras

    where = "fit.optimizer"
    known = _classes(keras.optimizers, keras.optimizers.Optimizer)
    ((name, arguments),) = part.items() if isinstance(part, dict) else [(part, {})]
    if name.islower():
        known = {key.lower(): item for key, item in known.items()}
    base = set(inspect.signature(keras.optimizers.Optimizer).parameters)
    _check_numbers(arguments, f"{where}.{name}")
    if _is_part(rate := arguments.get("learning_rate")):
        schedule = _build_schedule(rate, f"{where}.{name}.learning_rate")
        arguments = arguments | {"learning_rate": schedule}
    optimizer = _call(name, arguments, known, where, "optimizer", base)
    if optimizer.use_ema:
        raise UserError(
            f"{where}.{name}: 'use_ema' cannot be used: Keras would replace the weights by their"
            " averages after each epoch, and training would continue from these; remove it"
        )
    return optimizer


def _build_schedule(part: dict, where: str) -> object:
    from keras.optimizers import schedules

    ((name, arguments),) = part.items()
    _check_numbers(arguments, f"{where}.{name}")
    known = _classes(schedules, schedules.LearningRateSchedule)
    schedule = _call(name, arguments, known, where, "schedule", set())
    try:
        schedule(0)
    except Exception as error:  # TensorFlow and Keras raise anything
        raise UserError(f"{where}.{name}: {first_line(error)}") from error
    return schedule


def _check_numbers(arguments: dict, where: str) -> None:
    """Raise a UserError for a number that no optimizer or schedule can train with."""
    numbers = [(k, v) for k, item in arguments.items() for v in _as_list(item)]
    for key, value in numbers:
        expected = None
        if isinstance(value, str) and key not in TEXT:
            expected = A_NUMBER if NUMBER.fullmatch(value) else "a number"
        elif isinstance(value, int | float) and not isinstance(value, bool):
            if not math.isfinite(value):
                expected = "a finite number"
            elif (key in ABOVE_ZERO or key.endswith("decay_steps")) and value <= 0:
                expected = "more than 0"
            elif key != "learning_rate_power" and value < 0:
                expected = "at least 0"
            elif key in BELOW_ONE and value >= 1:
                expected = "less than 1"
        if expected:
            raise UserError(f"{where}.{key}: found {value!r}, expected {expected}")


def _check_layer(arguments: dict, defaults: dict[str, object], where: str) -> None:
    """Raise a UserError for a value that Keras reports badly, or replaces by another one."""
    for key, default in defaults.items():
        for value in _as_list(arguments.get(key)):
            expected = None
            if isinstance(value, str) and NUMBER.fullmatch(value) and key != "name":
                expected = A_NUMBER
            elif isinstance(value, bool) and (default is REQUIRED or type(default) in (int, float)):
                expected = "a number"
            elif key in DROPOUT and isinstance(value, int | float) and not 0 <= value < 1:
                expected = "at least 0 and less than 1"
            if expected:
                raise UserError(f"{where}.{key}: found {value!r}, expected {expected}")


def build_steps(parts: Sequence[dict], where: str = "pipeline") -> list:
    """Return scikit-learn estimators for a list of ``{Name: {argument: value}}``.

    A list becomes a tuple where scikit-learn's default is one (``ngram_range``). ``{FeatureUnion:
    {of: parts}}`` concatenates the features of several steps. A ``token_pattern`` can be one of
    `writing.TOKEN_PATTERNS`; the default is ``words``.

    Raises:
        UserError: an unknown step or argument, or a value that scikit-learn rejects.
    """
    known = step_classes() | {"FeatureUnion": _union}

    def build(part: dict, place: str, is_last: bool = False) -> object:
        ((name, arguments),) = part.items()
        defaults = inspect.signature(known[name]).parameters if name in known else {}
        tuples = [key for key in defaults if isinstance(defaults[key].default, tuple)]
        lists = [key for key in tuples if isinstance(arguments.get(key), list)]
        values = arguments | {key: tuple(arguments[key]) for key in lists}
        if name == "FeatureUnion" and "of" in arguments:
            inside = f"{place}.{name}.of"
            inner = enumerate(_parts(arguments["of"], inside))
            values["of"] = [build(step, f"{inside}[{n}]") for n, step in inner]
        if name in known and "token_pattern" in inspect.signature(known[name]).parameters:
            values |= _token_pattern(values)
        _check_values(values, f"{place}.{name}")
        step = _call(name, values, known, place, "step", set())
        if not is_last and not hasattr(step, "transform"):
            raise UserError(f"{place}.{name}: only the last step may be one that classifies")
        return step

    last = len(parts) - 1
    return [build(part, f"{where}[{n}]", n == last) for n, part in enumerate(parts)]


def _check_values(arguments: dict, place: str) -> None:
    if arguments.get("input", TEXTS) != TEXTS:
        raise UserError(f"{place}: 'input' must be '{TEXTS}': the step reads texts")
    for key, value, why in CONTRADICT:
        if arguments.get(key) == value:
            raise UserError(f"{place}: found {key}: {str(value).lower()}; {why}; remove it")


def _token_pattern(arguments: dict) -> dict:
    """Return the token pattern of a vectorizer, unless its analyzer is not that of words."""
    if arguments.get("analyzer", "word") != "word":
        return {}
    pattern = arguments.get("token_pattern", "words")
    return {"token_pattern": TOKEN_PATTERNS.get(str(pattern), pattern)}


def step_classes() -> dict[str, type]:
    """Return the classes that a configuration can name as steps, except FeatureUnion."""
    from sklearn.base import ClassifierMixin

    return {
        name: item
        for module in PIPELINE_MODULES
        for name, item in _classes(importlib.import_module(module)).items()
        if (issubclass(item, ClassifierMixin) or hasattr(item, "transform"))
        and not name.startswith("_")
        and not name.endswith("Mixin")
        and "estimator" not in inspect.signature(item).parameters  # not possible in YAML
    }


def _union(of: Sequence) -> object:
    from sklearn.pipeline import make_union

    return make_union(*of)


def _classes(module: ModuleType, base: type = object) -> dict[str, type]:
    return {
        name: item
        for name, item in vars(module).items()
        if inspect.isclass(item) and issubclass(item, base)
    }


def _as_list(value: object) -> list:
    return value if isinstance(value, list) else [value]


def _list(value: object, place: str, expected: str) -> list:
    if not isinstance(value, list) or not value:
        raise UserError(f"{place}: found {reprlib.repr(value)}, expected {expected}")
    return value


def _parts(value: object, place: str) -> list[dict]:
    """Return ``value`` if it is a list as the schema requires for ``layers`` and ``pipeline``."""
    for n, part in enumerate(_list(value, place, "a list of names, each with its arguments")):
        if not _is_part(part):
            found = reprlib.repr(part)
            raise UserError(f"{place}[{n}]: found {found}, expected one name with its arguments")
    return value


def _is_part(value: object) -> bool:
    inner = list(value.values()) if isinstance(value, dict) else []
    return len(inner) == 1 and isinstance(inner[0], dict)


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
        if parameter.default is REQUIRED and key not in arguments:
            raise UserError(f"{place}.{name}: argument '{key}' is missing")
    if word == "layer":
        defaults = {key: parameter.default for key, parameter in allowed.items()}
        _check_layer(arguments, defaults, f"{place}.{name}")
    # The caller of a function of a user reports the others, with its file.
    of_libraries = () if word == "function" else (AttributeError,)
    try:
        return known[name](**arguments)
    except (TypeError, ValueError, *of_libraries) as error:
        raise UserError(f"{place}.{name}: {first_line(error)}") from error
