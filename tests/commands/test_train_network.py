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
from helpers import call, in_memory, lists_of, write_sequences
from hypothesis import given
from hypothesis import strategies as st
from networks import DENSE, FIT, SEQUENCE, branched, settings
from sklearn.utils.class_weight import compute_class_weight

import encode_features
import train_network
from seq2report.core.command import UserError
from seq2report.documents.features import Features
from seq2report.documents.sequences import read_sequences
from seq2report.models import network

MULTIHOT = {"encoding": "words", "form": "multihot"}
READ = partial(network.inputs_of, given=SEQUENCE, num_words=0)


def of(documents):
    tokens = pl.Series(documents, dtype=pl.List(pl.Int32))
    names = pl.Series([str(i) for i in range(len(documents))])
    return in_memory(pl.DataFrame({"id": names, "split": names, "label": names, "tokens": tokens}))


@given(st.lists(st.lists(st.integers(1, 9), max_size=6), min_size=1, max_size=6))
def test_multihot_has_a_one_for_each_word_that_occurs(documents):
    expected = [[float(word in document) for word in range(10)] for document in documents]
    found = network.inputs_of(of(documents), MULTIHOT, 10)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == np.float32


@given(st.lists(st.lists(st.integers(1, 9), max_size=4), min_size=1, max_size=20), st.data())
@pytest.mark.parametrize("given", [SEQUENCE | {"length": 3}, MULTIHOT])
def test_batches_hold_the_documents_in_the_order_asked_for(given, documents, data):
    size = data.draw(st.integers(1, len(documents)))
    order = np.array(data.draw(st.permutations(range(len(documents)))))
    whole = network.inputs_of(of(documents), given, 10)
    number = np.arange(len(documents))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network, "AT_ONCE", data.draw(st.integers(1, 2000)))
        read = partial(network.inputs_of, given=given, num_words=10)
        found = list(network.batches(of(documents), read, order, size, number))
    assert len(found) == len(documents) // size
    rows = np.concatenate([rows for _, rows in found])
    np.testing.assert_array_equal(rows, order[: len(rows)])
    np.testing.assert_array_equal(np.concatenate([x for x, _ in found]), whole[rows])


def test_no_more_documents_are_made_than_fit_into_memory(monkeypatch):
    monkeypatch.setattr(network, "AT_ONCE", 4 * 10 * 4 * 2)  # two batches of four
    made = []

    def read(sequences):
        made.append(len(sequences.lengths))
        return network.inputs_of(sequences, MULTIHOT, 10)

    list(network.batches(of([[1], [2, 3]] * 10), read, np.arange(20), 4))
    assert made == [4, 8, 8, 4]  # the first one to know the shape


def test_one_hot_is_expanded_inside_the_network(tmp_path):
    given = {"encoding": "words", "form": "onehot", "length": 3}
    model = network.build_model(settings(given, [{"Flatten": {}}]), 5, 2)
    expanded = keras.Model(model.input, model.layers[1].output)
    assert network.document_shape(model, given) == (3, 5)
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
        network.document_shape(network.build_model(settings(given, layers), 30, 3), given) == shape
    )


@pytest.fixture(scope="module")
def matrix():
    return np.random.default_rng(1).normal(size=(30, 5)).astype("float32")


@pytest.mark.parametrize("trainable", [True, False])
def test_pretrained_vectors_are_in_the_network_and_trained_or_not(matrix, trainable):
    given = SEQUENCE | {"embedding": "glove", "trainable": trainable}
    model = network.build_model(settings(given), 30, 3, matrix)
    layer = model.get_layer("embedding")
    np.testing.assert_array_equal(layer.get_weights()[0], matrix)
    assert layer.trainable == trainable
    assert model.output_shape == (None, 3)


def test_layers_stand_between_embedding_and_softmax():
    model = network.build_model(settings(SEQUENCE | {"dimensions": 5}), 30, 3)
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds == ["InputLayer", "Embedding", "Flatten", "Dense", "Dense"]
    assert model.layers[-1].activation is keras.activations.softmax


def test_xla_is_for_networks_that_loop_over_words():
    lstm = [{"Bidirectional": {"layer": {"LSTM": {"units": 2}}}}]
    given = SEQUENCE | {"dimensions": 5}
    for layers, expected in ((lstm, True), (DENSE, False)):
        model = network.build_model(settings(given, layers), 30, 3)
        network.compile_model(model, FIT)
        assert model.jit_compile is expected
        assert network.path(model, None) == ("CPU, XLA" if expected else "CPU")


def test_every_branch_reads_the_same_and_the_layer_named_merges_their_ends():
    pool, most = {"GlobalAveragePooling1D": {}}, {"GlobalMaxPooling1D": {}}
    given = SEQUENCE | {"dimensions": 5}
    x = np.random.default_rng(1).integers(1, 30, size=(4, 20)).astype("int32")
    for name, merge in (("Concatenate", partial(np.concatenate, axis=1)), ("Maximum", np.max)):
        layers = [branched([pool], [most], name=name)]
        model = network.build_model(settings(given, layers), 30, 3)
        vectors = model.get_layer("embedding")(x).numpy()
        ends = vectors.mean(axis=1), vectors.max(axis=1)
        merged = merge(ends) if name == "Concatenate" else merge(ends, axis=0)
        found = keras.Model(model.input, model.layers[-2].output)(x)
        np.testing.assert_allclose(found, merged, rtol=1e-5)
        assert network.document_shape(model, given) == (20, 5)


def test_xla_is_for_networks_that_loop_over_words_in_a_branch():
    given = SEQUENCE | {"dimensions": 5}
    for layer, expected in (({"GRU": {"units": 2}}, True), ({"GlobalMaxPooling1D": {}}, False)):
        layers = [branched([{"Flatten": {}}], [branched([{"Flatten": {}}], [layer])])]
        model = network.build_model(settings(given, layers), 30, 3)
        assert network.has_recurrent_layer(model) is expected


def test_probabilities_come_in_the_order_of_the_documents_whatever_the_batches(monkeypatch):
    monkeypatch.setattr(network, "PREDICT_BATCH", 4)
    model = network.build_model(settings(SEQUENCE | {"dimensions": 5}), 30, 3)
    x = np.random.default_rng(1).integers(1, 30, size=(10, 20)).astype("int32")
    found = network.probabilities(model, of(x.tolist()), READ)
    np.testing.assert_allclose(found, model(x).numpy(), atol=1e-6)


def test_log_loss_is_that_of_keras():
    p = np.array([[0.2, 0.8], [1.0, 0.0], [0.5, 0.5]], dtype="float32")
    truth = np.array([1, 1, 0])
    expected = keras.losses.SparseCategoricalCrossentropy()(truth, p)
    assert network.log_loss(truth, p) == pytest.approx(float(expected), rel=1e-5)


@pytest.fixture(scope="module")
def task():
    """Documents of random words; the class is whether word 1 stands in them."""
    rng = np.random.default_rng(1)
    x = rng.integers(2, 30, size=(60, 20)).astype("int32")
    x[::2, 5] = 1
    y = (x == 1).any(axis=1).astype(int)
    return (of(x[:40].tolist()), y[:40]), (of(x[40:].tolist()), y[40:])


def train(task, seed=1, **fit):
    keras.utils.set_random_seed(seed)
    chosen = settings(SEQUENCE | {"dimensions": 5}, **fit)
    model = network.build_model(chosen, 30, 2)
    network.compile_model(model, chosen["fit"])
    return model, network.fit(model, *task, READ, chosen["fit"], seed)


def test_the_weights_kept_are_those_of_the_epoch_with_the_best_validation_accuracy(task):
    model, fitted = train(task, epochs=30, patience=2, optimizer={"Adam": {"learning_rate": 0.1}})
    epochs = [(-row["val_accuracy"], row["val_loss"], row["epoch"]) for row in fitted.history]
    assert fitted.best_epoch == min(epochs)[2] == len(epochs) - 2 < 28
    assert [row["epoch"] for row in fitted.history if row["kept"]] == [fitted.best_epoch]
    _, (x, y) = task
    np.testing.assert_array_equal(fitted.probability, network.probabilities(model, x, READ))
    kept = network.log_loss(y, fitted.probability)
    assert kept == pytest.approx(min(epochs)[1], rel=1e-5)


def test_without_patience_all_epochs_run_and_the_last_is_kept(task):
    _, fitted = train(task, epochs=4, optimizer={"Adam": {"learning_rate": 0.5}})
    assert len(fitted.history) == fitted.best_epoch == 4


@pytest.mark.reliability("Repeatability")
def test_the_same_seed_gives_the_same_figures_and_another_seed_others(task):
    first, again, other = (train(task, seed) for seed in (1, 1, 2))
    for a, b in zip(first[0].get_weights(), again[0].get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert first[1].history[-1]["loss"] != other[1].history[-1]["loss"]


def test_a_loss_that_is_no_number_ends_in_advice(task):
    with pytest.raises(UserError, match=r"epoch 1: try a lower learning rate"):
        train(task, optimizer={"SGD": {"learning_rate": 1e30}})


def test_fewer_documents_than_a_batch(task):
    _, fitted = train(task, batch_size=1000, epochs=1)
    assert len(fitted.history) == 1


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
    assert (metrics["device"], metrics["path"], "cudnn_lost" in metrics) == ("CPU", "CPU", False)
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
    assert (metrics["device"], metrics["path"], "cudnn_lost" in metrics) == ("CPU", "CPU", False)
    assert "no GPU: none was given to this job" in caplog.text
    np.testing.assert_array_equal(
        np.load(tmp_path / "run/embedding.npy"), np.load(trained / "embedding.npy")
    )


def test_what_cost_cudnn_on_a_gpu_is_told_with_the_metrics(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(train_network, "gpu_name", lambda: "A name")  # it is the CPU all the same
    layers = [{"Masking": {}}, {"GRU": {"units": 2, "recurrent_dropout": 0.2}}]
    metrics = run_train(tiny, tmp_path / "run", layers=layers, fit={"refit": True})
    assert (metrics["device"], metrics["path"]) == ("A name", "GPU, XLA")
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
        documents = sequences.part(split)
        predictions = pd.read_parquet(run / f"{file}.parquet")
        assert predictions["id"].tolist() == documents.ids.to_list()
        found = network.probabilities(model, documents, READ)
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


def test_what_trained_with_faster_layers_is_saved_with_those_of_keras(tiny, tmp_path):
    layers = [{"Bidirectional": {"layer": {"LSTM": {"units": 3}}}}, {"Dropout": {"rate": 0.5}}]
    run_train(tiny, tmp_path / "run", layers=layers)
    model = keras.models.load_model(tmp_path / "run/model.keras", safe_mode=True)
    kinds = [model.layers[2].forward_layer, model.layers[2].backward_layer, model.layers[3]]
    expected = [keras.layers.LSTM, keras.layers.LSTM, keras.layers.Dropout]
    assert list(map(type, kinds)) == expected
    assert_predicted(model, tmp_path / "run", tiny)


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
    fit = {"epochs": 20, "patience": 2, "batch_size": 16, "optimizer": wild}
    once = run_train(tiny, tmp_path / "once", fit=fit)
    twice = run_train(tiny, tmp_path / "twice", fit=fit | {"refit": True})
    sequences = read_sequences(tiny / "words/sequences.parquet")
    every = sequences.part("train", "validation")
    assert (once["fitted_documents"], twice["fitted_documents"]) == (48, len(every.ids)) == (48, 60)
    for name in ("best_epoch", "epochs", "val_accuracy", "val_loss"):
        assert once[name] == twice[name]
    assert twice["best_epoch"] < twice["epochs"] == len(pd.read_csv(tmp_path / "twice/history.csv"))
    watched = [
        pd.read_parquet(tmp_path / name / "validation.parquet") for name in ("once", "twice")
    ]
    pd.testing.assert_frame_equal(*watched)

    matrix = np.load(tiny / "glove/matrix.npy")
    chosen = settings(SEQUENCE | {"embedding": "glove"}, **fit)
    keras.utils.set_random_seed(1)
    model = network.build_model(chosen, len(matrix), 2, matrix)
    network.compile_model(model, chosen["fit"])
    x, y = READ(every), every.classes(json.loads((tiny / "corpus.json").read_text())["classes"])
    for epoch in range(1, once["best_epoch"] + 1):
        order = np.random.default_rng([1, epoch]).permutation(60)[: 60 // 16 * 16]
        model.fit(x[order], y[order], batch_size=16, shuffle=False, verbose=0)
    saved = keras.models.load_model(tmp_path / "twice/model.keras", safe_mode=True)
    for found, expected in zip(saved.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-4)
    embedding = np.load(tmp_path / "twice/embedding.npy")
    np.testing.assert_array_equal(embedding, saved.get_layer("embedding").get_weights()[0])
    predictions = pd.read_parquet(tmp_path / "twice/predictions.parquet").filter(like="p_")
    probability = network.probabilities(model, sequences.part("test"), READ)
    np.testing.assert_allclose(probability, predictions, atol=1e-4)


def test_a_network_is_fitted_again_without_patience_for_all_epochs(task):
    (x, y), _ = task
    keras.utils.set_random_seed(1)
    chosen = settings(SEQUENCE | {"dimensions": 5})
    model = network.build_model(chosen, 30, 2)
    network.compile_model(model, chosen["fit"])
    network.refit(model, (x, y), READ, chosen["fit"], 1, 3)
    for found, expected in zip(model.get_weights(), train(task)[0].get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)  # `fit` with 3 epochs, on the same documents


def test_a_loss_that_is_no_number_ends_the_second_fit_too(task):
    chosen = settings(SEQUENCE | {"dimensions": 5}, optimizer={"SGD": {"learning_rate": 1e30}})
    model = network.build_model(chosen, 30, 2)
    network.compile_model(model, chosen["fit"])
    with pytest.raises(UserError, match=r"epoch 1: try a lower learning rate"):
        network.refit(model, task[0], READ, chosen["fit"], 1, 3)


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


@given(st.lists(st.integers(0, 4), min_size=1))
def test_balanced_weights_are_those_of_scikit_learn(labels):
    truth = np.array(labels)
    present = np.unique(truth)
    expected = compute_class_weight("balanced", classes=present, y=truth)
    found = network.balanced(truth, 6)
    assert list(found) == list(range(6))
    np.testing.assert_allclose([found[each] for each in present], expected)
    assert all(found[each] == 1 for each in set(range(6)) - set(present.tolist()))


SPARSE = {"form": "features", "features": "ngrams"}
RNN = [{"LSTM": {"units": 4}}]


@pytest.mark.parametrize(
    ("given", "layers"),
    [(SEQUENCE | {"dimensions": 5}, DENSE), (SEQUENCE | {"dimensions": 5}, RNN), (SPARSE, [])],
    ids=["dense", "XLA", "sparse"],
)
def test_documents_of_a_rare_class_count_more_in_the_loss_where_classes_are_balanced(given, layers):
    truth = np.array([0] * 12 + [1] * 3 + [2])
    rng = np.random.default_rng(1)
    if given is SPARSE:
        read = partial(network.inputs_of, given=given, num_words=9)
        matrix = scipy.sparse.random_array((16, 9), density=0.5, rng=rng, dtype=np.float32)
        names = pl.Series(map(str, range(16)))
        documents = Features(names, names, names, matrix.tocsr())
    else:
        read, documents = READ, of(rng.integers(1, 9, (16, 4)).tolist())
    losses = {}
    for weight in ({}, {"class_weight": "balanced"}):
        fit = settings(given, layers, epochs=1, batch_size=16, **weight)
        keras.utils.set_random_seed(1)
        model = network.build_model(fit, 9, 3)
        network.compile_model(model, fit["fit"])
        p = network.probabilities(model, documents, read)[np.arange(16), truth]
        together = (documents, truth)
        history = network.fit(model, together, together, read, fit["fit"], 1).history
        losses[bool(weight)] = (history[0]["loss"], -np.log(p))
    counts = 16 / (3 * np.bincount(truth))[truth]
    assert losses[False][0] == pytest.approx(losses[False][1].mean(), rel=1e-4)
    assert losses[True][0] == pytest.approx((counts * losses[True][1]).mean(), rel=1e-4)
    assert losses[True][0] != pytest.approx(losses[False][0], rel=1e-2)
