"""A saved model may contain only what a variant can be built from, each named in full."""

import json
import shutil
import zipfile
from functools import partial
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import sklearn.utils._testing as has_subprocess
import skops.io
from networks import SEQUENCE, variant
from scipy.special import expit
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from seq2report.core.command import UserError, nearest
from seq2report.models.allowed import DATA, foreign_layers, foreign_parts
from seq2report.models.build import build_model, load_network
from seq2report.models.layers import CODE_OR_FILES, build_layers, build_steps
from seq2report.models.pipelines import build_pipeline, load_pipeline, save_pipeline

TEXTS, LABELS = ["good film", "dull film", "odd film"] * 4, ["a", "b", "c"] * 4
WORDS = [{"CountVectorizer": {}}]


@pytest.mark.reliability("Security")
@pytest.mark.parametrize(
    ("step", "found"),
    [
        (FunctionTransformer(has_subprocess.check_output), "FunctionTransformer"),
        (CountVectorizer(tokenizer=shutil.rmtree), "shutil.rmtree"),
        (CountVectorizer(tokenizer=nearest), "seq2report.core.command.nearest"),
        (CountVectorizer(tokenizer=has_subprocess.check_output), "subprocess.check_output"),
        (CountVectorizer(tokenizer=expit), "expit"),  # skops trusts it
        (CountVectorizer(tokenizer=partial(nearest, "x")), "partial"),
        (CountVectorizer(tokenizer=CountVectorizer().fit), "CountVectorizer (MethodNode)"),
        (CountVectorizer(tokenizer=FunctionTransformer), "FunctionTransformer"),
        (RandomForestClassifier(), "RandomForestClassifier"),  # of scikit-learn, but of no variant
        (CountVectorizer(vocabulary={"a": np.random.default_rng(1)}), "Generator"),
        (TfidfVectorizer(input="filename"), "TfidfVectorizer with input: filename"),
    ],
)
def test_a_pipeline_with_anything_that_no_variant_has_is_not_loaded(step, found, tmp_path):
    skops.io.dump(make_pipeline(step, MultinomialNB()), tmp_path / "model.skops")
    with pytest.raises(UserError, match=r"model\.skops: found .*the model is not used") as refusal:
        load_pipeline(tmp_path)
    assert found in str(refusal.value)


@pytest.mark.reliability("Security")
def test_an_allowed_name_does_not_admit_another_way_to_build_it(tmp_path):
    save_pipeline(build_pipeline([*WORDS, {"MultinomialNB": {}}], 1).fit(TEXTS, LABELS), tmp_path)
    with zipfile.ZipFile(tmp_path / "model.skops") as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    crafted = content["schema.json"].replace(b'"DictNode"', b'"FunctionNode"', 1)
    with zipfile.ZipFile(tmp_path / "model.skops", "w") as archive:
        for name, data in (content | {"schema.json": crafted}).items():
            archive.writestr(name, data)
    with pytest.raises(UserError, match=r"found builtins\.dict \(FunctionNode\)"):
        load_pipeline(tmp_path)


@pytest.mark.parametrize("hidden", [nearest, nearest.__get__(1), SimpleNamespace(), bytearray()])
def test_what_a_loaded_pipeline_holds_deep_inside_is_looked_at(hidden):
    model = build_pipeline([*WORDS, {"MultinomialNB": {}}], 1).fit(TEXTS, LABELS)
    assert not [*foreign_parts(model)]
    model[0].held = np.array([({"deep": [hidden]},), None], dtype=object)
    assert len([*foreign_parts(model)]) == 1


ALL_KINDS = [
    [*WORDS, {"LinearSVC": {}}],
    [*WORDS, {"SelectKBest": {"k": 2}}, {"NaiveBayesSVC": {}}],
    [{"HashingVectorizer": {"n_features": 16}}, {"RidgeClassifier": {}}],
    [*WORDS, {"TruncatedSVD": {"n_components": 2}}, {"MLPClassifier": {"max_iter": 2}}],
    [*WORDS, {"LatentDirichletAllocation": {"n_components": 2}}, {"SVC": {}}],
    *([*WORDS, {"SGDClassifier": {"loss": name}}] for name in ("hinge", "log_loss", "huber")),
]


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize("steps", ALL_KINDS, ids=str)
def test_what_a_configuration_can_name_is_loaded_and_answers_as_before(steps, tmp_path):
    model = build_pipeline(steps, 1).fit(TEXTS, LABELS)
    save_pipeline(model, tmp_path)
    again = load_pipeline(tmp_path)
    np.testing.assert_array_equal(again.predict_proba(TEXTS), model.predict_proba(TEXTS))


def test_a_vectorizer_that_would_open_files_is_refused_in_a_configuration():
    with pytest.raises(UserError, match=r"CountVectorizer: 'input' must be 'content'"):
        build_steps([{"CountVectorizer": {"input": "filename"}}])


def network(layer: keras.layers.Layer) -> keras.Model:
    start = keras.Input((4,), dtype="float32")
    return keras.Model(start, layer(start))


def hostile(**entry: object) -> dict:
    """Return the configuration of a network whose second layer has been replaced by an entry."""
    config = keras.saving.serialize_keras_object(network(keras.layers.Dense(2)))
    config["config"]["layers"][1] |= entry
    return config


@pytest.mark.reliability("Security")
@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ({"module": "keras.layers", "class_name": "Lambda"}, "Lambda"),
        ({"module": "keras.layers", "class_name": "TFSMLayer"}, "TFSMLayer"),
        ({"module": "keras.layers", "class_name": "TextVectorization"}, "TextVectorization"),
        ({"module": "keras.utils", "class_name": "get_file"}, "get_file"),
        ({"module": "keras.src.utils.file_utils", "class_name": "get_file"}, "get_file"),
        ({"module": "numpy", "class_name": "load"}, "load"),
        ({"module": "builtins", "class_name": "function", "config": "print"}, "function"),
        ({"module": None, "class_name": "Dense"}, "Dense"),  # read by rules of old versions
        ({"module": "keras.src.ops.numpy", "class_name": "load"}, "load"),
        ({"module": ["keras.layers"], "class_name": {"a": 1}}, "{'a': 1}"),
    ],
)
def test_a_network_with_code_or_foreign_classes_is_not_loaded(entry, found, tmp_path):
    with zipfile.ZipFile(tmp_path / "model.keras", "w") as archive:
        archive.writestr("config.json", json.dumps(hostile(**entry)))
    with pytest.raises(UserError, match=r"model\.keras: found .*of Keras alone") as refusal:
        load_network(tmp_path / "model.keras")
    assert f"found {found}," in str(refusal.value)


@pytest.mark.parametrize("name", sorted(CODE_OR_FILES))
def test_a_layer_with_code_or_files_is_refused_in_a_configuration(name):
    with pytest.raises(UserError, match=f"unknown layer '{name}'"):
        build_layers([{name: {}}])


def test_what_keras_saves_inside_its_layers_is_loaded(tmp_path):
    layers = [
        {"Bidirectional": {"layer": {"GRU": {"units": 2, "return_sequences": True}}}},
        {"Conv1D": {"filters": 3, "kernel_size": 2, "kernel_regularizer": "l2"}},
        {"BatchNormalization": {}},
        {"GlobalMaxPooling1D": {}},
        {"Dense": {"units": 3, "activation": "gelu", "kernel_constraint": "max_norm"}},
    ]
    model = build_model(variant(SEQUENCE | {"dimensions": 4}, layers), 9, 2)
    model.save(tmp_path / "model.keras")
    x = np.arange(20)[None] % 9
    np.testing.assert_array_equal(
        load_network(tmp_path / "model.keras").predict(x, verbose=0), model.predict(x, verbose=0)
    )


def test_every_allowed_layer_of_keras_takes_only_data():
    """A layer that a new version of Keras adds must not run code or read files."""
    words = ("file", "path", "vocab", "fn", "func", "module", "call")
    layers = {name for name, item in vars(keras.layers).items() if isinstance(item, type)}
    risky = {
        name
        for name in layers
        for argument in getattr(keras.layers, name).__init__.__code__.co_varnames
        if argument.startswith(words)
    }
    assert risky - {"Layer"} <= CODE_OR_FILES
    assert not [*foreign_layers(hostile(), {})]
    assert "builtins.function" not in {name for names in DATA.values() for name in names}
