"""Names that a saved model may contain, each in full; a model with any other one is refused.

A run folder may come from anywhere. The names are those of the classes that a variant can be built
from, and of what scikit-learn, NumPy and Keras keep inside them. No function is among them, and no
layer that contains code or reads files.
"""

from collections.abc import Iterator

import numpy as np

from seq2report.models.layers import CODE_OR_FILES, TEXTS, step_classes

SGD_LOSSES = ("Hinge", "SquaredHinge", "ModifiedHuber", "EpsilonInsensitive")
SGD_LOSSES += ("SquaredEpsilonInsensitive",)
NUMBERS = tuple(f"numpy.{name}" for name in ("bool", "int32", "int64", "float32", "float64"))
LOSSES = (
    *(f"sklearn.linear_model._sgd_fast.{name}" for name in SGD_LOSSES),
    *(
        f"sklearn._loss._loss.Cy{name}"
        for name in ("HalfBinomialLoss", "HalfSquaredError", "HuberLoss")
    ),
)
# What is not an estimator, by the node of skops that builds it.
DATA = {
    "DictNode": ("builtins.dict",),
    "ListNode": ("builtins.list",),
    "TupleNode": ("builtins.tuple",),
    "JsonNode": ("builtins.str",),
    "NdArrayNode": ("numpy.ndarray", "numpy.str_", *NUMBERS),
    "SparseMatrixNode": ("scipy.sparse._csr.csr_matrix", "scipy.sparse._csr.csr_array"),
    "TypeNode": ("builtins.str", "builtins.int", "builtins.float", "numpy.str_", *NUMBERS),
    "RandomStateNode": ("numpy.random.mtrand.RandomState",),
    "LossNode": LOSSES,
}
# Estimators inside those that a configuration can name.
INSIDE = (
    "seq2report.models.steps.TemperatureScaled",
    *("sklearn.pipeline.Pipeline", "sklearn.pipeline.FeatureUnion"),
    *("sklearn.preprocessing._data.KernelCenterer", "sklearn.preprocessing._label.LabelBinarizer"),
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
)
# Keras's modules of operations; a name in them counts if it is a function of `keras.ops`.
OPERATIONS = ("core", "einops", "linalg", "math", "nn", "numpy")


def foreign_nodes(schema: object) -> Iterator[str]:
    """Yield the names in the ``schema.json`` of a saved pipeline that are not allowed."""
    allowed = DATA | {"ObjectNode": _estimators()}
    for node in _dicts(schema):
        if "__loader__" in node:
            name = f"{node.get('__module__')}.{node.get('__class__')}"
            if name not in allowed.get(str(node["__loader__"]), ()):
                yield f"{name} ({node['__loader__']})"


def foreign_parts(pipeline: object) -> Iterator[str]:
    """Yield the types in a loaded pipeline that are not allowed, and steps that read files."""
    plain = [f"builtins.{name}" for name in ("NoneType", "bool", "int", "float", "str")]
    allowed = {*plain, *_estimators(), *(name for names in DATA.values() for name in names)}
    waiting, seen = [pipeline], {}
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen[id(part)] = part  # which keeps it, so that no other part gets its id
        name = full_name(part if isinstance(part, type) else type(part))
        if name not in (DATA["TypeNode"] if isinstance(part, type) else allowed):
            yield name
        elif getattr(part, "input", TEXTS) != TEXTS:
            yield f"{name} with input: {part.input}"
        elif not isinstance(part, type):
            waiting += _inside(part)


def foreign_layers(config: object, ours: dict[str, type]) -> Iterator[str]:
    """Yield the names in the configuration of a network that are not allowed.

    The classes in ``ours`` are allowed too.
    """
    import keras

    allowed = {
        *(("keras.src.models.functional", "Functional"), ("keras", "DTypePolicy")),
        *((None, f"__{name}__") for name in ("keras_tensor", "slice", "ellipsis")),
        *((item.__module__, name) for name, item in ours.items()),
    }
    for module in (keras.layers, keras.initializers, keras.regularizers, keras.constraints):
        classes = {name for name, item in vars(module).items() if isinstance(item, type)}
        allowed |= {(module.__name__, name) for name in classes - CODE_OR_FILES}
    operations = {name.replace("_", "") for name in vars(keras.ops)}
    modules = [f"keras.src.ops.{name}" for name in OPERATIONS]
    for node in _dicts(config):
        if "class_name" in node:
            module, name = node.get("module"), str(node["class_name"])
            is_operation = module in modules and name.lower() in operations
            if not is_operation and (module and str(module), name) not in allowed:
                yield name


def full_name(item: type) -> str:
    return f"{item.__module__}.{item.__qualname__}"


def _estimators() -> set[str]:
    return {*INSIDE, *map(full_name, step_classes().values())}


def _dicts(tree: object) -> Iterator[dict]:
    """Yield all dictionaries in a tree of dictionaries, lists and tuples."""
    waiting = [tree]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield part
            waiting += part.values()
        elif isinstance(part, list | tuple):
            waiting += part


def _inside(part: object) -> list:
    """Return the objects that an object holds."""
    if isinstance(part, dict):
        return [*part.keys(), *part.values()]
    if isinstance(part, list | tuple):
        return list(part)
    if isinstance(part, np.ndarray):
        return part.ravel().tolist() if part.dtype.hasobject else []
    return list(getattr(part, "__dict__", {}).values())
