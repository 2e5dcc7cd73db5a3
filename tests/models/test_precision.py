from dataclasses import asdict

import numpy as np
import polars as pl
import pytest

from seq2report.core.command import write_json
from seq2report.documents.pieces import Pieces
from seq2report.models.backend import load_keras
from seq2report.models.pretrained import Architecture
from seq2report.models.variant import Fit, Input, Variant

TINY = Architecture(60, 32, 2, 2, 16, 32, "gelu", 1e-12, 0.1, 0.1)


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """Return the settings of a network on a random encoder of two layers."""
    load_keras(seed=1)
    from seq2report.models.encoders import build_encoder
    from seq2report.models.training import Network

    folder = tmp_path_factory.mktemp("encoder")
    build_encoder(TINY, "mean").save(folder / "encoder.keras")
    about = {"architecture": asdict(TINY), "pooling": "mean", "shortest": 3}
    write_json(folder / "encoder.json", about)
    variant = Variant(
        "network",
        input=Input("pieces", encoder="tiny", length=8, train_layers=1),
        layers=[{"Dropout": {"rate": 0.1}}],
        fit=Fit({"AdamW": {"learning_rate": 0.01}}, 4, 1),
    )
    return Network(variant, 60, 3, None, folder / "encoder.keras", seed=1, gpu=None)


def test_with_mixed_precision_layers_compute_in_16_bits_and_weights_and_answers_have_32(network):
    import keras

    model = network.build(precision="mixed_bfloat16")
    encoder = model.get_layer("encoder")
    assert encoder.get_layer("0_inner").compute_dtype == "bfloat16"
    assert {variable.dtype for variable in model.trainable_variables} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"
    model.compile("adamw", "sparse_categorical_crossentropy")
    ids = np.array([[2, 5, 6, 3], [2, 7, 3, 0]], np.int32)
    assert np.isfinite(model.train_on_batch(ids, np.array([0, 2])))
    answer = np.array(model(ids))
    assert answer.dtype == np.float32
    np.testing.assert_allclose(answer.sum(axis=1), 1, atol=1e-6)


def test_what_is_saved_has_32_bits_and_nearly_the_same_answers(network):
    mixed, saved = network.build(precision="mixed_bfloat16"), network.build()
    saved.set_weights(mixed.get_weights())
    ids = np.array([[2, 5, 6, 3], [2, 7, 3, 0]], np.int32)
    assert saved.get_layer("encoder").get_layer("0_inner").compute_dtype == "float32"
    answers = np.array(mixed(ids)), np.array(saved(ids))
    np.testing.assert_allclose(*answers, atol=0.03)
    assert not np.array_equal(*answers)


@pytest.mark.parametrize(
    ("is_fast", "products"), [(False, "float32"), (True, "bfloat16")], ids=["other", "with AMX"]
)
def test_a_processor_with_amx_computes_products_in_16_bits_and_all_else_in_32(
    network, monkeypatch, is_fast, products
):
    from seq2report.models import backend, training

    monkeypatch.setattr(backend, "has_amx", lambda: is_fast)
    model, _ = network.compiled(documents=8)
    assert not model.jit_compile
    found = {}
    for layer in model.get_layer("encoder").layers:
        found.setdefault(layer.compute_dtype, set()).update({layer.name, type(layer).__name__})
    parts = ("query", "key", "value", "output", "inner", "outer")
    assert found[products] >= {f"{n}_{part}" for n in (0, 1) for part in parts}
    assert found["float32"] >= {"Embedding", "LayerNormalization", "Softmax", "Dropout"}
    assert {variable.dtype for variable in model.trainable_variables} == {"float32"}
    facts = training.describe(model, network, None)
    assert facts["precision"] == ("mixed_bfloat16" if is_fast else "float32")
    if not is_fast:
        return  # the same network as the saved one
    ids = np.array([[2, 5, 6, 3], [2, 7, 3, 0]] * 2, np.int32)
    saved, before = network.build(), np.array(model(ids))
    saved.set_weights(model.get_weights())
    np.testing.assert_allclose(before, np.array(saved(ids)), atol=0.03)
    model.train_on_batch(ids, np.array([0, 2, 0, 2]))
    assert not np.array_equal(np.array(model(ids)), before)


def test_with_amx_the_test_documents_are_predicted_as_the_saved_network_predicts_them(
    network, monkeypatch
):
    from seq2report.models import backend
    from seq2report.models.checkpoint import Checkpoint
    from seq2report.models.training import train

    monkeypatch.setattr(backend, "has_amx", lambda: True)
    n, length = 24, 4
    tokens = np.random.default_rng(1).integers(1, 60, n * length, dtype=np.int32)
    labels = pl.Series(np.resize(["a", "b", "c"], n))
    splits = pl.Series(np.repeat(["train", "validation", "test"], n // 3))
    starts, lengths = np.arange(n) * length, np.full(n, length)
    documents = Pieces(labels, splits, labels, tokens, starts, lengths)
    trained = train(network, documents, ["a", "b", "c"], Checkpoint())
    test, probability = trained.test
    answers = np.array(trained.model(test.matrix(8)))
    np.testing.assert_allclose(probability, answers, rtol=0, atol=1e-6)


def test_a_saved_network_has_the_same_frozen_parameters_as_the_trained_one(network, tmp_path):
    from seq2report.models.build import frozen_parameters, load_network

    model = network.build()
    layer = 4 * (16 * 16 + 16) + 2 * 2 * 16 + (16 * 32 + 32) + (32 * 16 + 16)
    assert frozen_parameters(model) == model.count_params() - layer - (16 * 3 + 3)
    model.save(tmp_path / "model.keras")
    assert frozen_parameters(load_network(tmp_path / "model.keras")) == frozen_parameters(model)
