"""Layers of a Python function: what counts as a change, what is refused, what is left of it."""

import keras
import numpy as np
import pytest
from helpers import OWN, ROOT, TRAINED

from seq2report.answers.architecture import describe
from seq2report.answers.predictor import load, read_about
from seq2report.core.command import UserError
from seq2report.models.build import build_model
from seq2report.models.functions import digest, load_function
from seq2report.models.variant import Input, Variant

SOURCE = '''"""Mine."""
import keras
from keras import layers

SIZE, OTHER = 3, 4


def helper(x):
    return layers.Dense(SIZE)(x)


def mine(x, units=2):
    return layers.Dense(units)(helper(layers.Flatten()(x)))


def unused(x):
    return x
'''
INPUT = {"form": "sequence", "length": 5, "dimensions": 4, "trainable": True}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(SOURCE)
    return path


def build(file, function="mine", **arguments):
    layers = {"file": str(file), "function": function, "arguments": arguments}
    layers["digest"] = digest(str(file), function)
    return build_model(Variant("network", input=Input(**INPUT), layers=layers), 30, 2)


def test_a_function_has_changed_if_its_file_has(file):
    before = digest(str(file), "mine")
    assert digest(str(file), "unused") == before
    file.write_text(SOURCE.replace("SIZE, OTHER = 3, 4", "SIZE, OTHER = 5, 4"))
    assert digest(str(file), "mine") != before


def test_a_function_makes_the_layers_between_input_and_output(file):
    model = build(file, units=7)
    assert [layer.units for layer in model.layers if isinstance(layer, keras.layers.Dense)] == [
        *(3, 7, 2)
    ]


BAD_FILES = [
    ("def mine(x): return x\nraise ValueError('no')", {}, "cannot be run: ValueError: no"),
    ("def mine(x): return 3", {}, "layers.mine ({file}): found int, expected one tensor"),
    ("def mine(x): return [x, x]", {}, "found list, expected one tensor"),
    ("def mine(x): return x", {}, "layers: they end in shape (None, 5, 4), but the softmax"),
    ("def mine(x): return x.none", {}, "layers.mine ({file}): AttributeError:"),
    ("def mine(x): raise ValueError('no')", {}, "layers.mine: no"),
    ("def mine(x, units): return x", {}, "layers.mine: argument 'units' is missing"),
    ("def mine(x, units=1): return x", {"unit": 1}, "layers.mine: unknown argument 'unit'; did"),
    ("def mine(): return 3", {}, "layers.mine ({file}): "),
    (
        "import keras\ndef mine(x): return keras.layers.Lambda(lambda x: x[:, 0])(x)",
        {},
        "layers: found Lambda, expected layers and operations of Keras alone, and no Lambda or",
    ),
    (
        "import keras\n@keras.saving.register_keras_serializable()\n"
        "class Own(keras.layers.GlobalMaxPooling1D): pass\ndef mine(x): return Own()(x)",
        {},
        "layers: found Own, expected layers and operations of Keras alone",
    ),
    (
        "import keras\ndef act(x): return x\n"
        "def mine(x): return keras.layers.Dense(3, activation=act)(keras.layers.Flatten()(x))",
        {},
        "layers: found function, expected layers and operations of Keras alone",
    ),
]


@pytest.mark.reliability("Bad configuration")
@pytest.mark.parametrize(("source", "arguments", "message"), BAD_FILES)
def test_a_function_that_makes_no_network_that_can_be_loaded_again_is_refused(
    file, source, arguments, message
):
    file.write_text(source)
    with pytest.raises(UserError) as refusal:
        build(file, **arguments)
    assert message.format(file=file) in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.reliability("Bad configuration")
@pytest.mark.parametrize(
    ("source", "function", "message"),
    [
        (SOURCE, "mime", "has no function 'mime'; did you mean 'mine'?"),
        (SOURCE, "SIZE", "has no function 'SIZE'"),
        ("def mine(", "mine", "not valid Python"),
        (None, "mine", "no such file below"),
    ],
)
def test_a_function_that_is_not_there_is_reported_before_anything_runs(
    file, source, function, message
):
    file.unlink() if source is None else file.write_text(source)
    with pytest.raises(UserError, match=r"mine\.py") as refusal:
        digest(str(file), function)
    assert message in str(refusal.value)


def test_a_function_that_changed_after_planning_is_not_trained(file):
    planned = digest(str(file), "mine")
    file.write_text(SOURCE.replace("SIZE, OTHER = 3, 4", "SIZE, OTHER = 5, 4"))
    with pytest.raises(UserError, match="has changed since the run was planned; start the run"):
        load_function(str(file), "mine", planned)


def test_operations_of_keras_are_saved_and_loaded_without_the_file(file, tmp_path):
    file.write_text(
        "import keras\nfrom keras import ops\ndef mine(x):\n"
        "    return ops.concatenate([ops.max(x, 1), ops.mean(x, 1) * 2], axis=1)\n"
    )
    model = build(file)
    model.save(tmp_path / "model.keras")
    file.unlink()
    loaded = keras.models.load_model(tmp_path / "model.keras", compile=False, safe_mode=True)
    words = np.array([[0, 1, 2, 3, 4]])
    np.testing.assert_allclose(loaded.predict(words), model.predict(words), atol=1e-6)


def test_the_example_weighs_words_by_attention(trained):
    run = trained / "runs/attention/seed-1"
    model = load(run).model
    assert [type(layer).__name__ for layer in model.layers] == [
        *("InputLayer", "Embedding", "Bidirectional", "Dense", "Dense", "Softmax", "Dot"),
        *("Flatten", "Dropout", "Dense"),
    ]
    inside = keras.Model(
        model.input, [layer.output for layer in model.layers if layer.name.startswith(("so", "bi"))]
    )
    h, a = sorted(inside.predict(np.arange(30)[None]), key=lambda each: -each.shape[2])
    assert a.shape == (1, 30, 1)
    np.testing.assert_allclose(a.sum(), 1, atol=1e-6)
    document = keras.Model(model.input, model.layers[-3].output)
    expected = (a * h).sum(axis=1)
    np.testing.assert_allclose(document.predict(np.arange(30)[None]), expected, atol=1e-5)
    assert read_about(run)["settings"]["layers"] == TRAINED["attention"]["layers"]


def test_the_layers_of_a_function_are_one_box(trained):
    run = trained / "runs/attention/seed-1"
    model = load(run)
    boxes = describe(model, run)
    assert boxes["name"].tolist() == ["Text", "Word ids", "Embedding", "gru_attention", "Dense"]
    assert boxes["arguments"][3] == "units: 3"
    assert boxes["shape"][3:].tolist() == ["6", "2 classes"]
    assert boxes["parameters"].sum() == model.model.count_params()


def test_the_example_is_not_compared_by_default():
    text = (ROOT / "config/config.yaml").read_text()
    assert text.count("glove_attention") == 1
    assert OWN["file"] in text
