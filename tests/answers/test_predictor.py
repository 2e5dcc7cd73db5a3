import json
import shutil
from functools import cache

import numpy as np
import polars as pl
import pytest
from helpers import TRAINED
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

from seq2report.answers.predictor import Pipeline, load, read_about
from seq2report.core.command import UserError, read_json
from seq2report.models.runs import write_digests

CLOSE = {"rtol": 0, "atol": 1e-5}


@cache  # no test changes a model; a network is traced once
def loaded(trained, variant):
    return load(trained / f"runs/{variant}/seed-1")


@pytest.fixture(scope="module")
def texts(trained):
    """The texts of the test documents, in their order."""
    documents = pl.read_parquet(trained / "documents.parquet")
    return documents.filter(pl.col("split") == "test")["text"].to_list()


@pytest.mark.parametrize("variant", TRAINED)
def test_the_probabilities_are_those_of_the_run(trained, texts, variant):
    model = loaded(trained, variant)
    predictions = pl.read_parquet(trained / f"runs/{variant}/seed-1/predictions.parquet")
    assert [f"p_{name}" for name in model.classes] == predictions.columns[3:]
    found = model.predict(texts)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, predictions[:, 3:].to_numpy(), **CLOSE)
    assert np.ptp(found[:, 0]) > 0.01  # not the same for every text


@pytest.mark.parametrize("variant", TRAINED)
def test_any_text_is_classified_and_so_is_an_empty_list(trained, variant):
    model = loaded(trained, variant)
    assert model.predict([]).shape == (0, 2)
    strange = ["", " \t\n", "!?", "\x00\u202e", "İ" * 3, "the " * 3000]
    np.testing.assert_allclose(model.predict(strange).sum(axis=1), 1, **CLOSE)
    one_by_one = np.concatenate([model.predict([text]) for text in strange])
    np.testing.assert_allclose(model.predict(strange), one_by_one, **CLOSE)


@pytest.mark.parametrize("variant", TRAINED)
def test_texts_are_read_as_those_of_a_corpus_and_one_text_is_no_list_of_its_characters(
    trained, variant
):
    model = loaded(trained, variant)
    windows, half = "the game\r\nof hockey\rtoday", "the \ud800 game"
    texts = ["the game\nof hockey\ntoday", "the \ufffd game"]
    np.testing.assert_allclose(model.predict([windows, half]), model.predict(texts), **CLOSE)
    assert model.read(windows) == model.read(texts[0])
    assert model.knows([windows, half]).all()
    for method in (model.predict, model.knows, model.log_probabilities):
        with pytest.raises(TypeError, match="one text, expected a list"):
            method("the game")


@pytest.mark.reliability("Languages")
@pytest.mark.parametrize("variant", TRAINED)
def test_a_text_of_which_the_model_knows_no_word_is_reported(trained, variant):
    known = loaded(trained, variant).knows(["the hockey", "", "?!", "房间很大", "नमस्ते", "the"])
    assert known.tolist() == [True, False, False, False, False, True]


@pytest.mark.parametrize("variant", TRAINED)
def test_the_part_that_is_read_gives_the_same_answer_as_the_text(trained, texts, variant):
    model = loaded(trained, variant)
    parts = [model.read(text) for text in texts]
    np.testing.assert_allclose(model.predict(parts), model.predict(texts), **CLOSE)


@pytest.mark.parametrize(
    ("variant", "expected"),
    [
        ("lstm", "the the" + " the" * 28),
        ("indexed", "the zzz" + " the" * 7),  # the mark of the start takes a place
        ("onehot", "zzz the the the the the the the the, the"),
        ("multihot", None),
        ("svm", None),
        ("vote", None),
    ],
)
def test_words_that_are_cut_off_are_not_read(trained, variant, expected):
    text = {"onehot": "the the zzz the the the the the the the the, the!"}.get(
        variant, "the zzz" + " the" * 40
    )
    assert loaded(trained, variant).read(text) == (text if expected is None else expected)


@pytest.mark.parametrize("variant", ["onehot", "ngrams", "svm", "stack"])
def test_a_run_folder_can_be_moved_and_needs_nothing_else(
    trained, texts, variant, tmp_path, monkeypatch
):
    elsewhere = shutil.copytree(trained / f"runs/{variant}/seed-1", tmp_path / "mine")
    monkeypatch.chdir(elsewhere)
    found = load(".").predict(texts)
    predictions = pl.read_parquet("predictions.parquet")
    np.testing.assert_allclose(found, predictions[:, 3:].to_numpy(), **CLOSE)


@pytest.mark.parametrize("variant", TRAINED)
def test_run_json_describes_the_training(trained, variant):
    told = read_about(trained / f"runs/{variant}/seed-1")
    corpus = read_json(trained / "corpus.json")
    assert (told["variant"], told["seed"], told["classes"]) == (variant, 1, corpus["classes"])
    settings = TRAINED[variant]
    assert told["settings"] == settings
    assert told["corpus"]["digest"] == corpus["digest"]
    assert sum(told["corpus"]["documents"].values()) == corpus["documents"]
    assert "python" in told["versions"]


@pytest.mark.reliability("Security")
@pytest.mark.parametrize("member", ["../svm", "/tmp", "", "."])
def test_a_member_whose_name_leads_out_of_the_run_is_not_loaded(trained, tmp_path, member):
    run = shutil.copytree(trained / "runs/vote/seed-1", tmp_path / "run")
    made = read_json(run / "ensemble.json")
    (run / "ensemble.json").write_text(json.dumps(made | {"members": [member, "lstm"]}))
    write_digests(run)
    with pytest.raises(UserError, match=r"ensemble.json: found the member"):
        load(run)


@pytest.mark.reliability("Security")
def test_an_ensemble_of_ensembles_which_could_take_forever_is_refused(trained, tmp_path):
    run = shutil.copytree(trained / "runs/vote/seed-1", tmp_path / "run")
    shutil.rmtree(run / "members/lstm")
    (run / "members/lstm").symlink_to(trained / "runs/vote/seed-1")
    with pytest.raises(UserError, match="a member of it is an ensemble"):
        load(run)


@pytest.mark.parametrize("classifier", [LogisticRegression(), MultinomialNB()])
def test_an_encoder_reads_texts_once_for_the_logarithms_of_their_probabilities(classifier):
    read = []

    class Lengths:
        def transform(self, texts):
            read.extend(texts)
            return np.array([[len(text), 1.0] for text in texts])

    model = Pipeline.__new__(Pipeline)  # without the files of a run
    model.features, model.classes = Lengths(), ["a", "b"]
    model.model = make_pipeline(classifier).fit([[1, 1], [9, 1]], model.classes)
    found = model.log_probabilities(["one", "more text"])
    assert read == ["one", "more text"]
    np.testing.assert_allclose(found, np.log(model.predict(["one", "more text"])))
    assert model.log_probabilities([]).shape == (0, 2)


def test_a_run_can_be_named_by_a_relative_path(trained, texts, monkeypatch):
    monkeypatch.chdir(trained / "runs/stack")
    found = load("seed-1").predict(texts)
    np.testing.assert_array_equal(found, loaded(trained, "stack").predict(texts))


def test_a_folder_without_a_run_is_refused(tmp_path):
    for folder in (tmp_path / "nothing", tmp_path):
        with pytest.raises(UserError, match=r"found no run.json.*train this one first"):
            load(folder)
    about = {"variant": "a", "seed": 1, "classes": ["a"], "corpus": {}}
    for settings in ({}, {"layers": [], "size": 3}):
        (tmp_path / "run.json").write_text(json.dumps(about | {"settings": settings}))
        write_digests(tmp_path)
        with pytest.raises(UserError, match=r"run.json: .*was it written by this version"):
            load(tmp_path)


@pytest.mark.reliability("Security")
def test_a_saved_model_with_code_in_it_is_not_loaded(trained, tmp_path):
    import keras

    run = shutil.copytree(trained / "runs/lstm/seed-1", tmp_path / "run")
    start = keras.Input((30,))
    model = keras.Model(start, keras.layers.Lambda(lambda x: x[:, :2])(start))
    model.save(run / "model.keras")
    write_digests(run)
    with pytest.raises(UserError, match="found Lambda"):
        load(run)
