from functools import partial

import keras
import numpy as np
import pytest
from networks import DENSE, MULTIHOT, SEQUENCE, branched, variant

from seq2report.core.command import UserError
from seq2report.models import build
from seq2report.models.variant import Input


def test_one_hot_is_expanded_inside_the_network(tmp_path):
    given = {"encoding": "words", "form": "onehot", "length": 3}
    model = build.build_model(variant(given, [{"Flatten": {}}]), 5, 2)
    expanded = keras.Model(model.input, model.layers[1].output)
    assert build.document_shape(model, Input(**given)) == (3, 5)
    found = expanded.predict(np.array([[0, 4, 1]], dtype="int32"), verbose=0)
    np.testing.assert_array_equal(found[0], np.eye(5)[[0, 4, 1]])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(loaded(np.array([[0, 4, 1]])), model(np.array([[0, 4, 1]])))


@pytest.mark.parametrize(
    ("given", "shape"),
    [(SEQUENCE | {"dimensions": 5}, (20, 5)), (MULTIHOT, (30,))],
)
def test_the_shape_of_a_document_is_what_the_first_layer_reads(given, shape):
    layers = DENSE if given["form"] == "sequence" else DENSE[1:]
    assert (
        build.document_shape(build.build_model(variant(given, layers), 30, 3), Input(**given))
        == shape
    )


@pytest.fixture(scope="module")
def matrix():
    return np.random.default_rng(1).normal(size=(30, 5)).astype("float32")


@pytest.mark.parametrize("trainable", [True, False])
def test_pretrained_vectors_are_in_the_network_and_trained_or_not(matrix, trainable):
    given = SEQUENCE | {"embedding": "glove", "trainable": trainable}
    model = build.build_model(variant(given), 30, 3, matrix)
    layer = model.get_layer("embedding")
    np.testing.assert_array_equal(layer.get_weights()[0], matrix)
    assert layer.trainable == trainable
    assert model.output_shape == (None, 3)


def test_layers_stand_between_embedding_and_softmax():
    model = build.build_model(variant(SEQUENCE | {"dimensions": 5}), 30, 3)
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds == ["InputLayer", "Embedding", "Flatten", "Dense", "Dense"]
    assert model.layers[-1].activation is keras.activations.softmax


def test_xla_is_for_networks_that_loop_over_words():
    lstm = [{"Bidirectional": {"layer": {"LSTM": {"units": 2}}}}]
    given = SEQUENCE | {"dimensions": 5}
    for layers, expected in ((lstm, True), (DENSE, False)):
        model = build.build_model(variant(given, layers), 30, 3)
        build.compile_model(model, variant().fit)
        assert model.jit_compile is expected
        assert build.computed_by(model, None) == ("CPU, XLA" if expected else "CPU")


def test_every_branch_reads_the_same_and_the_layer_named_merges_their_ends():
    pool, most = {"GlobalAveragePooling1D": {}}, {"GlobalMaxPooling1D": {}}
    given = SEQUENCE | {"dimensions": 5}
    x = np.random.default_rng(1).integers(1, 30, size=(4, 20)).astype("int32")
    for name, merge in (("Concatenate", partial(np.concatenate, axis=1)), ("Maximum", np.max)):
        layers = [branched([pool], [most], name=name)]
        model = build.build_model(variant(given, layers), 30, 3)
        vectors = model.get_layer("embedding")(x).numpy()
        ends = vectors.mean(axis=1), vectors.max(axis=1)
        merged = merge(ends) if name == "Concatenate" else merge(ends, axis=0)
        found = keras.Model(model.input, model.layers[-2].output)(x)
        np.testing.assert_allclose(found, merged, rtol=1e-5, atol=1e-6)
        assert build.document_shape(model, Input(**given)) == (20, 5)


def test_the_mean_of_what_a_mask_leaves_which_may_be_nothing_is_refused():
    given, mean = SEQUENCE | {"dimensions": 5}, {"GlobalAveragePooling1D": {}}
    with pytest.raises(UserError, match=r"GlobalAveragePooling1D .*; remove the mask"):
        build.build_model(variant(given, [{"Masking": {}}, mean]), 30, 3)
    # Both have a result for a document without words.
    recurrent = [{"Masking": {}}, {"LSTM": {"units": 2}}]
    for layers in ([mean], recurrent):
        model = build.build_model(variant(given, layers), 30, 3)
        assert np.isfinite(model(np.zeros((1, 20), "int32"))).all()


def test_xla_is_for_networks_that_loop_over_words_in_a_branch():
    given = SEQUENCE | {"dimensions": 5}
    for layer, expected in (({"GRU": {"units": 2}}, True), ({"GlobalMaxPooling1D": {}}, False)):
        layers = [branched([{"Flatten": {}}], [branched([{"Flatten": {}}], [layer])])]
        model = build.build_model(variant(given, layers), 30, 3)
        assert build.has_recurrent_layer(model) is expected
