import json
import zipfile

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from helpers import call
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

import train_pipeline
from seq2report.core.command import UserError
from seq2report.models.pipelines import (
    build_pipeline,
    calibrated,
    count_parameters,
    load_pipeline,
    save_pipeline,
)
from seq2report.models.runs import HISTORY_COLUMNS
from seq2report.models.steps import best_temperature

LETTERS = {"TfidfVectorizer": {"analyzer": "char_wb", "ngram_range": [3, 4], "min_df": 2}}
SVM = [{"TfidfVectorizer": {"ngram_range": [1, 2], "sublinear_tf": True}}, {"LinearSVC": {}}]


def run_train(tiny, output, documents=None, pipeline=SVM, seed=1):
    call(
        train_pipeline,
        corpus=tiny / "corpus.json",
        documents=documents or tiny / "documents.parquet",
        settings={"pipeline": pipeline},
        seed=seed,
        output=output,
    )
    return pd.read_parquet(output / "predictions.parquet")


@pytest.fixture(scope="module")
def documents(tiny):
    return pl.read_parquet(tiny / "documents.parquet")


@pytest.fixture(scope="module")
def trained(tiny, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "seed-1"
    run_train(tiny, folder)
    return folder


def texts(documents, *splits):
    part = documents.filter(pl.col("split").is_in(splits))
    return part["text"].to_list(), part["label"].to_numpy().astype(str)


def test_a_run_leaves_model_history_metrics_and_predictions(trained, documents):
    assert {path.name for path in trained.iterdir()} == {
        "SHA256SUMS",
        "history.csv",
        "metrics.json",
        "model.skops",
        "predictions.parquet",
        "run.json",
        "validation.parquet",
        "vocabulary.parquet",
    }
    metrics = json.loads((trained / "metrics.json").read_text())
    for key in (
        *("accuracy", "macro_f1", "loss", "parameters", "fit_seconds", "fit_cpu_seconds"),
        *("predict_seconds", "predict_cpu_seconds", "val_loss", "temperature"),
        *("peak_memory_mb", "versions", "device", "threads"),
    ):
        assert key in metrics
    assert (metrics["kind"], metrics["seed"], metrics["test_documents"]) == ("pipeline", 1, 20)
    assert metrics["fitted_documents"] == documents.height - 20
    assert pd.read_csv(trained / "history.csv").columns.tolist() == HISTORY_COLUMNS


def test_every_test_document_is_predicted_with_probabilities(trained, documents):
    predictions = pd.read_parquet(trained / "predictions.parquet")
    test = documents.filter(pl.col("split") == "test")
    assert predictions["id"].tolist() == test["id"].to_list()
    assert predictions["label"].tolist() == test["label"].to_list()
    p = predictions.filter(like="p_")
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)
    assert p.idxmax(axis=1).str.removeprefix("p_").tolist() == predictions["predicted"].tolist()
    metrics = json.loads((trained / "metrics.json").read_text())
    assert metrics["accuracy"] == (predictions["predicted"] == predictions["label"]).mean() > 0.5


@pytest.mark.reliability("Repeatability")
def test_the_same_seed_gives_the_same_predictions_and_another_seed_others(tiny, tmp_path):
    sgd = [{"TfidfVectorizer": {}}, {"SGDClassifier": {"loss": "log_loss"}}]
    first, again, other = (
        run_train(tiny, tmp_path / str(n), pipeline=sgd, seed=seed)
        for n, seed in enumerate((1, 1, 2))
    )
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(other)


def test_a_random_state_of_the_variant_is_not_overwritten():
    assert build_pipeline([{"LinearSVC": {"random_state": 7}}], 1)[0].estimator.random_state == 7
    assert build_pipeline([{"LinearSVC": {}}], 1)[0].estimator.random_state == 1


def fitted_numbers(folder):
    svm = load_pipeline(folder)[-1]
    return svm.estimator_.coef_, svm.estimator_.intercept_, svm.temperature


def test_test_documents_have_no_influence_on_the_model(trained, tiny, documents, tmp_path):
    test = pl.col("split") == "test"
    documents.with_columns(
        text=pl.when(test).then(pl.lit("entirely other words")).otherwise("text"),
        label=pl.when(test).then(pl.lit("sci.space")).otherwise("label"),
    ).write_parquet(tmp_path / "documents.parquet")
    run_train(tiny, tmp_path / "run", tmp_path / "documents.parquet")
    for found, expected in zip(
        fitted_numbers(tmp_path / "run"), fitted_numbers(trained), strict=True
    ):
        np.testing.assert_array_equal(found, expected)
    terms = [(folder / "vocabulary.parquet").read_bytes() for folder in (tmp_path / "run", trained)]
    assert terms[0] == terms[1]


def test_validation_documents_are_predicted_by_a_pipeline_that_was_not_fitted_on_them(
    tiny, documents, tmp_path
):
    steps = [{"TfidfVectorizer": {}}, {"LogisticRegression": {}}]
    run_train(tiny, tmp_path / "run", pipeline=steps)
    found = pd.read_parquet(tmp_path / "run/validation.parquet")
    validation = documents.filter(pl.col("split") == "validation")
    assert found["id"].tolist() == validation["id"].to_list()
    assert found["label"].tolist() == validation["label"].to_list()
    first = build_pipeline(steps, 1).fit(*texts(documents, "train"))
    expected = first.predict_proba(texts(documents, "validation")[0])
    np.testing.assert_allclose(found.filter(like="p_"), expected, atol=1e-6)
    metrics = json.loads((tmp_path / "run/metrics.json").read_text())
    assert metrics["val_accuracy"] == (found["predicted"] == found["label"]).mean()
    assert metrics["val_loss"] > 0


def test_a_class_that_only_validation_documents_have_is_not_expected_among_them(
    tiny, documents, tmp_path
):
    rare = (pl.col("split") == "validation") & (pl.int_range(pl.len()) % 2 == 0)
    label = pl.col("label").cast(pl.String)
    changed = documents.with_columns(label=pl.when(rare).then(pl.lit("a.rare")).otherwise(label))
    changed.write_parquet(tmp_path / "documents.parquet")
    corpus = json.loads((tiny / "corpus.json").read_text())
    corpus["classes"] = ["a.rare", *corpus["classes"]]
    (tmp_path / "corpus.json").write_text(json.dumps(corpus))
    run_train(tmp_path, tmp_path / "run", tmp_path / "documents.parquet")
    found = pd.read_parquet(tmp_path / "run/validation.parquet")
    assert "a.rare" in set(found["label"])
    assert (found["p_a.rare"] == 0).all()
    np.testing.assert_allclose(found.filter(like="p_").sum(axis=1), 1, atol=1e-6)
    assert (pd.read_parquet(tmp_path / "run/predictions.parquet")["p_a.rare"] > 0).all()


def test_the_temperature_is_the_best_one_for_the_validation_documents(trained, documents):
    metrics = json.loads((trained / "metrics.json").read_text())
    assert load_pipeline(trained)[-1].temperature == metrics["temperature"]
    first = build_pipeline(SVM, 1).fit(*texts(documents, "train"))
    x, y = texts(documents, "validation")
    expected = best_temperature(first.decision_function(x), np.searchsorted(first.classes_, y))
    assert metrics["temperature"] == pytest.approx(expected)
    first.set_params(temperaturescaled__temperature=expected)
    watched = pd.read_parquet(trained / "validation.parquet").filter(like="p_")
    np.testing.assert_allclose(first.predict_proba(x), watched, atol=1e-6)


def test_what_gives_probabilities_needs_no_temperature(tiny, tmp_path):
    run_train(tiny, tmp_path / "run", pipeline=[{"CountVectorizer": {}}, {"MultinomialNB": {}}])
    assert json.loads((tmp_path / "run/metrics.json").read_text())["temperature"] is None


def test_validation_documents_are_learned_from(trained, documents):
    terms = set(pd.read_parquet(trained / "vocabulary.parquet")["term"])
    vectorizer = TfidfVectorizer(ngram_range=(1, 2))
    assert terms == set(vectorizer.fit(texts(documents, "train", "validation")[0]).vocabulary_)
    assert terms > set(vectorizer.fit(texts(documents, "train")[0]).vocabulary_)


@pytest.mark.parametrize("classes", [2, 3])
def test_scaling_by_a_temperature_leaves_the_decisions_of_the_svm(documents, classes):
    if classes == 3:  # a third class of messages cut into halves
        halves = documents.with_columns(
            text=pl.col("text").str.head(pl.col("text").str.len_chars() // 2),
            label=pl.lit("z.halves"),
        )
        label = pl.col("label").cast(pl.String)
        documents = pl.concat([documents.with_columns(label), halves.gather_every(2)])
    parts = [texts(documents, name) for name in ("train", "validation")]
    names = documents["label"].cast(pl.String).unique().sort().to_list()
    x, y = texts(documents, "train")
    test, _ = texts(documents, "test")
    plain = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LinearSVC(random_state=1)
    ).fit(x, y)
    model, _ = calibrated(build_pipeline(SVM, 1), *parts, names)
    probability = model.fit(x, y).predict_proba(test)
    assert model[-1].temperature != 1
    assert probability.shape == (len(test), classes)
    np.testing.assert_array_equal(model.classes_[probability.argmax(axis=1)], plain.predict(test))
    decision = plain.decision_function(test)
    spread = decision if classes == 2 else decision.max(axis=1)
    assert (
        np.corrcoef(spread, probability[:, 1] if classes == 2 else probability.max(axis=1))[0, 1]
        > 0.5
    )


@pytest.mark.reliability("Security")
def test_the_model_loads_without_pickle_and_predicts_the_same(trained, documents):
    with zipfile.ZipFile(trained / "model.skops") as archive:
        assert not [name for name in archive.namelist() if not name.endswith((".json", ".npy"))]
    probability = load_pipeline(trained).predict_proba(texts(documents, "test")[0])
    predictions = pd.read_parquet(trained / "predictions.parquet").filter(like="p_")
    np.testing.assert_allclose(probability, predictions, atol=1e-6)


@pytest.mark.parametrize(
    "steps",
    [
        [{"CountVectorizer": {}}, {"TfidfTransformer": {}}, {"MultinomialNB": {}}],
        [{"HashingVectorizer": {"n_features": 64}}, {"LogisticRegression": {}}],
        [{"TfidfVectorizer": {}}, {"TruncatedSVD": {"n_components": 5}}, {"LinearSVC": {}}],
        [{"TfidfVectorizer": {}}, {"RidgeClassifier": {}}],
        [{"FeatureUnion": {"of": [{"CountVectorizer": {}}, LETTERS]}}, {"ComplementNB": {}}],
        [
            {
                "FeatureUnion": {
                    "of": [LETTERS, {"FeatureUnion": {"of": [{"TfidfVectorizer": {}}, LETTERS]}}]
                }
            },
            {"LinearSVC": {}},
        ],
        [{"CountVectorizer": {"binary": True}}, {"NaiveBayesSVC": {"beta": 0.5}}],
        [{"TfidfVectorizer": {}}, {"ComplementNB": {"alpha": 0.1}}],
        [{"CountVectorizer": {}}, {"DummyClassifier": {"strategy": "most_frequent"}}],
    ],
    ids=lambda steps: "-".join(name for step in steps for name in step),
)
def test_other_pipelines_are_trained_and_loaded_too(tiny, documents, tmp_path, steps):
    predictions = run_train(tiny, tmp_path / "run", pipeline=steps)
    found = load_pipeline(tmp_path / "run").predict_proba(texts(documents, "test")[0])
    np.testing.assert_allclose(found, predictions.filter(like="p_"), atol=1e-6)


def test_a_union_has_the_features_of_its_steps_and_keeps_their_vocabularies_apart(
    tiny, documents, tmp_path
):
    words = {"TfidfVectorizer": {"ngram_range": [1, 2]}}
    steps = [{"FeatureUnion": {"of": [words, LETTERS]}}, {"LinearSVC": {}}]
    run_train(tiny, tmp_path / "run", pipeline=steps)
    terms = pd.read_parquet(tmp_path / "run/vocabulary.parquet").groupby("step")["term"]
    x, y = texts(documents, "train", "validation")
    plain = [
        TfidfVectorizer(ngram_range=(1, 2)),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 4), min_df=2),
    ]
    features = scipy.sparse.hstack([each.fit_transform(x) for each in plain])
    assert {name: of.tolist() for name, of in terms} == {
        f"featureunion/tfidfvectorizer-{n}": each.get_feature_names_out().tolist()
        for n, each in enumerate(plain, start=1)
    }
    loaded = load_pipeline(tmp_path / "run")
    np.testing.assert_allclose(loaded[:-1].transform(x).toarray(), features.toarray())
    test, _ = texts(documents, "test")
    found = loaded.decision_function(test)
    svm = LinearSVC(random_state=1).fit(features, y)
    expected = svm.decision_function(scipy.sparse.hstack([each.transform(test) for each in plain]))
    np.testing.assert_allclose(found, expected)
    with zipfile.ZipFile(tmp_path / "run/model.skops") as archive:
        schema = archive.read("schema.json").decode()
    pairs = [term for _, of in terms for term in of if " " in term]
    assert pairs
    assert not [pair for pair in pairs if f'"{pair}"' in schema]  # no vocabulary in it


def test_saving_leaves_the_pipeline_as_it_is(documents, tmp_path):
    x, y = texts(documents, "train")
    union = [{"FeatureUnion": {"of": [{"TfidfVectorizer": {}}, LETTERS]}}, {"LinearSVC": {}}]
    model = build_pipeline(union, 1).fit(x, y)
    before = model.predict_proba(x)
    save_pipeline(model, tmp_path)
    np.testing.assert_array_equal(model.predict_proba(x), before)
    np.testing.assert_array_equal(load_pipeline(tmp_path).predict_proba(x), before)


def test_steps_of_a_union_get_the_seed_too():
    inner = {"FeatureUnion": {"of": [{"TruncatedSVD": {}}, {"TruncatedSVD": {"random_state": 7}}]}}
    model = build_pipeline([{"TfidfVectorizer": {}}, inner, {"LinearSVC": {}}], 1)
    assert [step.random_state for _, step in model[1].transformer_list] == [1, 7]


def test_parameters_are_coefficients_and_intercepts(trained):
    terms = len(pd.read_parquet(trained / "vocabulary.parquet"))
    assert count_parameters(load_pipeline(trained)) == terms + 1
    metrics = json.loads((trained / "metrics.json").read_text())
    assert metrics["document_shape"] == str(terms)
    letters = {"CountVectorizer": {"token_pattern": r"\w"}}
    for step, parameters in (
        ({"LogisticRegression": {}}, (4 + 1) * 3),
        ({"MultinomialNB": {}}, 4 * 3),
    ):
        model = build_pipeline([letters, step], 1).fit(["a b", "b c", "c d"], ["x", "y", "z"])
        assert count_parameters(model) == parameters


def test_what_scikit_learn_cannot_fit_ends_in_a_message_and_nothing_is_written(tiny, tmp_path):
    rare = [{"TfidfVectorizer": {"min_df": 10**6}}, {"LinearSVC": {}}]
    with pytest.raises(UserError, match="cannot fit this pipeline to 48 documents: max_df"):
        run_train(tiny, tmp_path / "run", pipeline=rare)
    assert not (tmp_path / "run").exists()
