import shutil

import numpy as np
import polars as pl
import pytest
from conftest import TRAINED

from seq2report.command import UserError, read_json
from seq2report.predictor import load

CLOSE = {"rtol": 0, "atol": 1e-5}


def loaded(trained, variant, known=None):
    return load(trained / f"runs/{variant}/seed-1", TRAINED, known)


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
def test_a_text_can_be_anything_and_there_may_be_none(trained, variant):
    model = loaded(trained, variant)
    assert model.predict([]).shape == (0, 2)
    strange = ["", " \t\n", "!?", "\x00\u202e", "İ" * 3, "the " * 3000]
    np.testing.assert_allclose(model.predict(strange).sum(axis=1), 1, **CLOSE)
    one_by_one = np.concatenate([model.predict([text]) for text in strange])
    np.testing.assert_allclose(model.predict(strange), one_by_one, **CLOSE)


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


def test_members_are_loaded_once(trained):
    known = {}
    vote, stack = (loaded(trained, name, known) for name in ("vote", "stack"))
    assert sorted(folder.parent.name for folder in known) == [
        *("lstm", "ngrams", "stack", "svm", "vote")
    ]
    assert loaded(trained, "vote", known) is vote
    assert loaded(trained, "stack", known) is stack


def test_a_run_can_be_named_from_where_one_stands(trained, texts, monkeypatch):
    monkeypatch.chdir(trained / "runs/stack")
    found = load("seed-1", TRAINED).predict(texts)
    np.testing.assert_array_equal(found, loaded(trained, "stack").predict(texts))


def test_what_is_no_run_is_refused(trained, tmp_path):
    with pytest.raises(UserError, match=r"seed-1: found no finished run.*train this one first"):
        load(tmp_path / "runs/lstm/seed-1", TRAINED)
    with pytest.raises(UserError, match="nothing is known of the variant 'lstm', expected one of"):
        load(trained / "runs/lstm/seed-1", {"svm": TRAINED["svm"]})


@pytest.mark.reliability("Security")
def test_a_saved_model_with_code_in_it_is_not_loaded(trained, tmp_path):
    """Keras's safe mode: a Lambda layer holds code."""
    import keras

    corpus = tmp_path / "news"
    shutil.copytree(trained / "sequences", corpus / "sequences")
    shutil.copytree(trained / "runs/lstm", corpus / "runs/lstm")
    shutil.copy(trained / "corpus.json", corpus)
    assert read_json(corpus / "corpus.json")["classes"]
    start = keras.Input((30,))
    model = keras.Model(start, keras.layers.Lambda(lambda x: x[:, :2])(start))
    model.save(corpus / "runs/lstm/seed-1/model.keras")
    with pytest.raises(ValueError, match="Lambda"):
        load(corpus / "runs/lstm/seed-1", TRAINED)
