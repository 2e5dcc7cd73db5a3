import json
import shutil
from functools import partial

import keras
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
import tensorflow as tf
from helpers import call, lists_of, write_sequences
from networks import DENSE, SEQUENCE, branched, no_xla, settings, variant

import encode_features
import train_network
from seq2report.documents.sequences import read_sequences
from seq2report.models import batches, build
from seq2report.models.variant import Input

READ = partial(batches.inputs_of, settings=Input(**SEQUENCE), num_words=0)


def run_train(tiny, output, sequences=None, fit=None, layers=DENSE, options=(), **given):
    given = SEQUENCE | {"embedding": "glove"} | given
    chosen = settings(given, layers, **{"epochs": 2} | (fit or {}))
    call(
        train_network,
        corpus=tiny / "corpus.json",
        documents=sequences or tiny / "words/sequences.parquet",
        matrix=tiny / "glove/matrix.npy",
        settings=chosen,
        seed=1,
        output=output,
        **dict(options),
    )
    return json.loads((output / "metrics.json").read_text())


def test_a_network_reads_features(tiny, tmp_path):
    steps = [{"TfidfVectorizer": {"min_df": 2}}, {"NaiveBayesWeights": {}}]
    call(
        encode_features,
        documents=tiny / "documents.parquet",
        settings={"steps": steps},
        seed=1,
        output=tmp_path / "features",
    )
    given = {"form": "features", "features": "ngrams"}
    call(
        train_network,
        corpus=tiny / "corpus.json",
        documents=tmp_path / "features/documents.parquet",
        settings=settings(given, [{"Dense": {"units": 8}}], epochs=10, optimizer="adam"),
        seed=1,
        output=tmp_path / "run",
    )
    metrics = json.loads((tmp_path / "run/metrics.json").read_text())
    features = scipy.sparse.load_npz(tmp_path / "features/features.npz")
    assert metrics["document_shape"] == str(features.shape[1])
    assert metrics["accuracy"] > 0.6  # two groups: one half is chance
    model = keras.models.load_model(tmp_path / "run/model.keras")
    about = pl.read_parquet(tmp_path / "features/documents.parquet")
    tested = features[(about["split"].cast(pl.String) == "test").to_numpy()]
    predictions = pl.read_parquet(tmp_path / "run/predictions.parquet")
    assert predictions["id"].to_list() == about.filter(split="test")["id"].to_list()
    found = model(tf.sparse.from_dense(tested.toarray()))
    np.testing.assert_allclose(predictions[:, 3:].to_numpy(), found, atol=1e-5)


@pytest.fixture(scope="module")
def trained(tiny, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "seed-1"
    run_train(tiny, folder)
    return folder


def test_a_run_leaves_model_history_metrics_predictions_and_embedding(trained, tiny):
    assert {path.name for path in trained.iterdir()} == {
        "SHA256SUMS",
        "embedding.npy",
        "history.csv",
        "metrics.json",
        "model.keras",
        "predictions.parquet",
        "run.json",
        "validation.parquet",
        "vocabulary.parquet",
    }
    metrics = json.loads((trained / "metrics.json").read_text())
    for key in (
        *("accuracy", "macro_f1", "loss", "parameters", "fit_seconds", "peak_memory_mb"),
        *("versions", "seed", "device", "epochs", "best_epoch", "test_documents"),
        *("fit_cpu_seconds", "predict_seconds", "predict_cpu_seconds"),
    ):
        assert key in metrics
    assert (metrics["device"], metrics["computed_by"]) == ("CPU", "CPU")
    assert "cudnn_lost" not in metrics
    history = pd.read_csv(trained / "history.csv")
    assert history["epoch"].tolist() == [1, 2]
    kept = history.iloc[metrics["best_epoch"] - 1]
    assert metrics["val_accuracy"] == kept["val_accuracy"]
    assert metrics["val_loss"] == pytest.approx(kept["val_loss"], rel=1e-5)
    before = np.load(tiny / "glove/matrix.npy")
    after = np.load(trained / "embedding.npy")
    assert after.shape == before.shape
    assert not np.array_equal(after, before)


def test_without_the_gpu_asked_for_it_is_the_cpu_where_the_configuration_says_so(
    trained, tiny, tmp_path, monkeypatch, caplog
):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    options = {"gpu": 1, "gpu_absent": "cpu"}
    metrics = run_train(tiny, tmp_path / "run", options=options)
    assert (metrics["device"], metrics["computed_by"]) == ("CPU", "CPU")
    assert "cudnn_lost" not in metrics
    assert "no GPU: none was given to this job" in caplog.text
    np.testing.assert_array_equal(
        np.load(tmp_path / "run/embedding.npy"), np.load(trained / "embedding.npy")
    )


@no_xla()  # test_cudnn.py has the cases
def test_what_cost_cudnn_on_a_gpu_is_told_with_the_metrics(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(train_network, "gpu_name", lambda: "A name")  # it is the CPU all the same
    layers = [{"Masking": {}}, {"GRU": {"units": 2, "recurrent_dropout": 0.2}}]
    metrics = run_train(tiny, tmp_path / "run", layers=layers, fit={"refit": True})
    assert (metrics["device"], metrics["computed_by"]) == ("A name", "GPU, XLA")
    assert metrics["cudnn_lost"] == "GRU (recurrent_dropout: 0.2, left padding under a mask)"
    model = keras.models.load_model(tmp_path / "run/model.keras", safe_mode=True)
    assert model.layers[3].use_cudnn == "auto"  # who loads it may have another device


def test_every_test_document_is_predicted_with_probabilities(trained, tiny):
    documents = pd.read_parquet(tiny / "documents.parquet").query("split == 'test'")
    predictions = pd.read_parquet(trained / "predictions.parquet")
    assert predictions["id"].tolist() == documents["id"].tolist()
    assert predictions["label"].tolist() == documents["label"].tolist()
    p = predictions.filter(like="p_")
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-5)
    best = p.idxmax(axis=1).str.removeprefix("p_").tolist()
    assert best == predictions["predicted"].tolist()
    metrics = json.loads((trained / "metrics.json").read_text())
    right = (predictions["predicted"] == predictions["label"]).mean()
    assert metrics["accuracy"] == pytest.approx(right)


def test_the_model_that_was_saved_is_the_one_that_predicted(trained, tiny):
    model = keras.models.load_model(trained / "model.keras", safe_mode=True)
    assert_predicted(model, trained, tiny)


def assert_predicted(model, run, tiny):
    """Check that the predictions of a run are those of a model, for both splits."""
    sequences = read_sequences(tiny / "words/sequences.parquet")
    for split, file in (("test", "predictions"), ("validation", "validation")):
        documents = sequences.of_split(split)
        predictions = pd.read_parquet(run / f"{file}.parquet")
        assert predictions["id"].tolist() == documents.ids.to_list()
        found = batches.probabilities(model, documents, READ)
        np.testing.assert_allclose(found, predictions.filter(like="p_"), atol=1e-5)


def test_validation_documents_are_predicted_with_the_weights_of_the_epoch_that_was_kept(
    tiny, tmp_path
):
    wild = {"Adam": {"learning_rate": 0.5}}
    fit = {"epochs": 20, "patience": 2, "batch_size": 16, "optimizer": wild}
    metrics = run_train(tiny, tmp_path / "run", fit=fit)
    assert metrics["best_epoch"] < metrics["epochs"]
    model = keras.models.load_model(tmp_path / "run/model.keras", safe_mode=True)
    assert_predicted(model, tmp_path / "run", tiny)


@no_xla()
def test_what_trained_with_faster_layers_is_saved_with_those_of_keras(tiny, tmp_path):
    layers = [{"Bidirectional": {"layer": {"LSTM": {"units": 3}}}}, {"Dropout": {"rate": 0.5}}]
    run_train(tiny, tmp_path / "run", layers=layers)
    model = keras.models.load_model(tmp_path / "run/model.keras", safe_mode=True)
    kinds = [model.layers[2].forward_layer, model.layers[2].backward_layer, model.layers[3]]
    expected = [keras.layers.LSTM, keras.layers.LSTM, keras.layers.Dropout]
    assert list(map(type, kinds)) == expected
    assert_predicted(model, tmp_path / "run", tiny)


@no_xla()
def test_a_network_with_branches_is_saved_with_layers_of_keras(tiny, tmp_path):
    conv = {"Conv1D": {"filters": 3, "kernel_size": 3, "activation": "relu"}}
    layers = [
        branched(
            [{"Dropout": {"rate": 0.2}}, conv, {"GlobalMaxPooling1D": {}}],
            [{"Bidirectional": {"layer": {"LSTM": {"units": 3}}}}, {"Dropout": {"rate": 0.2}}],
            [conv, {"LSTM": {"units": 3}}],
        ),
        {"Dense": {"units": 4}},
    ]
    run_train(tiny, tmp_path / "run", layers=layers)
    model = keras.models.load_model(tmp_path / "run/model.keras", safe_mode=True)
    assert not [layer for layer in model.layers if "seq2report" in type(layer).__module__]
    assert_predicted(model, tmp_path / "run", tiny)


def test_test_documents_have_no_influence_on_the_model(trained, tiny, tmp_path):
    test = pl.col("split") == "test"
    changed = lists_of(tiny / "words/sequences.parquet").with_columns(
        tokens=pl.when(test).then(pl.col("tokens").list.head(1)).otherwise("tokens"),
        label=pl.when(test).then(pl.lit("sci.space")).otherwise("label"),
    )
    sequences = write_sequences(tmp_path / "words", changed)
    for name in ("encoding.json", "vocabulary.parquet"):
        shutil.copy(tiny / "words" / name, tmp_path / "words")
    run_train(tiny, tmp_path / "run", sequences)
    np.testing.assert_array_equal(
        np.load(tmp_path / "run/embedding.npy"), np.load(trained / "embedding.npy")
    )


def test_a_network_is_fitted_again_on_all_documents_for_the_best_number_of_epochs(tiny, tmp_path):
    wild = {"Adam": {"learning_rate": 0.5}}
    fit = {"epochs": 20, "patience": 2, "batch_size": 15, "optimizer": wild, "warmup": 0.1}
    once = run_train(tiny, tmp_path / "once", fit=fit)
    twice = run_train(tiny, tmp_path / "twice", fit=fit | {"refit": True})
    sequences = read_sequences(tiny / "words/sequences.parquet")
    every = sequences.of_split("train", "validation")
    assert (once["fitted_documents"], twice["fitted_documents"]) == (48, len(every.ids)) == (48, 60)
    for name in ("best_epoch", "epochs", "val_accuracy", "val_loss"):
        assert once[name] == twice[name]
    assert twice["best_epoch"] < twice["epochs"] == len(pd.read_csv(tmp_path / "twice/history.csv"))
    watched = [
        pd.read_parquet(tmp_path / name / "validation.parquet") for name in ("once", "twice")
    ]
    pd.testing.assert_frame_equal(*watched)

    matrix = np.load(tiny / "glove/matrix.npy")
    chosen = variant(SEQUENCE | {"embedding": "glove"}, **fit)
    keras.utils.set_random_seed(1)
    model = build.build_model(chosen, len(matrix), 2, matrix)
    build.compile_model(model, chosen.fit, len(every))
    x, y = READ(every), every.classes(json.loads((tiny / "corpus.json").read_text())["classes"])
    for epoch in range(1, once["best_epoch"] + 1):
        order = np.random.default_rng([1, epoch]).permutation(60)
        model.fit(x[order], y[order], batch_size=15, shuffle=False, verbose=0)
    saved = keras.models.load_model(tmp_path / "twice/model.keras", safe_mode=True)
    assert not saved.compiled  # the optimizer is not part of the model
    for found, expected in zip(saved.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-4)
    embedding = np.load(tmp_path / "twice/embedding.npy")
    np.testing.assert_array_equal(embedding, saved.get_layer("embedding").get_weights()[0])
    predictions = pd.read_parquet(tmp_path / "twice/predictions.parquet").filter(like="p_")
    probability = batches.probabilities(model, sequences.of_split("test"), READ)
    np.testing.assert_allclose(probability, predictions, atol=1e-4)


def test_frozen_vectors_are_not_written_again(tiny, tmp_path):
    run_train(tiny, tmp_path / "run", trainable=False)
    assert not (tmp_path / "run/embedding.npy").exists()


def test_by_the_lectures_protocol_the_test_documents_are_watched_and_the_last_epoch_is_kept(
    tiny, tmp_path
):
    metrics = run_train(tiny, tmp_path / "run", fit={"protocol": "lecture", "epochs": 3})
    documents = pd.read_parquet(tiny / "documents.parquet")
    assert metrics["protocol"] == "lecture"
    assert metrics["fitted_documents"] == documents["split"].isin(["train", "validation"]).sum()
    assert metrics["val_accuracy"] is metrics["val_loss"] is None
    assert not (tmp_path / "run/validation.parquet").exists()
    history = pd.read_csv(tmp_path / "run/history.csv")
    assert len(history) == 3
    assert history["val_accuracy"].iloc[-1] == pytest.approx(metrics["accuracy"])
    assert history["kept"].tolist() == [False, False, True]
